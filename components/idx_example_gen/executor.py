"""Turns a data set into tf.Examples, a range of rows in each Beam element.

The rows never travel through Beam: a worker reads its range, divides it among the splits and
writes the shards itself. What goes through Beam is who does what, and how many rows went where.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam
from tfx import types
from tfx.components.example_gen import write_split
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs

from components.data_sets.data_set import DataSet, list_files
from components.data_sets.errors import DataSetError
from components.data_sets.finding import find_data_set
from components.data_sets.storage import digest_file
from components.idx_example_gen.conversion import ConvertRows, Places, plan_ranges
from components.idx_example_gen.pixel_hashes import compare_bucket, count_buckets
from components.idx_example_gen.progress import counted_rows
from components.idx_example_gen.row_counts import num_rows_property
from components.idx_example_gen.settings import TEST_SPLIT, Settings, read_settings
from components.idx_example_gen.shared_rows import (
    merge_shared_rows,
    name_shared_rows,
    note_shared_rows,
)
from components.idx_example_gen.source_files import note_source_files
from modules.folders import remove_folder


class Executor(base_beam_executor.BaseBeamExecutor):
    """Executor of IdxExampleGen."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the examples and describes them on their artifact.

        Its custom properties tell the rows of each split (`num_rows_train`), which of them have an
        image that stands in the first split (`shared_rows_test`), and each source file as a line
        for sha256sum --check (`source_train_images`), beside what TFX's own ExampleGens set.

        Args:
          input_dict: Empty.
          output_dict: `examples`, one artifact.
          exec_properties: As FileBasedExampleGen's driver resolves them.

        Raises:
          DataSetError: The input is not a complete, consistent data set, or a split would be
            empty. Nothing is left in the artifact's folder.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = read_settings(exec_properties)
        found = find_data_set(settings.input_base, settings.layout, settings.file_pattern)
        examples = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.EXAMPLES_KEY]
        )
        examples.splits = [split.name for split in (*settings.train_splits, TEST_SPLIT)]
        with _nothing_left_behind(examples) as temporary_dir:
            findings = self._convert(found, settings, examples, temporary_dir)
            _check_no_split_is_empty(findings.num_rows, settings, found.train.name)
        _describe(examples, findings, found)

    def _convert(
        self, found: DataSet, settings: Settings, examples: types.Artifact, temporary_dir: str
    ) -> "_Findings":
        ranges = [
            *plan_ranges(found, "train", settings.train_splits, settings),
            *plan_ranges(found, "test", (TEST_SPLIT,), settings),
        ]
        total = sum(each.num_rows for each in ranges)
        parts = {
            split: found.test if split == TEST_SPLIT.name else found.train
            for split in examples.splits
        }
        files = {split: part.name.rpartition("/")[2] for split, part in parts.items()}
        places = Places(
            split_uris={split: examples.path(split=split) for split in examples.splits},
            temporary_dir=temporary_dir,
            notes_dir=f"{temporary_dir}/notes",
            num_buckets=count_buckets(total),
        )
        for split, uri in places.split_uris.items():
            fileio.makedirs(uri)
            fileio.makedirs(f"{places.notes_dir}/{split}")
        results = {name: f"{temporary_dir}/{name}.json" for name in _Findings._fields}
        # Results come back as files: that works on every runner, whichever process did the work.
        with counted_rows(total), self._make_beam_pipeline() as pipeline:
            num_rows = (
                pipeline
                | "RowRanges" >> beam.Create(ranges)
                | "ConvertRows" >> beam.ParDo(ConvertRows(found, settings, places))
                | "CountRows" >> beam.CombinePerKey(sum)
                | "CollectCounts" >> beam.combiners.ToDict()
            )
            _ = num_rows | "WriteCounts" >> beam.Map(_write_json, results["num_rows"])
            _ = (
                pipeline
                | "Buckets" >> beam.Create(range(places.num_buckets))
                # Whoever waits for the counts finds all notes written.
                | "Wait" >> beam.Map(lambda bucket, _: bucket, beam.pvalue.AsSingleton(num_rows))
                | "CompareSplits"
                >> beam.FlatMap(compare_bucket, places.notes_dir, files, places.num_buckets)
                | "MergeBuckets" >> beam.CombinePerKey(merge_shared_rows)
                | "NameRows" >> beam.MapTuple(partial(name_shared_rows, parts=parts))
                | "NoteSharedRows" >> beam.MapTuple(note_shared_rows)
                | "CollectSharedRows" >> beam.combiners.ToDict()
                | "WriteSharedRows" >> beam.Map(_write_json, results["shared_rows"])
            )
            _ = (
                pipeline
                | "SourceFiles" >> beam.Create(list_files(found))
                | "DigestFiles" >> beam.Map(_digest_file)
                | "CollectDigests" >> beam.combiners.ToDict()
                | "WriteDigests" >> beam.Map(_write_json, results["digests"])
            )
        return _Findings(**{name: _read_json(path) for name, path in results.items()})


class _Findings(NamedTuple):
    """What was found out about the rows.

    Attributes:
      num_rows: Of each split.
      shared_rows: The properties that tell which rows stand in two splits.
      digests: SHA-256 of each source file.
    """

    num_rows: dict[str, int]
    shared_rows: dict[str, str]
    digests: dict[str, str]


def _digest_file(path: str) -> tuple[str, str]:
    return path, digest_file(path)


def _write_json(content: dict[str, Any], path: str) -> None:
    with fileio.open(path, "w") as stream:
        stream.write(json.dumps(content))


def _read_json(path: str) -> dict[str, Any]:
    with fileio.open(path) as stream:
        return json.loads(stream.read())


@contextmanager
def _nothing_left_behind(examples: types.Artifact) -> Iterator[str]:
    """Yields a temporary folder, removed in the end; after an error, so is what was written."""
    temporary_dir = f"{examples.uri}/.temporary"
    written = [temporary_dir, *(examples.path(split=split) for split in examples.splits)]
    fileio.makedirs(temporary_dir)
    try:
        yield temporary_dir
    except BaseException:
        for path in written:
            if fileio.exists(path):
                remove_folder(path)
        raise
    remove_folder(temporary_dir)


def _check_no_split_is_empty(num_rows: dict[str, int], settings: Settings, place: str) -> None:
    for split in settings.train_splits:
        if not num_rows[split.name]:
            buckets = sum(other.hash_buckets for other in settings.train_splits)
            raise DataSetError(
                f"{place}: expected some rows for split {split.name!r}, which gets "
                f"{split.hash_buckets} of {buckets} hash buckets, received none of the file's "
                f"{sum(num_rows[other.name] for other in settings.train_splits)} rows. Add rows, "
                "or give the split more of them (examples.train_hash_buckets, "
                "examples.eval_hash_buckets)."
            )


def _describe(examples: types.Artifact, findings: _Findings, found: DataSet) -> None:
    """Sets the properties that TFX's own ExampleGens set, and the lineage down to the files."""
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(
        examples, write_split.to_file_format_str(example_gen_pb2.FORMAT_TFRECORDS_GZIP)
    )
    for split, count in findings.num_rows.items():
        examples.set_int_custom_property(num_rows_property(split), count)
    notes = {**note_source_files(found, findings.digests), **findings.shared_rows}
    for name, note in notes.items():
        examples.set_string_custom_property(name, note)

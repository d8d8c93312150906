"""Converts ranges of rows: what each Beam worker does, and how the work is dealt out."""

from collections.abc import Iterator
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
from tfx.components.example_gen import write_split

from components.data_sets.data_set import DataSet
from components.data_sets.rows import RowBlock
from components.idx_example_gen.examples import serialize_rows, write_shard
from components.idx_example_gen.pixel_hashes import hash_images, write_notes
from components.idx_example_gen.progress import count_rows
from components.idx_example_gen.settings import Settings
from components.idx_example_gen.splits import Split, assign_splits


@dataclass(frozen=True)
class RowRange:
    """Consecutive rows of a part of a data set, which one worker converts.

    Attributes:
      part: Which one: `train` or `test`.
      splits: Where the rows go.
      first_row: Number of the first row, from 0; a multiple of the rows in a shard.
      num_rows: How many, 1 or more.
      num_shards: Shards that the whole part becomes, in each of the splits.
    """

    part: str
    splits: tuple[Split, ...]
    first_row: int
    num_rows: int
    num_shards: int


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the rows of all splits go.

    Attributes:
      split_uris: Folder of the shards of each split.
      temporary_dir: Where files are written before they are renamed.
      notes_dir: Where each split has a folder of notes on its images, a file for each shard.
      num_buckets: Into how many buckets the notes are divided.
    """

    split_uris: dict[str, str]
    temporary_dir: str
    notes_dir: str
    num_buckets: int


class ConvertRows(beam.DoFn):
    """Writes shards and notes of a RowRange; yields (split name, rows written) for each shard."""

    def __init__(self, found: DataSet, settings: Settings, places: Places) -> None:
        # Here, and not in each range: a part may be a list of a million paths.
        self._found = found
        self._settings = settings
        self._places = places

    def process(self, rows: RowRange) -> Iterator[tuple[str, int]]:
        """Converts one range; see the class.

        Raises:
          DataSetError: A file is truncated, damaged or too long, or a label is out of range.
        """
        with getattr(self._found, rows.part).open(self._settings.data) as reader:
            for block in reader.read_blocks(
                first_row=rows.first_row,
                num_rows=rows.num_rows,
                rows_per_block=self._settings.rows_per_shard,
            ):
                yield from self._write_shards(block, rows)

    def _write_shards(self, block: RowBlock, rows: RowRange) -> Iterator[tuple[str, int]]:
        shard = block.first_row // self._settings.rows_per_shard
        name = f"{write_split.DEFAULT_TF_RECORD_FILE_NAME}-{shard:05d}-of-{rows.num_shards:05d}.gz"
        places = self._places
        split_of_row = assign_splits(block, rows.splits)
        for index, split in enumerate(rows.splits):
            rows_of_split = np.flatnonzero(split_of_row == index)
            write_shard(
                serialize_rows(block, rows_of_split),
                f"{places.split_uris[split.name]}/{name}",
                temporary_dir=places.temporary_dir,
            )
            write_notes(
                hash_images(block, rows_of_split),
                f"{places.notes_dir}/{split.name}/{name}",
                num_buckets=places.num_buckets,
                temporary_dir=places.temporary_dir,
            )
            yield split.name, len(rows_of_split)
        count_rows(len(split_of_row))


def plan_ranges(
    found: DataSet, part: str, splits: tuple[Split, ...], settings: Settings
) -> Iterator[RowRange]:
    """Yields a range for each shard, or one for all rows that can only be read front to back.

    Raises:
      DataSetError: A header is wrong, the files do not belong together, or an uncompressed one is
        truncated or too long.
    """
    with getattr(found, part).open(settings.data) as reader:
        reader.check_lengths()
        num_rows, is_sequential = reader.num_rows, reader.is_sequential
    # Of a gzip stream, say: one worker streams all of it.
    rows_per_range = num_rows if is_sequential else settings.rows_per_shard
    num_shards = -(-num_rows // settings.rows_per_shard)
    for first_row in range(0, num_rows, rows_per_range):
        size = min(rows_per_range, num_rows - first_row)
        yield RowRange(part, splits, first_row, size, num_shards)

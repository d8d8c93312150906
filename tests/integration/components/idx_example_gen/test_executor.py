"""What IdxExampleGen writes."""

import gc
import hashlib
import logging
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.components.util import examples_utils
from tfx.orchestration import data_types
from tfx.proto import example_gen_pb2
from tfx.types.standard_artifacts import Examples

from components.idx_example_gen import progress
from components.idx_example_gen.component import IdxExampleGen
from modules import features
from modules.data_spec import DataSpec

SPLITS = ["train", "eval", "test"]

TYPE_OF_FEATURE = {
    features.IMAGE_KEY: "bytes_list",
    features.LABEL_KEY: "int64_list",
    features.HEIGHT_KEY: "int64_list",
    features.WIDTH_KEY: "int64_list",
    features.MEAN_INTENSITY_KEY: "float_list",
    features.INK_FRACTION_KEY: "float_list",
}


def read_records(examples: Examples, split: str) -> list[bytes]:
    shards = sorted(Path(examples.path(split=split)).iterdir())
    dataset = tf.data.TFRecordDataset([str(shard) for shard in shards], compression_type="GZIP")
    return list(dataset.as_numpy_iterator())


def read_rows(examples: Examples, split: str) -> list[dict[str, object]]:
    rows = []
    for record in read_records(examples, split):
        feature = tf.train.Example.FromString(record).features.feature
        row = {}
        for key in feature:
            (row[key],) = getattr(feature[key], TYPE_OF_FEATURE[key]).value
        rows.append(row)
    return rows


def read_images(folder: Path, name: str) -> np.ndarray:
    return np.frombuffer((folder / name).read_bytes(), np.uint8, offset=16).reshape(-1, 784)


def test_every_row_becomes_one_example_with_all_its_features(
    tmp_path: Path,
    mnist_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
):
    folder = mnist_idx_folder(tmp_path / "in", num_train=100, num_test=30, compress=False)
    images = read_images(folder, "train-images-idx3-ubyte")
    labels = (folder / "train-labels-idx1-ubyte").read_bytes()[8:]

    examples = generate_examples(folder, tmp_path / "out", rows_per_shard=40)

    assert examples.splits == SPLITS
    rows = read_rows(examples, "train") + read_rows(examples, "eval")
    by_image = {row[features.IMAGE_KEY]: row for row in rows}
    assert len(rows) == len(by_image) == 100
    for image, label in zip(images, labels, strict=True):
        row = by_image[image.tobytes()]
        assert set(row) == set(TYPE_OF_FEATURE)
        assert row[features.LABEL_KEY] == label
        assert (row[features.HEIGHT_KEY], row[features.WIDTH_KEY]) == (28, 28)
        assert row[features.MEAN_INTENSITY_KEY] == pytest.approx(image.mean() / 255)
        assert row[features.INK_FRACTION_KEY] == pytest.approx((image > 0).mean())


def test_the_test_split_is_the_t10k_files_in_their_order(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
):
    folder = random_idx_folder(tmp_path / "in", num_test=25)

    examples = generate_examples(folder, tmp_path / "out", rows_per_shard=10)

    images = [row[features.IMAGE_KEY] for row in read_rows(examples, "test")]
    expected = read_images(folder, "t10k-images-idx3-ubyte")
    assert images == [image.tobytes() for image in expected]


def test_splits_share_no_row_and_added_rows_move_none(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
):
    few = generate_examples(random_idx_folder(tmp_path / "few", num_train=60), tmp_path / "out_few")
    many = generate_examples(
        random_idx_folder(tmp_path / "many", num_train=90), tmp_path / "out_many"
    )

    records = {split: set(read_records(many, split)) for split in SPLITS}
    assert not records["train"] & records["eval"]
    assert len(records["train"] | records["eval"]) == 90
    assert set(read_records(few, "train")) < records["train"]
    assert set(read_records(few, "eval")) < records["eval"]


def test_plain_and_gzip_files_give_the_same_shards(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
):
    outputs = []
    for name, compress in [("plain", False), ("gzip", True)]:
        folder = random_idx_folder(tmp_path / name, num_train=95, compress=compress)
        output = tmp_path / f"{name}_out"
        generate_examples(folder, output, rows_per_shard=20)
        outputs.append(
            {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*.gz")}
        )

    assert outputs[0] == outputs[1]
    assert set(outputs[0]) == {
        *(f"Split-train/data_tfrecord-{shard:05d}-of-00005.gz" for shard in range(5)),
        *(f"Split-eval/data_tfrecord-{shard:05d}-of-00005.gz" for shard in range(5)),
        "Split-test/data_tfrecord-00000-of-00001.gz",
    }


def test_the_artifact_tells_formats_counts_and_checksums_of_the_sources(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
):
    folder = random_idx_folder(tmp_path / "in", num_train=60, num_test=20, compress=True)

    examples = generate_examples(folder, tmp_path / "out")

    assert examples_utils.get_payload_format(examples) == example_gen_pb2.FORMAT_TF_EXAMPLE
    assert examples_utils.get_file_format(examples) == "tfrecords_gzip"
    counts = [examples.get_int_custom_property(f"num_rows_{split}") for split in SPLITS]
    assert counts == [len(read_records(examples, split)) for split in SPLITS]
    for source, name in [
        ("train_images", "train-images-idx3"),
        ("test_labels", "t10k-labels-idx1"),
    ]:
        content = (folder / f"{name}-ubyte.gz").read_bytes()
        assert examples.get_string_custom_property(f"source_{source}") == (
            f"{hashlib.sha256(content).hexdigest()}  {name}-ubyte.gz"
        )


def test_a_worker_process_gives_the_same_shards(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
):
    folder = random_idx_folder(tmp_path / "in", num_train=60)
    alone = generate_examples(folder, tmp_path / "alone", rows_per_shard=15)

    worker = generate_examples(
        folder,
        tmp_path / "worker",
        rows_per_shard=15,
        beam_pipeline_args=(
            "--runner=FnApiRunner",
            "--direct_running_mode=multi_processing",
            "--direct_num_workers=1",
            # Any image's name keeps TFX from building a source distribution of itself.
            "--sdk_container_image=unused",
        ),
    )

    for split in SPLITS:
        assert read_records(worker, split) == read_records(alone, split)


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_memory_does_not_grow_with_the_rows(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
    *,
    compress: bool,
):
    def peak_bytes(num_train: int) -> int:
        folder = random_idx_folder(
            tmp_path / f"in{num_train}", num_train=num_train, compress=compress
        )
        gc.collect()
        tracemalloc.start()
        generate_examples(folder, tmp_path / f"out{num_train}", rows_per_shard=100)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    peak_bytes(300)  # the first pipeline of a process fills caches
    few, many = peak_bytes(400), peak_bytes(4000)

    # 3,600 more rows are 2.8 MB.
    assert many - few < 1_400_000


def test_an_argument_out_of_bounds_is_refused():
    with pytest.raises(ValueError, match="rows_per_shard: expected"):
        IdxExampleGen("in", rows_per_shard=0)


def test_everything_that_shapes_the_output_is_in_the_execution_properties():
    def properties(**arguments: object) -> str:
        return IdxExampleGen("in", **arguments).exec_properties["custom_config"]

    variants = [{}, {"data": DataSpec(num_classes=9)}, {"rows_per_shard": 9}]
    assert len({properties(**arguments) for arguments in variants}) == len(variants)
    assert properties(rows_per_shard=9) == properties(rows_per_shard=9)


def test_input_base_may_be_known_only_at_run_time():
    parameter = data_types.RuntimeParameter(name="data_root", ptype=str)

    assert IdxExampleGen(parameter).exec_properties["input_base"].name == "data_root"


@pytest.mark.parametrize("compress", [False, True])
def test_rows_are_told_as_they_are_written_up_to_all_of_them(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
    caplog: pytest.LogCaptureFixture,
    *,
    compress: bool,
):
    caplog.set_level(logging.DEBUG, progress.logger.name)
    folder = random_idx_folder(tmp_path / "in", num_train=100, num_test=30, compress=compress)

    generate_examples(folder, tmp_path / "out", rows_per_shard=40)

    told = [rows for record in caplog.records if (rows := progress.rows_of(record))]
    assert [rows.total for rows in told] == [130] * 4
    assert [rows.done for rows in told] == sorted(rows.done for rows in told)
    assert told[-1].done == 130


def test_rows_that_nobody_waits_for_are_not_told(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG, progress.logger.name)

    progress.count_rows(10)

    assert caplog.records == []

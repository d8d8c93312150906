"""The notes on source files, as they are written and as they are read."""

from components.idx_example_gen.idx_folder import IdxFolder, IdxPair
from components.idx_example_gen.source_files import (
    describe_source,
    note_source_files,
    source_files,
)

FOLDER = IdxFolder(
    train=IdxPair("gs://bucket/in/train-images", "gs://bucket/in/train-labels"),
    test=IdxPair("gs://bucket/in/test-images", "gs://bucket/in/test-labels"),
)
DIGESTS = {path: f"{number:02}" for number, path in enumerate([*FOLDER.train, *FOLDER.test])}


def test_what_is_noted_is_a_line_for_sha256sum_that_is_read_back():
    notes = note_source_files(FOLDER, DIGESTS)

    assert notes["source_train_images"] == "00  train-images"
    assert source_files(notes) == {
        "train-images": "00",
        "train-labels": "01",
        "test-images": "02",
        "test-labels": "03",
    }


def test_other_properties_are_left_alone():
    others = {"num_rows_train": 7, "source_statistics_id": 3, "source_code": "git"}

    assert source_files(others) == {}


def test_an_error_tells_files_and_folder():
    notes = note_source_files(FOLDER, DIGESTS)

    assert describe_source(notes) == (
        "test-images, test-labels, train-images, train-labels in gs://bucket/in"
    )


def test_examples_of_another_example_gen_tell_no_source():
    assert describe_source({"input_fingerprint": "split:idx"}) == (
        "not noted on the examples; the input of their ExampleGen tells"
    )

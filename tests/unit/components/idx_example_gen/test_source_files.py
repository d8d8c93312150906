"""The notes on source files, as they are written and as they are read."""

import re

from components.anomaly_gate.acceptance import DATA_PATTERN
from components.idx_example_gen.source_files import (
    describe_source,
    name_data,
    note_source_files,
    source_files,
)
from components.idx_files.idx_folder import IdxFolder, IdxPair

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


def test_files_in_folders_of_their_own_are_noted_from_the_folder_of_all():
    nested = IdxFolder(
        *(IdxPair(*(f"{path}/{path.rpartition('/')[2]}" for path in pair)) for pair in FOLDER)
    )
    digests = {path: "00" for pair in nested for path in pair}

    notes = note_source_files(nested, digests)

    assert notes["source_train_images"] == "00  train-images/train-images"
    assert describe_source(notes).endswith(" in gs://bucket/in")


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


def test_data_are_named_by_the_bytes_of_the_files_and_what_each_is_used_as():
    notes = note_source_files(FOLDER, DIGESTS)
    elsewhere = {name: note.replace("-images", ".images") for name, note in notes.items()}
    swapped = {
        **notes,
        "source_train_labels": notes["source_test_labels"],
        "source_test_labels": notes["source_train_labels"],
    }

    assert name_data(elsewhere | {"num_rows_train": "7"}) == name_data(notes)
    assert name_data(swapped) != name_data(notes)
    assert re.fullmatch(DATA_PATTERN, name_data(notes))


def test_data_of_another_example_gen_are_named_by_its_fingerprint_and_others_have_no_name():
    names = {name_data({"input_fingerprint": f"split:{number}"}) for number in range(3)}

    assert len(names) == 3
    assert all(re.fullmatch(DATA_PATTERN, name) for name in names)
    assert name_data({"span": "0"}) == ""

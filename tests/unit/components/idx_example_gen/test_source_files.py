"""The notes on source files, as they are written and as they are read."""

import hashlib
import re
from typing import NamedTuple

from components.anomaly_gate.acceptance import DATA_PATTERN
from components.data_sets.data_set import DataSet, list_files
from components.data_sets.idx_part import IdxPart
from components.idx_example_gen.source_files import (
    describe_source,
    name_data,
    note_source_files,
    source_files,
)
from components.idx_files.idx_folder import IdxPair

FOLDER = DataSet(
    train=IdxPart(IdxPair("gs://bucket/in/train-images", "gs://bucket/in/train-labels")),
    test=IdxPart(IdxPair("gs://bucket/in/test-images", "gs://bucket/in/test-labels")),
)
DIGESTS = {path: f"{number:02}" for number, path in enumerate(list_files(FOLDER))}


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
    nested = DataSet(
        *(
            IdxPart(IdxPair(*(f"{path}/{path.rpartition('/')[2]}" for path in part.pair)))
            for part in FOLDER
        )
    )
    digests = dict.fromkeys(list_files(nested), "00")

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


class Pictures(NamedTuple):
    """A part whose rows have a file each."""

    files: dict[str, tuple[str, ...]]


def test_many_files_are_noted_as_the_digest_of_their_list():
    pictures = DataSet(
        *(Pictures({"images": (f"/in/{name}/a/1.png", f"/in/{name}/b/2.png")}) for name in "xy")
    )
    digests = {path: f"{number:02}" for number, path in enumerate(list_files(pictures))}

    notes = note_source_files(pictures, digests)
    changed = note_source_files(pictures, {**digests, "/in/x/b/2.png": "99"})

    listing = hashlib.sha256(b"00  x/a/1.png\n01  x/b/2.png").hexdigest()
    assert notes["source_train_images"] == f"{listing}  x (2 files)"
    assert changed["source_test_images"] == notes["source_test_images"]
    assert name_data(changed) != name_data(notes)

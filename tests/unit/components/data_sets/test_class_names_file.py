"""Names of classes from a file, and what is said of one that has none."""

import os
from pathlib import Path

import pytest

from components.data_sets.class_names_file import ClassNamesError, read_class_names
from support.project import PROJECT

DIGITS = [f"{digit} {48 + digit}" for digit in range(10)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "names.txt"


def test_the_ten_classes_of_fashion_mnist_are_in_a_file_of_the_project():
    names = read_class_names(str(PROJECT / "data" / "class_names" / "fashion-mnist.txt"))

    assert (len(names), names[0], names[7], names[9]) == (
        10,
        "T-shirt/top",
        "Sneaker",
        "Ankle boot",
    )


@pytest.mark.parametrize(
    "content",
    [
        "Hut\nStraße\n".encode(),
        "Hut\nStraße".encode(),
        "Hut\nStraße\n\n \n".encode(),
        " Hut\t\r\nStraße\r\n".encode(),
        "Hut\rStraße\r".encode(),
        "Hut\nStraße\n".encode("utf-8-sig"),
    ],
    ids=[
        "as printed",
        "without a last newline",
        "blank lines",
        "of Windows",
        "of old Macs",
        "byte order mark",
    ],
)
def test_each_line_is_a_name(file: Path, content: bytes):
    file.write_bytes(content)

    assert read_class_names(str(file)) == ("Hut", "Straße")


def test_a_mapping_of_emnist_names_classes_by_their_characters_in_any_order(file: Path):
    file.write_text("\n".join([*reversed(DIGITS), "11 97", "10 65", "12 98 66"]))

    assert read_class_names(str(file)) == (*"0123456789", "A", "a", "bB")


def test_the_letters_of_emnist_begin_at_one(file: Path):
    letters = [f"{number} {64 + number} {96 + number}" for number in range(1, 27)]
    file.write_text("\n".join(letters))

    names = read_class_names(str(file))

    assert (len(names), names[0], names[1], names[26]) == (27, "N/A", "Aa", "Zz")


@pytest.mark.parametrize(
    ("content", "line", "expected", "received"),
    [
        (b"", 1, "a name", "none"),
        (b"\n\n", 1, "a name", "none"),
        (b"Hat\n\nBag\n", 2, "a name", "none"),
        (b"Hat\nBag\x07\n", 2, "a name", r"'Bag\x07'"),
        (b"Hat\nBag\nHat\n", 3, "each name once", "'Hat', as in line 1"),
        (b"Hat\nStra\xdfe\n", 2, "text in UTF-8", r"b'\xdf'"),
        (b"0 48\n1 x\n", 2, "a label and the code points of its name", "'1 x'"),
        (b"0 48\n1\n", 2, "a label and the code points of its name", "'1'"),
        (b"0 48\n1 1114112\n", 2, "a label and the code points of its name", "'1 1114112'"),
        (b"0 48\n1 10\n", 2, "a name", r"'\n'"),
        (b"0 48\n1 48\n", 2, "each name once", "'0', as in line 1"),
        (b"0 48\n2 49\n", 2, "each label once, from 0 to 1", "2 and no 1"),
        (b"1 48\n1 49\n", 2, "each label once, from 1 to 2", "1 and no 2"),
        (b"2 48\n3 49\n", 1, "each label once, from 1 to 2", "2 and no 1"),
    ],
)
def test_a_file_without_names_is_refused_with_its_line(
    file: Path, content: bytes, line: int, expected: str, received: str
):
    file.write_bytes(content)

    with pytest.raises(ClassNamesError) as raised:
        read_class_names(str(file))

    assert str(raised.value) == (
        f"{file}, line {line}: expected {expected}, received {received}. Correct the file, or set "
        "data.class_names_path to another one."
    )


def test_a_file_that_is_not_there_is_an_error_of_the_system(file: Path):
    with pytest.raises(FileNotFoundError):
        read_class_names(str(file))


def test_what_is_no_file_is_refused_and_nobody_waits_for_it(tmp_path: Path, file: Path):
    os.mkfifo(file)

    with pytest.raises(ClassNamesError, match=r"received a pipe\. Correct the file"):
        read_class_names(str(file))
    with pytest.raises(ClassNamesError, match="received a folder"):
        read_class_names(str(tmp_path))

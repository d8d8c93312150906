"""How people are told of a class."""

import pytest

from components.class_names import show_class, show_classes, show_classes_in

NAMES = ("0", "Hat", "Bag")
MANY = tuple(f"class {number}" for number in range(47))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (1, "1 (Hat)"),
        ("2", "2 (Bag)"),
        (0, "0"),  # its name
        (3, "3"),
        (-1, "-1"),
        ("RARE_VALUE", "RARE_VALUE"),
    ],
)
def test_a_class_is_told_by_its_number_and_a_name_that_is_another(label: int | str, expected: str):
    assert show_class(label, NAMES) == expected


def test_without_names_a_class_is_told_by_its_number():
    assert show_class(1, ()) == "1"
    assert show_classes_in("label 1", ()) == "label 1"
    assert show_classes([0, 3, 4, 5, 9], ()) == "0, 3 to 5 and 9"
    assert show_classes([7], ()) == "7"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("label 1", "label 1 (Hat)"),
        ("label 1 against label 2", "label 1 (Hat) against label 2 (Bag)"),
        ("height 1, label 2", "height 1, label 2 (Bag)"),
        ("precision (class 2)", "precision (class 2 (Bag))"),
        ("each label", "each label"),
        ("old_label 1", "old_label 1"),
        ("label 12", "label 12"),
        ("all", "all"),
    ],
)
def test_a_slice_of_a_class_is_told_with_its_name(name: str, expected: str):
    assert show_classes_in(name, NAMES) == expected


def test_of_a_few_classes_each_name_is_told_and_of_many_those_at_the_ends():
    assert show_classes([0, 1, 2], NAMES) == "0, 1 (Hat) and 2 (Bag)"
    assert show_classes(range(47), MANY) == "0 (class 0) to 46 (class 46)"

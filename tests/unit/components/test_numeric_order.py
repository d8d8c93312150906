"""The order of classes and slices, as people read them."""

import itertools

from components.numeric_order import by_number


def test_numbers_are_in_their_order_whatever_they_are_written_as():
    expected = ["-10", "-9", "0", "0.25", "0.5", "1", "2", "9", "10", "11", "100"]

    assert sorted(sorted(expected), key=by_number) == expected
    assert sorted([10, "9", 0.5, "100", 2], key=by_number) == [0.5, 2, "9", 10, "100"]


def test_words_follow_and_numbers_in_them_are_in_order():
    expected = ["7", "10", "a", "class 2", "class 10", "class 10b", "nan", "x1y2", "x1y10"]

    for shuffled in itertools.islice(itertools.permutations(expected), 500):
        assert sorted(shuffled, key=by_number) == expected

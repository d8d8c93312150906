"""How people are told of a class: by its number, and its name beside it (standard library only).

Slices, statistics and records know classes by their numbers, which stay what they are joined by.
"""

import re
from collections.abc import Sequence

from modules.features import LABEL_KEY

_MOST_NAMED = 12
"""More names than that nobody reads in a sentence."""

# A slice by label, or a metric of one class.
_OF_CLASS = re.compile(rf"\b({LABEL_KEY}|class) (\d+)\b")


def show_class(label: int | str, class_names: Sequence[str]) -> str:
    """Returns `7 (Sneaker)`, or `7` where that is the name, or there is none.

    Args:
      label: The number of the class, or any other text, which stays as it is.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    number = str(label)
    known = number.isdecimal() and int(number) < len(class_names)
    name = class_names[int(number)] if known else number
    return number if name == number else f"{number} ({name})"


def show_classes_in(name: str, class_names: Sequence[str]) -> str:
    """Returns `label 7 (Sneaker)` for a slice or metric called `label 7`; others stay as they are.

    Args:
      name: What a person calls it; see `components.evaluation.naming`.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    return _OF_CLASS.sub(lambda found: f"{found[1]} {show_class(found[2], class_names)}", name)


def show_classes(labels: Sequence[int], class_names: Sequence[str]) -> str:
    """Returns `0, 3 to 5 and 9` for 0, 3, 4, 5, 9; with names, those of a few all, else the ends'.

    Args:
      labels: Numbers of classes, in order; at least one.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    ranges: list[list[int]] = []
    is_each_named = bool(class_names) and len(labels) <= _MOST_NAMED
    for label in labels:
        if ranges and label == ranges[-1][-1] + 1 and not is_each_named:
            ranges[-1].append(label)
        else:
            ranges.append([label])
    ends = [[show_class(label, class_names) for label in (each[0], each[-1])] for each in ranges]
    parts = [first if first == last else f"{first} to {last}" for first, last in ends]
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))

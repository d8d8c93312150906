"""By the names of its classes a model is known to read signs."""

import pytest

from components.data_sets.class_names_file import NO_CLASS
from serving.client.image_model import are_signs
from support.serving.signs import SIGNS, WORDS


@pytest.mark.parametrize("kind", SIGNS)
def test_numbers_characters_and_letters_in_both_cases_are_signs(kind: str):
    assert are_signs(SIGNS[kind])


@pytest.mark.parametrize("kind", WORDS)
def test_other_names_are_not(kind: str):
    assert not are_signs(WORDS[kind])


def test_the_class_without_rows_of_a_mapping_is_called_as_the_rule_expects():
    assert are_signs([NO_CLASS])

"""What the data are is told in one place, and what cannot be is refused with its key."""

import pytest
from pydantic import ValidationError

from modules.data_spec import MAX_CLASSES, MNIST, DataSpec, read_data_spec


def test_defaults_are_those_of_mnist():
    assert MNIST.image_shape == (28, 28)
    assert MNIST.model_shape == (28, 28, 1)
    assert MNIST.num_classes == 10
    assert MNIST.labels == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def test_images_in_colour_have_channels_everywhere():
    data = DataSpec(height=32, width=24, channels=3)

    assert data.image_shape == data.model_shape == (32, 24, 3)
    assert data.describe_size() == "32x24x3"


def test_there_are_as_many_classes_as_names():
    data = DataSpec(class_names=("cat", "dog", "big dog"))

    assert data.num_classes == 3
    assert data.labels == ("cat", "dog", "big dog")


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"height": 0}, "height"),
        ({"channels": 2}, "channels"),
        ({"num_classes": 1}, "expected 2 to 256 classes, received 1"),
        ({"num_classes": 257}, "num_classes"),
        ({"class_names": ("one",)}, "expected 2 to 256 classes, received 1"),
        ({"class_names": ("a", "b", "a")}, "expected each name once, received a more often"),
        ({"class_names": ("a", " ")}, "expected names on one line each, received ' '"),
        ({"class_names": ("a", " a")}, "expected each name once, received a more often"),
        ({"class_names": (0, "0")}, "expected each name once, received 0 more often"),
        ({"class_names": ("yes", False)}, "expected names, received False, .*put it in quotes"),
        ({"class_names": ("a", "b\nc")}, r"received 'b\\nc'"),
        ({"class_names": ("a", "b"), "num_classes": 3}, "received 3 and 2 names"),
        ({"pixel_type": "float32"}, "pixel_type"),
    ],
)
def test_what_no_data_can_be_is_refused(values: dict[str, object], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        DataSpec.model_validate(values)


def test_numbers_are_names_and_blanks_around_a_name_are_none_of_it():
    assert DataSpec(class_names=(0, " 1 ", "big dog")).class_names == ("0", "1", "big dog")


def test_it_comes_back_from_json_unchanged():
    data = DataSpec(height=20, class_names=("a", "b"))

    assert DataSpec.model_validate_json(data.model_dump_json()) == data
    assert read_data_spec({"data": data.model_dump(mode="json")}) == data


@pytest.mark.parametrize("custom_config", [None, {}, {"code_digest": "1"}])
def test_a_node_that_is_told_nothing_takes_mnists(custom_config: dict[str, object] | None):
    assert read_data_spec(custom_config) == MNIST


@pytest.mark.parametrize("image_shape", [(28, 28), (32, 24, 3)])
def test_of_images_alone_there_may_be_as_many_classes_as_can_be(image_shape: tuple[int, ...]):
    data = DataSpec.of_images(image_shape)

    assert (data.image_shape, data.num_classes) == (image_shape, MAX_CLASSES)

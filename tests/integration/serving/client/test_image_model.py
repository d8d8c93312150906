"""What a client learns from a served model itself: size of the images, names of the classes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.client.answers import ClientError
from serving.client.grpc import GrpcClient
from serving.client.image_model import ImageModel
from serving.client.rest import RestClient
from serving.errors import Code
from serving.models.config import ModelConfig
from serving.tensors import TensorSpec
from support.serving.colour_model import COLOURS, paint
from support.serving.fixtures import Connection, connect
from support.serving.threads import running_server

PICTURES = np.stack([paint(200, 20, 30), paint(10, 60, 240), paint(5, 5, 5)])


@pytest.fixture(scope="module")
def colours(colours_folder: Path, models_folder: Path) -> Iterator[Connection]:
    """Serves models of pictures in colour, and others."""
    models = [
        *(ModelConfig(name=n, base_path=str(colours_folder / n)) for n in ("named", "nameless")),
        *(ModelConfig(name=n, base_path=str(models_folder / n)) for n in ("mnist", "mixer")),
    ]
    with running_server(models=models) as running:
        yield connect(running)


@pytest.fixture(params=["rest", "grpc"])
def make_client(request: pytest.FixtureRequest, colours: Connection) -> Callable[[str], Any]:
    """Returns a function that makes a client of a model."""

    def make(model: str) -> Any:
        if request.param == "rest":
            return RestClient(colours.running.url, model)
        return GrpcClient(colours.running.grpc_address, model)

    return make


def test_a_model_tells_its_size_and_what_its_classes_are_called(make_client: Callable[[str], Any]):
    with make_client("named") as client:
        model = ImageModel(client)
        answers = model.ask(PICTURES)

    assert model.image_shape == COLOURS.image_shape
    assert [answer.name for answer in answers] == ["red", "sky blue", "dark"]
    assert [answer.number for answer in answers] == [0, 2, 3]
    assert {answer.names for answer in answers} == {COLOURS.class_names}


def test_a_model_without_the_signature_answers_the_same_with_numbers(
    make_client: Callable[[str], Any],
):
    with make_client("named") as named, make_client("nameless") as nameless:
        expected = ImageModel(named).ask(PICTURES)
        answers = ImageModel(nameless).ask(PICTURES)

    assert [answer.name for answer in answers] == ["0", "2", "3"]
    for answer, other in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer.probabilities, other.probabilities, atol=1e-5)


def test_a_version_is_asked_by_its_number(make_client: Callable[[str], Any]):
    with make_client("named") as client:
        [answer] = ImageModel(client, version=1).ask(PICTURES[:1])
        with pytest.raises(ClientError) as error:
            ImageModel(client, version=9)

    assert answer.version == 1
    assert error.value.code is Code.NOT_FOUND


def test_only_a_model_like_that_of_mnist_reads_signs(make_client: Callable[[str], Any]):
    with make_client("mnist") as digits, make_client("named") as colours:
        assert ImageModel(digits).reads_signs()
        assert not ImageModel(colours).reads_signs()


def test_a_model_that_takes_no_images_is_refused(make_client: Callable[[str], Any]):
    with make_client("mixer") as client, pytest.raises(ClientError) as error:
        ImageModel(client)

    assert error.value.code is Code.FAILED_PRECONDITION
    assert "signature serve_images takes images" in str(error.value)
    assert str(error.value).endswith("received none. Ask another model.")


def test_signatures_are_told_as_the_model_has_them(make_client: Callable[[str], Any]):
    with make_client("named") as client:
        signatures = client.read_signatures()

    classify = signatures["classify"]
    assert classify.inputs == {"inputs": TensorSpec("string", (None,))}
    assert classify.outputs == {
        "classes": TensorSpec("string", (None, 4)),
        "scores": TensorSpec("float", (None, 4)),
    }
    images = signatures["serve_images"].inputs["images"]
    assert images == TensorSpec("uint8", (None, *COLOURS.image_shape))


def test_both_apis_classify_an_example_by_names(make_client: Callable[[str], Any]):
    with make_client("named") as client:
        reply = client.classify(
            [{"image": picture.tobytes()} for picture in PICTURES], signature_name="classify"
        )

    assert [[name for name, _ in classes] for classes in reply.classes] == [
        list(COLOURS.class_names)
    ] * 3
    for classes in reply.classes:
        assert sum(score for _, score in classes) == pytest.approx(1)


def test_classify_needs_the_name_of_its_signature_as_in_tensorflow_serving(colours: Connection):
    response = colours.post("named:classify", {"examples": [{"image": "x"}]})

    assert response.status_code == 400
    assert "classification" in response.json()["error"]


def test_an_example_of_another_size_is_refused(make_client: Callable[[str], Any]):
    with make_client("named") as client, pytest.raises(ClientError) as error:
        client.classify([{"image": b"abc"}], signature_name="classify")

    assert error.value.code is Code.INVALID_ARGUMENT

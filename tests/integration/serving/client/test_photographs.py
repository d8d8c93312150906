"""A model that was trained for seconds reads photographs of digits in whatever light."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from serving.client.digit_image import centre
from serving.client.image_model import ImageModel
from serving.client.pictures.ink import NoInkError, find_ink
from serving.client.rest import RestClient
from support.photographs.lights import LIGHTS
from support.photographs.photograph import draw_setting, take_photograph
from support.serving.fixtures import Connection


def _read(photograph: Image.Image) -> Any:
    try:
        return centre(find_ink(np.asarray(photograph.convert("L"), float)))
    except NoInkError:
        return np.zeros((28, 28), np.uint8)


@pytest.mark.parametrize("light", LIGHTS)
def test_digits_are_read_in_whatever_light(
    light: str, connection: Connection, digits: tuple[Any, Any]
):
    images, labels = digits
    rng = np.random.default_rng(5)
    seen = [
        _read(take_photograph(image, draw_setting(light, rng, longest=300), rng))
        for image in images
    ]
    with RestClient(connection.running.url, "mnist") as client:
        answers = ImageModel(client).ask(np.stack(seen))
    right = sum(answer.number == label for answer, label in zip(answers, labels, strict=True))
    assert right >= 0.9 * len(labels)

"""Asks a served model of images: how large they are, and what is on them (numpy only).

    model = ImageModel(client)
    answers = model.ask(images)  # uint8 [images, *model.image_shape]

The size is that of the model's signature `serve_images`. What the classes are called its signature
`classify` tells with each answer; a model that has none answers with their numbers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.client.answers import Client, ClientError
from serving.errors import Code
from serving.tensors import Signature, render_shape

IMAGES_SIGNATURE = "serve_images"

_IMAGES = "images"
_PROBABILITIES = "probabilities"
_CLASSIFY = "classify"
_IMAGE = "image"
_GREY_RANK, _COLOUR_RANK = 2, 3
_COLOURS = 3
_SHAPE_OF_MNIST = (28, 28)
# What label 0 of EMNIST's letters is called, which no row has.
_NO_CLASS = "N/A"


@dataclass(frozen=True)
class ImageAnswer:
    """What a model takes one image for.

    Attributes:
      names: What the classes are called, in their order.
      probabilities: Float [classes].
      version: As of a `Prediction`.
      milliseconds: From sending the request, which other images may be part of, to the answer.
    """

    names: tuple[str, ...]
    probabilities: npt.NDArray[np.float64]
    version: int | None
    milliseconds: float

    @property
    def number(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

    @property
    def name(self) -> str:
        """What the most probable class is called."""
        return self.names[self.number]


class ImageModel:
    """A served model that tells what is on images.

    Attributes:
      image_shape: Height and width, and 3 of images in colour.
    """

    def __init__(
        self, client: Client, *, version: int | None = None, label: str | None = None
    ) -> None:
        """Asks for the signatures of the model.

        Args:
          client: Where to ask.
          version: The version to ask, None for the newest.
          label: The version to ask, by label.

        Raises:
          ClientError: The server refused, or did not answer, or the model takes no images.
        """
        signatures = client.read_signatures(version=version, label=label)
        self.image_shape = _find_image_shape(signatures.get(IMAGES_SIGNATURE))
        self._client, self._version, self._label = client, version, label
        self._names_classes = _CLASSIFY in signatures

    def ask(self, images: npt.NDArray[np.uint8]) -> list[ImageAnswer]:
        """Returns an answer for each image.

        Args:
          images: uint8 [images, *image_shape].

        Raises:
          ClientError: The server refused, or did not answer.
        """
        return list(self._classify(images) if self._names_classes else self._predict(images))

    def reads_signs(self) -> bool:
        """Returns whether the model is like one of MNIST: grey, 28 x 28, one sign a class.

        Raises:
          ClientError: The server refused, or did not answer.
        """
        if self.image_shape != _SHAPE_OF_MNIST:
            return False
        [answer] = self.ask(np.zeros((1, *self.image_shape), np.uint8))
        return are_signs(answer.names)

    def _classify(self, images: npt.NDArray[np.uint8]) -> Iterator[ImageAnswer]:
        reply = self._client.classify(
            [{_IMAGE: image.tobytes()} for image in images],
            signature_name=_CLASSIFY,
            version=self._version,
            label=self._label,
        )
        for classes in reply.classes:
            names, scores = zip(*classes, strict=True)
            yield ImageAnswer(names, np.array(scores), reply.version, reply.milliseconds)

    def _predict(self, images: npt.NDArray[np.uint8]) -> Iterator[ImageAnswer]:
        reply = self._client.predict(
            {_IMAGES: images},
            signature_name=IMAGES_SIGNATURE,
            version=self._version,
            label=self._label,
        )
        for row in np.asarray(reply.outputs[_PROBABILITIES], np.float64):
            names = tuple(map(str, range(len(row))))
            yield ImageAnswer(names, row, reply.version, reply.milliseconds)


def are_signs(names: Iterable[str]) -> bool:
    """Returns whether each name of a class says that it is one sign.

    So do a number, a single character, a letter in both cases (`Aa`), and `N/A`, as label 0 of
    EMNIST's letters is called. picture.js of the REST API's page has the same rule.
    """
    return all(
        name.isdecimal() or len(name) == 1 or name == _NO_CLASS or _is_letter_in_both_cases(name)
        for name in names
    )


def _is_letter_in_both_cases(name: str) -> bool:
    capital, small = name[:1].upper(), name[:1].lower()
    return capital != small and name == capital + small


def _find_image_shape(signature: Signature | None) -> tuple[int, ...]:
    """Returns the shape of one image, of those that a signature takes.

    Raises:
      ClientError: There is no such signature, or it takes anything else.
    """
    spec = signature.inputs.get(_IMAGES) if signature else None
    shape = spec.shape[1:] if spec and spec.shape else ()
    sizes = tuple(size for size in shape if size is not None)
    is_one_image = len(sizes) == _GREY_RANK or (
        len(sizes) == _COLOUR_RANK and sizes[-1] == _COLOURS
    )
    if spec is None or spec.dtype != "uint8" or not is_one_image or len(sizes) < len(shape):
        received = f"{spec.dtype} {render_shape(spec.shape or ())}" if spec else "none"
        raise ClientError(
            Code.FAILED_PRECONDITION,
            f"expected a model whose signature {IMAGES_SIGNATURE} takes {_IMAGES}, uint8 "
            f"[?,height,width] or [?,height,width,3], received {received}. Ask another model.",
        )
    return sizes


def describe_size(image_shape: tuple[int, ...]) -> str:
    """Returns the size of images in words: `28 x 28 pixels`, height first."""
    height, width, *colours = image_shape
    return f"{height} x {width} pixels{' in 3 colours' if colours else ''}"

"""Tells whether a model can be compared with an earlier one: on the same images and classes."""

from typing import Final

from components.signature_defs import read_signature_defs
from modules.features import PROBABILITIES_KEY

_IMAGES_SIGNATURE: Final = "serve_images"
_EVALUATED_SIGNATURE: Final = "serving_default"

_Shape = tuple[int, ...]


def find_difference(candidate: str, baseline: str) -> str:
    """Returns in which words two models differ in what they are asked or answer; "" if they do not.

    Data of another size, or with another class, under the same pipeline's name: the earlier model
    cannot be asked about them.

    Args:
      candidate: Folder of a SavedModel.
      baseline: Folder of another one.

    Raises:
      OSError: One of them cannot be read.
    """
    shapes, earlier = (_read_shapes(folder) for folder in (candidate, baseline))
    return ", ".join(
        f"{name} are {_render(shapes[name])}, and were {_render(earlier[name])}"
        for name in shapes
        if name in earlier and shapes[name] != earlier[name]
    )


def _read_shapes(saved_model: str) -> dict[str, _Shape]:
    """Returns the shapes of an image and of an answer, as far as signatures tell them."""
    signatures = read_signature_defs(saved_model)
    infos = {}
    if _IMAGES_SIGNATURE in signatures:
        infos["images"] = next(iter(signatures[_IMAGES_SIGNATURE].inputs.values()), None)
    if _EVALUATED_SIGNATURE in signatures:
        infos["answers"] = signatures[_EVALUATED_SIGNATURE].outputs.get(PROBABILITIES_KEY)
    return {
        name: tuple(dim.size for dim in info.tensor_shape.dim[1:])
        for name, info in infos.items()
        if info is not None and not info.tensor_shape.unknown_rank
    }


def _render(shape: _Shape) -> str:
    return "x".join(map(str, shape))

"""How light falls on paper: each kind is a share of the full light for every pixel."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Shares = npt.NDArray[np.float64]
# Takes where each pixel is, from -0.5 to 0.5 across and down, how much light is lost where it is
# darkest, and the source of chance.
_Light = Callable[[Shares, Shares, float, np.random.Generator], Shares]


def fall_light(kind: str, height: int, width: int, loss: float, rng: np.random.Generator) -> Shares:
    """Returns the light of a kind in LIGHTS, float [height, width] from 1 - loss to 1."""
    down, across = np.mgrid[0:height, 0:width]
    return LIGHTS[kind]((across + 0.5) / width - 0.5, (down + 0.5) / height - 0.5, loss, rng)


def _even(x: Shares, _y: Shares, _loss: float, _rng: np.random.Generator) -> Shares:
    return np.ones_like(x)


def _fall(x: Shares, y: Shares, loss: float, rng: np.random.Generator) -> Shares:
    along = _along(x, y, rng)
    return 1 - loss * (along - along.min()) / np.ptp(along)


def _vignette(x: Shares, y: Shares, loss: float, rng: np.random.Generator) -> Shares:
    left, top = rng.uniform(-0.15, 0.15, 2)
    distance = np.hypot(x - left, y - top)
    return 1 - loss * (distance / distance.max()) ** rng.uniform(1.5, 3)


def _lamp(x: Shares, y: Shares, loss: float, rng: np.random.Generator) -> Shares:
    left, top = rng.uniform(-0.4, 0.4, 2)
    distance = np.hypot(x - left, y - top)
    return 1 - loss * (1 - np.exp(-((distance / rng.uniform(0.35, 0.6)) ** 2)))


def _hard_shadow(x: Shares, y: Shares, loss: float, rng: np.random.Generator) -> Shares:
    return 1 - loss * _beyond(_along(x, y, rng), rng.uniform(-0.25, 0.25), 0.002)


def _soft_shadow(x: Shares, y: Shares, loss: float, rng: np.random.Generator) -> Shares:
    softness = rng.uniform(0.03, 0.25)
    return 1 - loss * _beyond(_along(x, y, rng), rng.uniform(-0.25, 0.25), softness)


def _band(x: Shares, y: Shares, loss: float, rng: np.random.Generator) -> Shares:
    along, middle = _along(x, y, rng), rng.uniform(-0.2, 0.2)
    half, softness = rng.uniform(0.12, 0.25), rng.uniform(0.002, 0.1)
    shadow = _beyond(along, middle - half, softness) * _beyond(-along, -middle - half, softness)
    return 1 - loss * shadow


def _corner(x: Shares, y: Shares, loss: float, rng: np.random.Generator) -> Shares:
    softness = rng.uniform(0.002, 0.1)
    first, second = (
        _beyond(_along(x, y, rng), rng.uniform(-0.15, 0.15), softness) for _ in range(2)
    )
    return 1 - loss * first * second


def _fall_and_shadow(x: Shares, y: Shares, loss: float, rng: np.random.Generator) -> Shares:
    return _fall(x, y, 0.6 * loss, rng) * _hard_shadow(x, y, 0.7 * loss, rng)


def _along(x: Shares, y: Shares, rng: np.random.Generator) -> Shares:
    """Returns how far each pixel is in a direction of chance."""
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray(np.cos(angle) * x + np.sin(angle) * y)


def _beyond(along: Shares, edge: float, softness: float) -> Shares:
    """Returns 1 beyond an edge, 0 before it, and what is between on it."""
    return np.asarray(1 / (1 + np.exp(-np.clip((along - edge) * 4 / softness, -50, 50))))


LIGHTS: dict[str, _Light] = {
    "even": _even,
    "fall": _fall,
    "vignette": _vignette,
    "lamp": _lamp,
    "hard shadow": _hard_shadow,
    "soft shadow": _soft_shadow,
    "band of shadow": _band,
    "corner of shadow": _corner,
    "fall and shadow": _fall_and_shadow,
}

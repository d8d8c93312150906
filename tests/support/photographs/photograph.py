"""Photographs of paper, with a digit of MNIST on it or with none."""

import io
import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from support.photographs.lights import fall_light

_LEAST_DIGIT = 40


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a photograph is taken.

    Attributes:
      light: Of LIGHTS.
      loss: How much of the light is lost where it is darkest.
      size: Height and width in pixels.
      share: How much of the shorter side the 28 x 28 pixels of MNIST take.
      paper: Red, green and blue of 1.
      ink: The same.
      noise: Standard deviation, of 255.
      blur: Sigma in shares of the digit's side.
      quality: Of JPEG; 0 for none.
    """

    light: str
    loss: float = 0.3
    size: tuple[int, int] = (180, 240)
    share: float = 0.6
    paper: tuple[float, ...] = (0.9, 0.9, 0.9)
    ink: tuple[float, ...] = (0.15, 0.15, 0.15)
    noise: float = 0.0
    blur: float = 0.0
    quality: int = 0


def draw_setting(light: str, rng: np.random.Generator, *, longest: int = 900) -> Setting:
    """Draws all but the light: sizes from 60 pixels, papers and inks of any colour, and faults."""
    side = math.exp(rng.uniform(math.log(60), math.log(longest)))
    height, width = round(side), max(56, round(side * rng.choice([0.75, 1, 1.33])))
    light_side, dark_side = rng.uniform(0.7, 1, 3), rng.uniform(0.05, 0.3, 3)
    paper, ink = (light_side, dark_side) if rng.random() < 0.6 else (dark_side, light_side)
    return Setting(
        light=light,
        loss=rng.uniform(0.15, 0.4),
        size=(height, width),
        share=min(1.0, max(rng.uniform(0.25, 0.95), _LEAST_DIGIT / min(height, width))),
        paper=tuple(paper),
        ink=tuple(ink),
        noise=float(rng.choice([0, 3, 8, 14])),
        blur=float(rng.choice([0, 0, 0.01, 0.02])),
        quality=int(rng.choice([0, 50, 75, 92])),
    )


def take_photograph(
    digit: npt.NDArray[np.uint8], setting: Setting, rng: np.random.Generator
) -> Image.Image:
    """Returns a photograph of a digit somewhere on paper.

    Args:
      digit: uint8 [28, 28], ink is 255.
      setting: How it is taken.
      rng: Where the digit is, where the light comes from, and the noise.
    """
    height, width = setting.size
    side = round(setting.share * min(height, width))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    drawn = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    ink = np.zeros((height, width))
    ink[top : top + side, left : left + side] = np.asarray(drawn) / 255
    paper, pen = np.array(setting.paper), np.array(setting.ink)
    shares = fall_light(setting.light, height, width, setting.loss, rng)
    colours = 255 * shares[..., np.newaxis] * (paper + ink[..., np.newaxis] * (pen - paper))
    return _expose(colours, setting, setting.blur * side, rng)


def photograph_paper(setting: Setting, rng: np.random.Generator) -> Image.Image:
    """Returns a photograph of paper with nothing on it."""
    nothing = np.zeros((28, 28), np.uint8)
    return take_photograph(nothing, replace(setting, ink=setting.paper), rng)


def _expose(
    colours: npt.NDArray[np.float64], setting: Setting, blur: float, rng: np.random.Generator
) -> Image.Image:
    """Returns what the camera makes of it."""
    picture = Image.fromarray(colours.round().astype(np.uint8))
    picture = picture.filter(ImageFilter.GaussianBlur(blur))
    noisy = np.asarray(picture) + rng.normal(0, setting.noise, colours.shape)
    picture = Image.fromarray(noisy.clip(0, 255).round().astype(np.uint8))
    if not setting.quality:
        return picture
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=setting.quality)
    return Image.open(content)

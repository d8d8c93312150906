"""Finds the strokes of a digit in a picture, and refuses what has none."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from serving.client.pictures.background import (
    Levels,
    estimate_paper,
    measure_contrast,
    scale_down,
)
from serving.client.pictures.cropped import find_cropped_ink
from serving.client.pictures.doubts import LEAST_CONTRAST, Strokes, find_doubt
from serving.client.pictures.parts import measure_thickness, weigh_parts

# Pictures are looked at with as many pixels as a square of this side has.
_SIDE = 320
_GRAIN_SIGMA = 0.7
# Of the shorter side: more than a stroke of a small digit, of a large one, of one that fills the
# picture.
_WIDTHS = (0.15, 0.28, 0.5)
# How much wider than the thickest stroke a square is that fits into none.
_STROKES_TO_SQUARE = 2.0
_LEAST_SQUARE = 5
# Of the contrast of full ink: what has less is paper, what has more is full ink, too. Between them
# are the edges of strokes, which are grey.
_PAPER, _FULL = 0.3, 0.75
_FULL_INK_QUANTILE = 0.7
# Of the ink of the largest part: a part with less is no part of the digit.
_STAIN = 0.05
# Of the area: a digit and its surroundings that take less are looked at again, from near.
_SMALL = 0.25


class NoInkError(ValueError):
    """A picture in which no strokes stand out; the message says what is seen instead."""


@dataclass(frozen=True)
class _Candidate:
    """What may be the digit.

    Attributes:
      ink: How much ink each pixel has, 0 to 1.
      weight: How much it stands out from the paper, over all of its pixels.
      doubt: Why it is no digit, "" if it may be one.
    """

    ink: Levels
    weight: float
    doubt: str


def find_ink(levels: Levels) -> Levels:
    """Returns how much ink each pixel has, whether dark on light paper or light on dark.

    Args:
      levels: Grey levels, 0 black to 255 white, float [height, width].

    Returns:
      Float from 0 to 1, of the part that holds the digit; of fewer pixels if that is large.

    Raises:
      NoInkError: It has no clear ink.
    """
    if np.ptp(levels) == 0:
        raise NoInkError("it is in one colour")
    cropped = find_cropped_ink(levels)
    if cropped is not None:
        return cropped
    seen = scale_down(levels, _SIDE)
    ink = _find_best(ndimage.gaussian_filter(seen, _GRAIN_SIGMA))
    if seen.size < levels.size:
        part = _cut_out(levels, ink)
        if part.size < _SMALL * levels.size:
            with suppress(NoInkError):  # from near, noise is stronger
                return find_ink(part)
    return ink


def _find_best(levels: Levels) -> Levels:
    """Returns the ink of what is most likely a digit."""
    paper = estimate_paper(levels)
    found = [
        _find(levels, paper, round(width * min(levels.shape)), dark_ink=dark_ink)
        for dark_ink in (True, False)
        for width in _WIDTHS
    ]
    candidates = [candidate for candidate in found if candidate]
    if not candidates:
        raise NoInkError("nothing stands out")
    best = max(candidates, key=lambda candidate: (not candidate.doubt, candidate.weight))
    if best.doubt:
        raise NoInkError(best.doubt)
    return best.ink


def _cut_out(levels: Levels, ink: Levels) -> Levels:
    """Returns the part of a picture that has ink, and as much again around it."""
    sides = []
    for axis, size in enumerate(levels.shape):
        places = np.flatnonzero(ink.any(axis=1 - axis)) * (size / ink.shape[axis])
        first, last = places[0], places[-1]
        sides.append((first, last))
    margin = max(last - first for first, last in sides) + 1
    rows, columns = (slice(max(0, int(a - margin)), int(b + margin) + 1) for a, b in sides)
    return levels[rows, columns]


def _find(levels: Levels, paper: Levels, width: int, *, dark_ink: bool) -> _Candidate | None:
    """Returns what stands out most where no square of `width` fits, None if nothing does."""
    contrast = measure_contrast(levels, width, dark_ink=dark_ink)
    if contrast.max() < LEAST_CONTRAST:
        return None
    standing_out = np.clip(paper - levels if dark_ink else levels - paper, 0.0, None)
    parts, weights = weigh_parts(contrast > contrast.max() / 2, standing_out)
    main = parts == 1 + weights.argmax()
    thickness = measure_thickness(main)
    square = max(_LEAST_SQUARE, round(_STROKES_TO_SQUARE * thickness))
    if square < width:
        contrast = measure_contrast(levels, square, dark_ink=dark_ink)
    full = float(np.quantile(contrast[main], _FULL_INK_QUANTILE))
    if full < LEAST_CONTRAST:
        return None
    ink = np.clip((contrast / full - _PAPER) / (_FULL - _PAPER), 0.0, 1.0)
    parts, amounts = weigh_parts(ink > 0, ink)
    is_digit = np.isin(parts, 1 + np.flatnonzero(amounts >= _STAIN * amounts.max()))
    strokes = Strokes(
        main=main,
        digit=is_digit,
        contrast=contrast / full,
        full=full,
        thickness=thickness,
        share_of_largest=float(amounts.max() / amounts.sum()),
        share_against_paper=float(
            (standing_out[main] / np.maximum(levels, paper)[main].clip(1)).mean() / full
        ),
    )
    return _Candidate(np.where(is_digit, ink, 0.0), float(weights.max()), find_doubt(strokes))

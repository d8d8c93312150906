"""Digits in whatever light, and pictures of none."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from serving.client.digit_image import centre
from serving.client.pictures.ink import NoInkError, find_ink
from support.photographs.lights import LIGHTS
from support.photographs.photograph import Setting, photograph_paper, take_photograph

_WHITE_ON_BLACK = {"paper": (0.15, 0.15, 0.15), "ink": (0.9, 0.9, 0.9)}


def draw_digit() -> Any:
    """A two of the size that MNIST's digits have, uint8 [28, 28]."""
    picture = Image.new("L", (280, 280))
    points = [(95, 95), (110, 62), (150, 52), (182, 75), (180, 115), (95, 215), (190, 210)]
    ImageDraw.Draw(picture).line(points, fill=255, width=24, joint="curve")
    return np.asarray(picture.resize((28, 28), Image.Resampling.BOX))


def levels(picture: Image.Image) -> Any:
    return np.asarray(picture.convert("L"), np.float64)


def read(setting: Setting, seed: int) -> Any:
    photograph = take_photograph(draw_digit(), setting, np.random.default_rng(seed))
    return centre(find_ink(levels(photograph))).astype(float)


def agreement(digit: Any, other: Any) -> float:
    """Returns the correlation of two digits, of which one may be a pixel beside the other."""
    return max(
        np.corrcoef(np.roll(digit, (down, across), (0, 1)).ravel(), other.ravel())[0, 1]
        for down in (-1, 0, 1)
        for across in (-1, 0, 1)
    )


@pytest.mark.parametrize("colours", [{}, _WHITE_ON_BLACK], ids=["dark ink", "light ink"])
@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize(
    "faults",
    [{}, {"noise": 12.0}, {"blur": 0.015, "quality": 60}, {"size": (70, 70), "share": 0.9}],
    ids=["sharp", "noise", "blurred JPEG", "small"],
)
def test_digit_in_uneven_light_is_read_as_it_is_in_even_light(
    light: str, faults: dict[str, Any], colours: dict[str, Any]
):
    setting = Setting(light=light, loss=0.4, **{**faults, **colours})
    for seed in range(3):
        even = read(replace(setting, light="even", noise=0.0), seed)
        assert agreement(read(setting, seed), even) > 0.9


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("size", [(240, 240), (1200, 900), (500, 2000)])
def test_digit_of_any_size_is_found(size: tuple[int, int], share: float):
    reference = read(Setting(light="even"), 0)
    digit = read(Setting(light="fall", size=size, share=share), 1)
    assert agreement(digit, reference) > 0.9


@pytest.mark.parametrize("paper", [(0.9, 0.9, 0.9), (0.2, 0.2, 0.2)], ids=["light", "dark"])
@pytest.mark.parametrize("noise", [0.0, 5.0])
@pytest.mark.parametrize("light", ["even", "fall", "vignette", "hard shadow", "soft shadow"])
def test_light_and_shadow_on_empty_paper_are_no_digit(
    light: str, noise: float, paper: tuple[float, ...]
):
    setting = Setting(light=light, loss=0.4, paper=paper, noise=noise)
    for seed in range(4):
        with pytest.raises(NoInkError):
            find_ink(levels(photograph_paper(setting, np.random.default_rng(seed))))


@pytest.mark.parametrize("paper", [(0.9, 0.9, 0.9), (0.2, 0.2, 0.2)], ids=["light", "dark"])
def test_corner_of_a_shadow_is_seldom_a_digit(paper: tuple[float, ...]):
    setting = Setting(light="corner of shadow", loss=0.35, paper=paper, noise=2.0)
    refused = 0
    for seed in range(20):
        try:
            find_ink(levels(photograph_paper(setting, np.random.default_rng(seed))))
        except NoInkError:
            refused += 1
    assert refused >= 17


@pytest.mark.parametrize("size", [(28, 40), (60, 60), (400, 300)])
def test_noise_is_no_digit(size: tuple[int, int]):
    rng = np.random.default_rng(3)
    dots = np.where(rng.random(size) < 0.01, 0.0, 230.0)
    for noise in (rng.uniform(0, 255, size), rng.normal(120, 30, size).clip(0, 255), dots):
        with pytest.raises(NoInkError):
            find_ink(noise)


@pytest.mark.parametrize(
    ("shape", "doubt"),
    [
        ([(90, 70), (170, 150)], "a patch, not a stroke"),
        ([(100, 95), (104, 99)], "only a dot"),
        ([(-1, 80), (250, 110)], "reaches the edge of the picture"),
    ],
)
def test_what_is_no_stroke_is_refused_for_what_it_is(shape: list[tuple[int, int]], doubt: str):
    picture = Image.new("L", (240, 200), 230)
    ImageDraw.Draw(picture).rectangle(shape, fill=150)
    with pytest.raises(NoInkError, match=doubt):
        find_ink(levels(picture))


def test_picture_of_one_colour_has_no_ink():
    with pytest.raises(NoInkError, match="it is in one colour"):
        find_ink(np.full((1, 1), 7.0))


def test_stains_are_no_part_of_the_digit():
    paper = np.full((200, 200), 240.0)
    paper[20:180, 20:180] -= draw_digit().repeat(6, 0).repeat(6, 1)[:160, :160] * 0.8
    clean = find_ink(paper)
    paper[5:9, 190:193] = 30
    assert np.corrcoef(find_ink(paper).ravel(), clean.ravel())[0, 1] > 0.99

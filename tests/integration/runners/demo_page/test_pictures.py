"""Somebody gives a picture to a page that no server of ours is behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from components.model_exporter.conversion.graph_model import write_graph_model
from components.model_exporter.description import Description
from modules.data_spec import DataSpec
from runners.demo_page.writing import write_demo
from serving.client.digit_image import centre
from support.exports.node import require_node
from support.mnist_model import read_mnist
from support.serving.colour_model import COLOURS, save_colour_model
from support.web.browser import (
    ONE,
    complaints,
    draw,
    overflow,
    pixels,
    text,
    wait_for_answer,
    wait_for_digit,
    wait_until_shown,
)
from support.web.static_host import static_host


@pytest.fixture(scope="module")
def colours_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serves the demo of a model of pictures in colour, whose classes have names."""
    with _demo(tmp_path_factory.mktemp("colours"), COLOURS) as url:
        yield url


@contextmanager
def _demo(folder: Path, data: DataSpec) -> Iterator[str]:
    """Serves the demo of a model of such data, and yields where it is."""
    saved_model = save_colour_model(folder / "saved", folder / "scratch", data)
    graph_model = folder / "graph"
    graph_model.mkdir()
    description = Description(name="colours", model_digest="", lineage={})
    write_graph_model(saved_model, "serve_images", graph_model, description, data.class_names)
    demo = folder / "host" / "demo"
    node_modules = require_node().modules
    write_demo(demo, model=graph_model, node_modules=node_modules, title="Colours")
    with static_host(folder / "host") as host:
        yield host.address(demo)


def test_a_picture_in_colour_is_answered_with_the_name_of_its_class(
    browser: WebDriver, colours_url: str, tmp_path: Path
):
    Image.new("RGB", (640, 200), (20, 70, 240)).save(tmp_path / "sky.png")
    browser.get(colours_url)
    wait_until_shown(browser, "offline")
    assert text(browser, "task") == "Choose a picture"
    assert not browser.find_element(By.ID, "drawing").is_displayed()

    browser.find_element(By.ID, "picture").send_keys(str(tmp_path / "sky.png"))

    assert wait_for_answer(browser) == "sky blue"
    items = browser.find_elements(By.CSS_SELECTOR, "#probabilities li")
    names = [item.find_element(By.TAG_NAME, "span").text for item in items]
    assert names == list(COLOURS.class_names)
    seen = np.stack([pixels(browser, "seen", channel) for channel in range(3)], axis=-1)
    assert seen.shape == COLOURS.image_shape
    assert np.abs(seen - np.array([20, 70, 240])).max() <= 1
    assert overflow(browser) == 0
    assert complaints(browser) == []


@pytest.mark.parametrize(
    ("names", "task"),
    [
        (("Trouser", "Coat", "Bag", "Sandal"), "Choose a picture"),
        (("N/A", "Aa", "Bb", "Cc"), "Draw a sign"),
    ],
    ids=["clothes", "letters"],
)
def test_only_what_a_person_writes_is_drawn(
    browser: WebDriver, tmp_path: Path, names: tuple[str, ...], task: str
):
    with _demo(tmp_path, DataSpec(class_names=names)) as url:
        browser.get(url)
        wait_until_shown(browser, "offline")

        assert text(browser, "task") == task
        is_shown = browser.find_element(By.ID, "drawing").is_displayed()

    assert is_shown == task.startswith("Draw")


def test_a_scan_of_a_digit_is_read_as_a_drawing_of_it_and_can_be_drawn_over(
    browser: WebDriver, url: str, tmp_path: Path
):
    images, labels = read_mnist("t10k", 20)
    seven = images[np.flatnonzero(labels == 7)[0]]
    scan = Image.fromarray(255 - seven).resize((560, 560), Image.Resampling.BICUBIC)
    scan.save(tmp_path / "seven.png")
    browser.get(url)
    wait_until_shown(browser, "offline")

    browser.find_element(By.ID, "picture").send_keys(str(tmp_path / "seven.png"))

    assert wait_for_digit(browser) == "7"
    expected = centre(255.0 - np.asarray(scan, float))
    assert np.abs(np.array(pixels(browser, "seen"), int) - expected).mean() < 3
    draw(browser, ONE)
    drawn = np.array(pixels(browser, "drawing"))
    assert drawn.shape == (280, 280)
    assert drawn[140, 140] == 255


def test_a_picture_of_nothing_and_another_file_say_so(browser: WebDriver, url: str, tmp_path: Path):
    Image.new("L", (50, 40), 255).save(tmp_path / "white.png")
    (tmp_path / "notes.txt").write_text("no picture")
    browser.get(url)
    wait_until_shown(browser, "offline")
    field = browser.find_element(By.ID, "picture")

    field.send_keys(str(tmp_path / "white.png"))
    assert wait_until_shown(browser, "problem") == "Nothing stands out in this picture."
    draw(browser, ONE)
    wait_for_digit(browser)
    assert text(browser, "problem") == ""

    field.send_keys(str(tmp_path / "notes.txt"))
    assert wait_until_shown(browser, "problem").startswith("notes.txt: expected a picture")
    assert text(browser, "digit") == "?"

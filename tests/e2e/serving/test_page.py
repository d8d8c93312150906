"""Somebody draws a digit on the server's page, or gives it a picture, in a real browser."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from modules.data_spec import DataSpec
from serving.client.digit_image import centre
from serving.client.image_model import are_signs
from serving.models.config import ModelConfig
from support.serving.colour_model import COLOURS, save_colour_model
from support.serving.fixtures import MNIST_VERSION
from support.serving.signs import SIGNS, WORDS
from support.serving.threads import running_server
from support.waiting import DEADLINE_SECONDS
from support.web.browser import (
    ONE,
    SEVEN,
    complaints,
    draw,
    headless_chromium,
    loaded,
    overflow,
    pixels,
    text,
    wait_for_answer,
    wait_for_digit,
    wait_until_shown,
)

# Drops a file on the page, as a hand with a mouse does.
_DROP = """
const transfer = new DataTransfer();
transfer.items.add(new File([Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0))], "dropped.png"));
document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
"""  # noqa: E501


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    """Starts headless Chromium."""
    with headless_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def clothes(tmp_path_factory: pytest.TempPathFactory) -> ModelConfig:
    """A model of grey images of MNIST's size, on which there are no signs."""
    folder = tmp_path_factory.mktemp("clothes")
    names = ("Trouser", "Coat", "Bag", "Sandal")
    save_colour_model(folder / "wardrobe" / "1", folder / "scratch", DataSpec(class_names=names))
    # A name that comes after mnist's, with which the page is to begin.
    return ModelConfig(name="wardrobe", base_path=str(folder / "wardrobe"))


@pytest.fixture(scope="module")
def url(models_folder: Path, colours_folder: Path, clothes: ModelConfig) -> Iterator[str]:
    """Serves our model beside models of other pictures, and one that takes no images."""
    models = [
        *(
            ModelConfig(name=n, base_path=str(models_folder / n))
            for n in ("mnist", "half_plus_two")
        ),
        *(ModelConfig(name=n, base_path=str(colours_folder / n)) for n in ("named", "nameless")),
        clothes,
    ]
    with running_server(models=models, port=None) as running:
        yield running.url


@pytest.mark.parametrize("size", [(1200, 900), (390, 844)], ids=["desk", "phone"])
@pytest.mark.parametrize(("points", "digit"), [(ONE, "1"), (SEVEN, "7")], ids=["one", "seven"])
def test_drawn_digit_is_read_and_shown(
    browser: WebDriver, url: str, tmp_path: Path, size: tuple[int, int], points: Any, digit: str
):
    browser.set_window_size(*size)
    browser.get(url)
    draw(browser, points)
    assert wait_for_digit(browser) == digit
    assert text(browser, "version") == f"version {MNIST_VERSION}"
    assert text(browser, "latency").endswith(" ms")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#probabilities li")) == 10
    sent = pixels(browser, "sent")
    assert max(map(max, sent)) == 255
    assert sum(any(row) for row in sent) == 20
    screenshot = tmp_path / f"page-{digit}.png"
    assert browser.save_screenshot(str(screenshot))
    assert screenshot.stat().st_size > 5000
    # It fits the width of the screen, and nothing was loaded or blocked.
    assert overflow(browser) == 0
    assert complaints(browser) == []
    assert all(address.startswith(f"{url}/v1/models/") for address in loaded(browser))


@pytest.mark.parametrize("shape", [(90, 140), (140, 37), (5, 9), (20, 20), (40, 5)])
def test_page_crops_scales_and_centres_as_the_command_does(
    browser: WebDriver, url: str, shape: tuple[int, int]
):
    ink = np.random.default_rng(1).uniform(0, 255, shape)
    browser.get(url)
    rows = browser.execute_script(
        "return centre(Float64Array.from(arguments[0]), arguments[1], arguments[2]);",
        ink.ravel().tolist(),
        shape[1],
        shape[0],
    )
    assert np.abs(np.array(rows) - centre(ink)).max() <= 1


def test_page_is_cleared_and_says_what_goes_wrong(browser: WebDriver, url: str):
    browser.set_window_size(1200, 900)
    browser.get(url)
    draw(browser, ONE)
    wait_for_digit(browser)
    browser.find_element(By.ID, "clear").click()
    assert text(browser, "digit") == "?"
    assert browser.find_elements(By.CSS_SELECTOR, "#probabilities li") == []
    browser.find_element(By.CSS_SELECTOR, "#model option[value=half_plus_two]").click()
    draw(browser, ONE)
    WebDriverWait(browser, DEADLINE_SECONDS).until(lambda _: text(browser, "problem"))
    assert "serve_images" in text(browser, "problem")


def _choose_model(browser: WebDriver, name: str) -> None:
    browser.find_element(By.CSS_SELECTOR, f"#model option[value={name}]").click()


def _wait_for_task(browser: WebDriver, task: str) -> None:
    WebDriverWait(browser, DEADLINE_SECONDS).until(lambda _: text(browser, "task") == task)


@pytest.fixture
def sky(tmp_path: Path) -> Path:
    """A photograph of the sky above a field, wider than high."""
    picture = Image.new("RGB", (640, 200), (20, 70, 240))
    picture.paste((10, 200, 30), (0, 190, 640, 200))
    path = tmp_path / "sky.png"
    picture.save(path)
    return path


@pytest.mark.parametrize(
    ("model", "name", "names"),
    [("named", "sky blue", COLOURS.class_names), ("nameless", "2", ("0", "1", "2", "3"))],
)
def test_a_picture_in_colour_is_answered_with_the_name_of_its_class(
    browser: WebDriver, url: str, sky: Path, model: str, name: str, names: tuple[str, ...]
):
    browser.set_window_size(390, 844)
    browser.get(url)
    _choose_model(browser, model)
    _wait_for_task(browser, "Choose a picture")
    assert not browser.find_element(By.ID, "drawing").is_displayed()

    browser.find_element(By.ID, "picture").send_keys(str(sky))

    assert wait_for_answer(browser) == name
    items = browser.find_elements(By.CSS_SELECTOR, "#probabilities li")
    assert [item.find_element(By.TAG_NAME, "span").text for item in items] == list(names)
    sent = pixels(browser, "sent", channel=2)
    assert (len(sent), len(sent[0])) == COLOURS.image_shape[:2]
    assert abs(sent[0][0] - 240) <= 1
    assert abs(sent[-1][0] - 30) <= 40  # the field is a little more than a row
    assert overflow(browser) == 0
    assert complaints(browser) == []


def test_a_picture_of_no_sign_is_given_as_it_is_and_nobody_draws_it(
    browser: WebDriver, url: str, tmp_path: Path
):
    Image.new("L", (90, 140), 250).save(tmp_path / "trouser.png")
    browser.get(url)
    _choose_model(browser, "wardrobe")
    _wait_for_task(browser, "Choose a picture")
    assert not browser.find_element(By.ID, "drawing").is_displayed()

    browser.find_element(By.ID, "picture").send_keys(str(tmp_path / "trouser.png"))

    assert wait_for_answer(browser) == "Trouser"
    # No ink is looked for on it, as it is on light paper.
    assert (np.array(pixels(browser, "sent")) == 250).all()
    _choose_model(browser, "mnist")
    _wait_for_task(browser, "Draw a digit")
    assert browser.find_element(By.ID, "drawing").is_displayed()
    assert complaints(browser) == []


def test_another_model_takes_away_the_answer_of_the_one_before(browser: WebDriver, url: str):
    browser.get(url)
    draw(browser, ONE)
    assert wait_for_digit(browser) == "1"

    _choose_model(browser, "wardrobe")

    assert text(browser, "digit") == "?"
    assert text(browser, "version") == ""
    assert browser.find_elements(By.CSS_SELECTOR, "#probabilities li") == []
    _wait_for_task(browser, "Choose a picture")
    _choose_model(browser, "mnist")
    assert wait_for_digit(browser) == "1"


@pytest.mark.parametrize("kind", [*SIGNS, *WORDS])
def test_page_tells_signs_as_the_command_does(browser: WebDriver, url: str, kind: str):
    names = {**SIGNS, **WORDS}[kind]
    browser.get(url)

    model = browser.execute_script("return describeModel([28, 28], arguments[0]);", names)

    assert model["signs"] == are_signs(names) == (kind in SIGNS)


def test_a_dropped_picture_is_asked_about_and_another_file_is_refused(
    browser: WebDriver, url: str, sky: Path, tmp_path: Path
):
    browser.get(url)
    _choose_model(browser, "named")
    _wait_for_task(browser, "Choose a picture")

    browser.execute_script(_DROP, base64.b64encode(sky.read_bytes()).decode())
    assert wait_for_answer(browser) == "sky blue"

    notes = tmp_path / "notes.txt"
    notes.write_text("no picture")
    browser.find_element(By.ID, "picture").send_keys(str(notes))
    assert wait_until_shown(browser, "problem").startswith("notes.txt: expected a picture")
    assert text(browser, "digit") == "?"


@pytest.mark.parametrize(("ink", "paper"), [("black", "white"), ("white", "black")])
def test_a_picture_of_a_digit_is_read_whether_dark_on_light_or_light_on_dark(
    browser: WebDriver, url: str, tmp_path: Path, ink: str, paper: str
):
    picture = Image.new("RGB", (400, 300), paper)
    points = [(140, 60), (240, 60), (210, 150), (180, 250)]
    ImageDraw.Draw(picture).line(points, fill=ink, width=22, joint="curve")
    picture.save(tmp_path / "seven.png")
    browser.get(url)
    _wait_for_task(browser, "Draw a digit")

    browser.find_element(By.ID, "picture").send_keys(str(tmp_path / "seven.png"))

    assert wait_for_digit(browser) == "7"
    sent = np.array(pixels(browser, "sent"))
    assert sum(sent.any(axis=1)) == 20
    assert sent.max() == 255


def test_page_asks_for_the_token_that_the_server_wants(browser: WebDriver, models_folder: Path):
    token = "an open secret"  # noqa: S105 - of this test
    models = [ModelConfig(name="mnist", base_path=str(models_folder / "mnist"))]
    with running_server(models=models, port=None, bearer_token=token) as running:
        browser.get(running.url)
        draw(browser, ONE)
        field = browser.find_element(By.ID, "token")
        WebDriverWait(browser, DEADLINE_SECONDS).until(lambda _: field.is_displayed())
        field.send_keys(token, "\n")
        assert wait_for_digit(browser) == "1"

"""Somebody draws a digit on the server's page, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from serving.client.digit_image import centre
from serving.models.config import ModelConfig
from support.serving.fixtures import MNIST_VERSION
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
    wait_for_digit,
)


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    """Starts headless Chromium."""
    with headless_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(models_folder: Path) -> Iterator[str]:
    """Serves our model beside one that takes no images."""
    models = [
        ModelConfig(name=name, base_path=str(models_folder / name))
        for name in ("mnist", "half_plus_two")
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

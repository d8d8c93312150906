"""Somebody draws a digit on the server's page, in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from serving.client.digit_image import centre
from serving.models.config import ModelConfig
from support.serving.fixtures import MNIST_VERSION
from support.serving.threads import running_server
from support.waiting import DEADLINE_SECONDS

# Around the middle of the drawing area, as shares of its side.
ONE = [(0.02, -0.32), (0.0, 0.0), (-0.02, 0.32)]
SEVEN = [(-0.22, -0.3), (0.22, -0.3), (0.08, 0.0), (-0.04, 0.32)]


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    """Starts headless Chromium."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("needs a browser; Debian: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def url(models_folder: Path) -> Iterator[str]:
    """Serves our model beside one that takes no images."""
    models = [
        ModelConfig(name=name, base_path=str(models_folder / name))
        for name in ("mnist", "half_plus_two")
    ]
    with running_server(models=models, port=None) as running:
        yield running.url


def draw(browser: WebDriver, points: list[tuple[float, float]]) -> None:
    area = browser.find_element(By.ID, "drawing")
    side = area.size["width"]
    actions = ActionChains(browser, duration=30)
    actions.move_to_element_with_offset(area, int(points[0][0] * side), int(points[0][1] * side))
    actions.click_and_hold()
    for x, y in points[1:]:
        actions.move_to_element_with_offset(area, int(x * side), int(y * side))
    actions.release().perform()


def text(browser: WebDriver, name: str) -> str:
    return browser.find_element(By.ID, name).text


def wait_for_digit(browser: WebDriver) -> str:
    WebDriverWait(browser, DEADLINE_SECONDS).until(lambda _: text(browser, "digit").isdigit())
    return text(browser, "digit")


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
    sent = browser.execute_script(
        "const data = document.getElementById('sent').getContext('2d')"
        ".getImageData(0, 0, 28, 28).data; return Array.from(data).filter((_, i) => i % 4 === 0);"
    )
    assert max(sent) == 255
    rows = [sent[28 * row : 28 * row + 28] for row in range(28)]
    assert sum(any(row) for row in rows) == 20
    screenshot = tmp_path / f"page-{digit}.png"
    assert browser.save_screenshot(str(screenshot))
    assert screenshot.stat().st_size > 5000
    # It fits the width of the screen, and nothing was loaded or blocked.
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.execute_script(overflow) == 0
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    loaded = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert all(name.startswith(f"{url}/v1/models/") for name in browser.execute_script(loaded))


@pytest.mark.parametrize("shape", [(90, 140), (140, 37), (5, 9), (20, 20)])
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

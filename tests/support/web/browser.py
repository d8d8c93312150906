"""A real browser for tests, and how a person draws in it."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from support.waiting import DEADLINE_SECONDS

# Around the middle of the drawing area, as shares of its side.
ONE = [(0.02, -0.32), (0.0, 0.0), (-0.02, 0.32)]
SEVEN = [(-0.22, -0.3), (0.22, -0.3), (0.08, 0.0), (-0.04, 0.32)]


@contextlib.contextmanager
def headless_chromium() -> Iterator[WebDriver]:
    """Starts the browser, or skips the test where there is none."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("needs a browser; Debian: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    browser.set_script_timeout(DEADLINE_SECONDS)
    try:
        yield browser
    finally:
        browser.quit()


def draw(
    browser: WebDriver, points: Sequence[tuple[float, float]], *, pointer: str = "mouse"
) -> None:
    """Draws one line through some points.

    Args:
      browser: Shows a page with a drawing area.
      points: As shares of the area's side, from its middle.
      pointer: What is drawn with, such as "touch".
    """
    area = browser.find_element(By.ID, "drawing")
    side = area.size["width"]
    device = PointerInput(pointer, f"{pointer} that draws")
    actions = ActionChains(browser, duration=30, devices=[device])
    actions.move_to_element_with_offset(area, int(points[0][0] * side), int(points[0][1] * side))
    actions.click_and_hold()
    for x, y in points[1:]:
        actions.move_to_element_with_offset(area, int(x * side), int(y * side))
    actions.release().perform()


def text(browser: WebDriver, name: str) -> str:
    """Returns what an element with this id shows."""
    return browser.find_element(By.ID, name).text


def wait_for_digit(browser: WebDriver) -> str:
    """Returns the digit that the page shows, once it shows one."""
    WebDriverWait(browser, DEADLINE_SECONDS).until(lambda _: text(browser, "digit").isdigit())
    return text(browser, "digit")


def wait_for_answer(browser: WebDriver) -> str:
    """Returns the name of the class that the page shows, once it shows one."""
    WebDriverWait(browser, DEADLINE_SECONDS).until(
        lambda _: text(browser, "digit") not in ("", "?")
    )
    return text(browser, "digit")


def wait_until_shown(browser: WebDriver, name: str) -> str:
    """Returns what an element with this id shows, once it shows something."""
    WebDriverWait(browser, DEADLINE_SECONDS).until(lambda _: text(browser, name))
    return text(browser, name)


def pixels(browser: WebDriver, name: str, channel: int = 0) -> list[list[int]]:
    """Returns the levels on a canvas with this id, row by row: grey, or of one colour."""
    return browser.execute_script(
        "const canvas = document.getElementById(arguments[0]), { width, height } = canvas;"
        "const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);"
        "return Array.from({ length: height }, (_, y) =>"
        " Array.from({ length: width }, (_, x) => data[4 * (y * width + x) + arguments[1]]));",
        name,
        channel,
    )


def overflow(browser: WebDriver) -> int:
    """Returns by how many pixels the page is wider than the window."""
    root = "document.documentElement"
    return browser.execute_script(f"return {root}.scrollWidth - {root}.clientWidth;")


def complaints(browser: WebDriver) -> list[str]:
    """Returns what the browser's console says of errors, such as what a policy forbade."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def loaded(browser: WebDriver) -> list[str]:
    """Returns the addresses of all that the page has loaded."""
    return browser.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name);"
    )

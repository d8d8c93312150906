"""Somebody draws a digit on a page that no server of ours is behind."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from serving.client.digit_image import centre
from support.mnist_model import read_mnist
from support.web.browser import (
    ONE,
    SEVEN,
    complaints,
    draw,
    loaded,
    overflow,
    pixels,
    text,
    wait_for_digit,
    wait_until_shown,
)

# Draws an image of the test set, one square for each pixel, and says what the page answers.
_DRAW_IMAGE = """
clear();
const rows = arguments[0], size = area.canvas.width / rows.length;
rows.forEach((row, y) => row.forEach((value, x) => {
  area.pen.fillStyle = `rgb(${value} ${value} ${value})`;
  area.pen.fillRect(x * size, y * size, size, size);
}));
answer();
return Array.from(document.querySelectorAll("#probabilities meter"), (meter) => meter.value);
"""


@pytest.mark.parametrize("pointer", ["mouse", "touch", "pen"])
@pytest.mark.parametrize(("points", "digit"), [(ONE, "1"), (SEVEN, "7")], ids=["one", "seven"])
def test_a_digit_is_drawn_with_whatever_is_at_hand_and_read(
    browser: WebDriver, url: str, pointer: str, points: Any, digit: str
):
    browser.get(url)

    draw(browser, points, pointer=pointer)

    assert wait_for_digit(browser) == digit
    assert re.fullmatch(r"\d+\.\d ms", text(browser, "latency"))
    items = browser.find_elements(By.CSS_SELECTOR, "#probabilities li")
    assert len(items) == 10
    shares = [float(item.text.split()[1]) for item in items]
    assert sum(shares) == pytest.approx(100, abs=0.6)  # each is rounded
    assert shares[int(digit)] == max(shares)
    # The model saw what Python makes of the same drawing.
    ink = np.array(pixels(browser, "drawing"), float)
    assert np.abs(np.array(pixels(browser, "seen")) - centre(ink)).max() <= 1


def test_digits_of_the_test_set_are_read_as_tensorflow_reads_them(
    browser: WebDriver, url: str, model: Any
):
    images, labels = read_mnist("t10k", 200)
    first_three = np.concatenate([np.flatnonzero(labels == digit)[:3] for digit in range(10)])
    images, labels = images[first_three], labels[first_three]
    browser.get(url)
    wait_until_shown(browser, "offline")

    answers, seen, drawn = [], [], []
    for image in images:
        answers.append(browser.execute_script(_DRAW_IMAGE, image.tolist()))
        seen.append(pixels(browser, "seen"))
        drawn.append(pixels(browser, "drawing"))

    expected = np.stack([centre(np.array(drawing, float)) for drawing in drawn])
    assert np.abs(np.array(seen) - expected).max() <= 1
    probabilities = model.predict(np.array(seen, np.uint8))
    np.testing.assert_allclose(answers, probabilities, atol=1e-4)
    read = np.argmax(answers, axis=1)
    assert set(read) == set(range(10))
    # It was trained for seconds: some it gets wrong, here as in TensorFlow.
    assert np.mean(read == labels) >= 0.8


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_blocked(browser: WebDriver, url: str):
    browser.get(url)
    draw(browser, SEVEN)
    wait_for_digit(browser)
    wait_until_shown(browser, "offline")

    assert complaints(browser) == []
    names = {address.removeprefix(url) for address in loaded(browser)}
    assert names >= {
        *("app.js", "digit_image.js", "picture.js", "drawing.js", "style.css"),
        *("lib/tfjs-backend-wasm-simd.wasm", "model/model.json", "model/group1-shard1of1.bin"),
    }
    assert not any(":" in name for name in names)


def test_no_script_of_others_runs(browser: WebDriver, url: str):
    browser.get(url)
    wait_until_shown(browser, "offline")

    ran = browser.execute_script(
        "const script = document.createElement('script');"
        "script.textContent = 'window.ran = true'; document.body.append(script);"
        "return Boolean(window.ran);"
    )

    assert not ran
    assert any("Content Security Policy" in complaint for complaint in complaints(browser))


def test_it_is_cleared_by_key_and_by_button(browser: WebDriver, url: str):
    browser.get(url)
    for clear in (
        lambda: ActionChains(browser).send_keys(Keys.ESCAPE).perform(),
        lambda: browser.find_element(By.ID, "clear").send_keys(Keys.ENTER),
        lambda: browser.find_element(By.ID, "clear").click(),
    ):
        draw(browser, ONE)
        wait_for_digit(browser)

        clear()

        assert text(browser, "digit") == "?"
        assert text(browser, "latency") == ""
        assert browser.find_elements(By.CSS_SELECTOR, "#probabilities li") == []
        assert not np.any(pixels(browser, "drawing"))
        assert not np.any(pixels(browser, "seen"))


def test_a_tap_beside_the_drawing_area_and_an_empty_one_are_no_digit(browser: WebDriver, url: str):
    browser.get(url)
    wait_until_shown(browser, "offline")

    browser.find_element(By.TAG_NAME, "h1").click()
    browser.execute_script("answer();")

    assert text(browser, "digit") == "?"


def test_whoever_does_not_see_the_page_is_told_what_is_on_it(browser: WebDriver, url: str):
    browser.get(url)
    draw(browser, SEVEN)
    wait_for_digit(browser)

    def name(selector: str) -> str:
        return browser.find_element(By.CSS_SELECTOR, selector).accessible_name

    assert name("#drawing").startswith("Drawing area")
    assert name("#seen").startswith("The picture that the model was given")
    assert name("#clear") == "Clear"
    assert name("li.best meter") == "Probability of 7"
    [status] = browser.find_elements(By.CSS_SELECTOR, "section [role=status]")
    assert status.aria_role == "status"
    assert status.get_property("textContent").startswith("The model sees 7, ")
    assert browser.find_element(By.ID, "problem").aria_role == "alert"


def test_all_that_can_be_operated_is_reached_by_the_tab_key_and_shows_it(
    browser: WebDriver, url: str
):
    browser.get(url)

    reached = []
    for _ in range(4):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        focused = browser.switch_to.active_element
        reached.append(focused.get_attribute("id") or focused.tag_name)
        shown = focused.find_element(By.XPATH, "(ancestor::label | self::*)[1]")
        assert shown.value_of_css_property("outline-style") == "solid"

    assert reached == ["drawing", "picture", "clear", "a"]


@pytest.mark.parametrize("width", [320, 360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_the_light_of_the_room(
    browser: WebDriver, url: str, tmp_path: Path, width: int, scheme: str
):
    screen = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        browser.get(url)
        draw(browser, SEVEN)
        wait_for_digit(browser)

        assert browser.execute_script("return window.innerWidth;") == width
        assert overflow(browser) == 0
        area = browser.find_element(By.ID, "drawing")
        assert area.size["width"] >= 200
        assert area.value_of_css_property("touch-action") == "none"
        body = browser.find_element(By.TAG_NAME, "body")
        assert float(body.value_of_css_property("font-size").removesuffix("px")) >= 16
        ink, paper = (
            sum(map(int, body.value_of_css_property(name)[5:].split(",")[:3]))
            for name in ("color", "background-color")
        )
        assert (ink < paper) == (scheme == "light")
        assert abs(ink - paper) > 500
        assert browser.save_screenshot(str(tmp_path / "page.png"))
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

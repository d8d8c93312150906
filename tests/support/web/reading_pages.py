"""Whether a page can be read: on any window, by light or dark, and by everybody."""

import sys
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

_AXE = Path(sys.prefix) / "node-dev" / "node_modules" / "axe-core" / "axe.min.js"

# Text is cut where it leaves what holds it; what scrolls holds as much as there is.
_FIND_CUT_TEXTS = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const cut = [];
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const element = node.parentElement;
  if (!node.data.trim() || !element.checkVisibility() || element.closest(".skip")) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  const holder = element.closest("svg, .scroll, nav ol, pre, section") || document.body;
  const { left, width } = holder.getBoundingClientRect();
  const start = left - holder.scrollLeft;
  const end = start + (holder.matches(".scroll, nav ol, pre") ? holder.scrollWidth : width);
  for (const rect of range.getClientRects()) {
    if (rect.left < start - 1 || rect.right > end + 1) cut.push(node.data.trim());
  }
}
for (const name of document.querySelectorAll("svg .name")) {
  const box = document.querySelector("svg .box").getBBox();
  if (name.getBBox().width > box.width) cut.push(name.textContent);
}
return cut;
"""

_ASK_AXE = """
const done = arguments[0];
axe.run(document, { preload: false }).then(
  ({ violations }) => done(violations.map(({ id, nodes }) => [id, nodes.map((each) => each.html)])),
  (error) => done([["axe", [String(error)]]]),
);
"""


def show(browser: WebDriver, page: Path, *, width: int, scheme: str) -> None:
    """Opens a page as a person with this window and colour scheme sees it.

    Args:
      browser: Chromium.
      page: A file.
      width: Of the window, in CSS pixels.
      scheme: `light` or `dark`.
    """
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    _tell(browser, "Emulation.setEmulatedMedia", media)
    _tell(browser, "Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())


def show_as_printed(browser: WebDriver) -> None:
    """Shows the page as it is on paper."""
    _tell(browser, "Emulation.setEmulatedMedia", {"media": "print"})


def is_seen(browser: WebDriver, selector: str) -> bool:
    """Returns whether the first element of a CSS selector is rendered."""
    script = "return document.querySelector(arguments[0]).checkVisibility();"
    return browser.execute_script(script, selector)


def cut_texts(browser: WebDriver) -> list[str]:
    """Returns texts of which a part cannot be seen, not even by scrolling."""
    return browser.execute_script(_FIND_CUT_TEXTS)


def violations(browser: WebDriver) -> list[Any]:
    """Returns what axe-core finds that keeps people out; skips the test where it is missing."""
    if not _AXE.is_file():
        pytest.skip("needs the npm packages of tests; make .venv/.node-dev adds them")
    browser.execute_script(_AXE.read_text(encoding="utf-8"))
    return browser.execute_async_script(_ASK_AXE)


def _tell(browser: WebDriver, command: str, parameters: dict[str, Any]) -> None:
    browser.execute("executeCdpCommand", {"cmd": command, "params": parameters})

"""The demo on a static host, without a network, and with a file that is missing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from support.waiting import DEADLINE_SECONDS
from support.web.browser import (
    ONE,
    SEVEN,
    complaints,
    draw,
    loaded,
    text,
    wait_for_digit,
    wait_until_shown,
)
from support.web.static_host import StaticHost, static_host

# Installs the service worker, and says how that ended.
_INSTALL = """
const done = arguments[0];
(async function install() {
  const { installing } = await navigator.serviceWorker.register("service_worker.js");
  if (!installing) return install(); // the page's own try has just ended
  const tell = () => { if (["activated", "redundant"].includes(installing.state)) done(installing.state); };
  installing.addEventListener("statechange", tell);
  tell();
})();
"""  # noqa: E501


def test_all_but_the_model_is_smaller_than_a_photograph(demo: Path):
    sizes = {
        path.relative_to(demo).as_posix(): path.stat().st_size
        for path in demo.rglob("*")
        if path.is_file()
    }

    assert sum(size for name, size in sizes.items() if not name.startswith("model/")) < 2_000_000


@pytest.mark.parametrize("page", ["", "index.html", "?from=elsewhere#top"])
def test_once_loaded_it_works_without_a_network(
    browser: WebDriver, demo: Path, tmp_path: Path, page: str
):
    with static_host(tmp_path / "host") as host:
        url = host.address(demo)
        browser.get(url)
        assert "without a network" in wait_until_shown(browser, "offline")

    browser.get(url + page)
    draw(browser, SEVEN)

    assert wait_for_digit(browser) == "7"
    assert complaints(browser) == []


def test_the_page_is_asked_for_once(browser: WebDriver, host: StaticHost, url: str):
    browser.get(url)
    wait_until_shown(browser, "offline")
    before = len(host.asked)

    browser.refresh()
    draw(browser, ONE)
    wait_for_digit(browser)
    wait_until_shown(browser, "offline")

    assert set(host.asked[before:]) <= {f"{urlsplit(url).path}service_worker.js"}


def test_a_newer_version_is_told_of_and_shown_when_the_page_is_loaded_again(
    browser: WebDriver, demo: Path, write: Callable[..., Path], tmp_path: Path, url: str
):
    browser.get(url)
    wait_until_shown(browser, "offline")
    old = demo.rename(tmp_path / "old")
    write(tmp_path / "new", title="A newer page").rename(demo)
    _publish_at_once(old, demo)

    browser.refresh()
    WebDriverWait(browser, DEADLINE_SECONDS).until(
        lambda _: "newer version" in text(browser, "offline")
    )
    # What it shows has all come from one version.
    assert browser.title == "Draw a digit"
    draw(browser, SEVEN)
    assert wait_for_digit(browser) == "7"

    WebDriverWait(browser, DEADLINE_SECONDS).until(lambda _: _reload(browser) == "A newer page")
    draw(browser, ONE)
    assert wait_for_digit(browser) == "1"
    wait_until_shown(browser, "offline")
    caches = browser.execute_script("return caches.keys();")
    assert len([name for name in caches if name.startswith(url)]) == 1


def _publish_at_once(old: Path, new: Path) -> None:
    """Has both versions of the demo come from the same moment, as on a machine that is fast."""
    for path in (path for path in new.rglob("*") if path.is_file()):
        written = (old / path.relative_to(new)).stat().st_mtime
        os.utime(path, (written, written))


def _reload(browser: WebDriver) -> str:
    browser.refresh()
    return browser.title


def test_two_demos_on_one_host_do_not_take_each_others_files(
    browser: WebDriver, demo: Path, write: Callable[..., Path], tmp_path: Path
):
    second = write(tmp_path / "host" / "second", title="The second")
    with static_host(tmp_path / "host") as host:
        urls = [host.address(demo), host.address(second)]
        for url in urls:
            browser.get(url)
            wait_until_shown(browser, "offline")

    titles = []
    for url in urls:
        browser.get(url)
        draw(browser, SEVEN)
        assert wait_for_digit(browser) == "7"
        titles.append(browser.title)

    assert titles == ["Draw a digit", "The second"]


def test_files_of_two_versions_are_not_kept_as_one(browser: WebDriver, demo: Path, url: str):
    style = demo / "style.css"
    style.write_text(style.read_text() + "/* of another version */")
    browser.get(url)
    draw(browser, SEVEN)
    assert wait_for_digit(browser) == "7"

    assert browser.execute_async_script(_INSTALL) == "redundant"
    assert text(browser, "offline") == ""


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ("app.js", "a file of the page is missing"),
        ("lib/tf-core.es2017.min.js", "The file lib/tf-core.es2017.min.js is missing"),
        ("lib/tf-converter.es2017.min.js", "The file lib/tf-converter.es2017.min.js is missing"),
        ("lib/tfjs-backend-wasm-simd.wasm", "a file of WebAssembly in lib is missing"),
        ("model/model.json", "The model cannot be loaded: "),
        ("model/group1-shard1of1.bin", "The model cannot be loaded: "),
    ],
)
def test_a_file_that_is_missing_is_told_of_in_words(
    browser: WebDriver, demo: Path, url: str, missing: str, problem: str
):
    (demo / missing).unlink()
    browser.get(url)

    WebDriverWait(browser, DEADLINE_SECONDS).until(lambda _: problem in text(browser, "problem"))
    draw(browser, SEVEN)

    assert text(browser, "digit") == "?"
    assert text(browser, "latency") == ""


def test_a_browser_without_webassembly_is_told_so(browser: WebDriver, url: str):
    with _beforehand(browser, "delete globalThis.WebAssembly;"):
        browser.get(url)

        assert "This browser has no WebAssembly" in wait_until_shown(browser, "problem")


def test_a_browser_without_simd_reads_digits(browser: WebDriver, url: str):
    # It finds out whether the browser has SIMD by this question.
    with _beforehand(browser, "WebAssembly.validate = () => false;"):
        browser.get(url)
        draw(browser, SEVEN)

        assert wait_for_digit(browser) == "7"
    assert f"{url}lib/tfjs-backend-wasm.wasm" in loaded(browser)


@contextmanager
def _beforehand(browser: WebDriver, script: str) -> Iterator[None]:
    """Within the block, a script runs before those of any page."""
    added = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_a_folder_that_is_opened_without_a_server_says_what_it_needs(
    browser: WebDriver, demo: Path
):
    browser.get((demo / "index.html").as_uri())

    assert "put this folder on a web server" in wait_until_shown(browser, "problem")

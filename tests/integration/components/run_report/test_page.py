"""The page in a real browser: whole, legible and silent, on a desk and on a phone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from components.run_report.content.report import Report
from components.run_report.page.rendering import (
    COMPARED,
    SECTIONS,
    render_comparison,
    render_page,
)
from support.run_report.made_up import make_failed, make_other, make_refused, make_report
from support.run_report.many_classes import make_report_of_many_classes
from support.web.browser import complaints, headless_chromium, loaded, overflow
from support.web.reading_pages import cut_texts, is_seen, show, show_as_printed, violations

DESK, PHONE = 1280, 390
REPORTS = {"pushed": make_report, "refused": make_refused, "failed": make_failed}


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    with headless_chromium() as browser:
        yield browser


@pytest.fixture(params=REPORTS)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return _write(REPORTS[request.param], tmp_path)


def _write(make: Callable[[], Report], folder: Path) -> Path:
    return _write_page(render_page(make()), folder)


def _write_page(page: str, folder: Path) -> Path:
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_every_section_is_seen_and_no_text_is_cut(browser: WebDriver, page: Path, width: int):
    show(browser, page, width=width, scheme="light")

    headings = [each.text for each in browser.find_elements(By.CSS_SELECTOR, "section > h2")]
    assert headings[1:] == list(SECTIONS.values())[1:]
    assert headings[0]
    assert cut_texts(browser) == []
    assert overflow(browser) == 0


def test_nothing_is_loaded_no_script_runs_and_the_console_is_silent(browser: WebDriver, page: Path):
    show(browser, page, width=DESK, scheme="light")

    assert [address for address in loaded(browser) if not address.startswith("data:")] == []
    assert complaints(browser) == []
    assert browser.find_elements(By.TAG_NAME, "script") == []


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(
    browser: WebDriver, page: Path, width: int, scheme: str
):
    show(browser, page, width=width, scheme=scheme)

    assert violations(browser) == []


@pytest.mark.parametrize("number", [10, 40, 47, 256])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_long_names_of_classes_break_no_table(
    browser: WebDriver, tmp_path: Path, number: int, width: int
):
    page = render_page(make_report_of_many_classes(number, is_named=True))

    show(browser, _write_page(page, tmp_path), width=width, scheme="light")

    assert cut_texts(browser) == []
    assert overflow(browser) == 0
    assert violations(browser) == []


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
@pytest.mark.parametrize("other", [make_other, make_failed])
def test_a_comparison_is_as_legible_and_silent(
    browser: WebDriver, tmp_path: Path, other: Callable[[], Report], width: int, scheme: str
):
    page = _write_page(render_comparison(make_report(), other()), tmp_path)

    show(browser, page, width=width, scheme=scheme)

    headings = [each.text for each in browser.find_elements(By.CSS_SELECTOR, "section > h2")]
    assert headings == list(COMPARED.values())
    assert [address for address in loaded(browser) if not address.startswith("data:")] == []
    assert complaints(browser) == []
    assert cut_texts(browser) == []
    assert overflow(browser) == 0
    assert violations(browser) == []


def test_the_first_key_leads_past_the_navigation(browser: WebDriver, tmp_path: Path):
    show(browser, _write(make_report, tmp_path), width=DESK, scheme="light")

    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)

    assert browser.switch_to.active_element.text == "Skip to the verdict"


def test_what_is_folded_is_there_on_paper(browser: WebDriver, tmp_path: Path):
    show(browser, _write(make_report, tmp_path), width=DESK, scheme="light")
    assert not is_seen(browser, "#data details pre")
    assert is_seen(browser, "nav")

    show_as_printed(browser)

    assert is_seen(browser, "#data details pre")
    assert not is_seen(browser, "nav")


def test_a_cut_text_would_be_found(browser: WebDriver, tmp_path: Path):
    path = tmp_path / "cut.html"
    path.write_text("<section style='width: 5rem; overflow: hidden'><nobr>as wide as it is</nobr>")

    show(browser, path, width=DESK, scheme="light")

    assert cut_texts(browser) == ["as wide as it is"]

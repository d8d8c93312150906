"""The page: whole without a network, and text wherever data speak."""

import re
from html.parser import HTMLParser

import pytest

from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.content.search import Search
from components.run_report.content.training import Curve, Training
from components.run_report.page.rendering import SECTIONS, render_page
from support.run_report.made_up import (
    NUM_MISREAD,
    make_failed,
    make_refused,
    make_report,
    with_names,
)
from support.run_report.made_up_search import make_search
from support.run_report.many_classes import make_report_of_many_classes

REPORTS = {"pushed": make_report, "refused": make_refused, "failed": make_failed}


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]()


class _Elements(HTMLParser):
    """Collects elements, and the addresses that a browser would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("src", "href", "srcset", "action"):
                self.addresses.append(value or "")


def test_every_section_is_there_once_and_in_order(report: Report):
    ids = [each for each in _Elements(render_page(report)).ids if not each.endswith("-title")]

    assert ids == list(SECTIONS)


def test_nothing_is_loaded_and_nothing_is_run(report: Report):
    page = render_page(report)
    elements = _Elements(page)

    assert not {"script", "link", "iframe", "object"} & set(elements.tags)
    assert all(address.startswith(("#", "data:image/png;")) for address in elements.addresses)
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_markup_in_names_and_errors_is_text(report: Report):
    page = render_page(report)

    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_page_with_all_in_it_is_small():
    assert len(render_page(make_report()).encode()) < 3_000_000


def test_a_part_that_is_missing_says_why():
    page = render_page(make_failed())

    assert page.count("The run did not get as far.") == 6


def test_misread_examples_that_are_not_shown_are_counted():
    page = render_page(make_report())

    assert "270 of 10,000 examples" in page
    assert f"The first {NUM_MISREAD} are" in page
    assert len(re.findall(r"taken for a", page)) == NUM_MISREAD


def test_the_model_card_is_markdown_below_the_sections_heading():
    page = render_page(make_report())

    assert "<h3>Card</h3>" in page
    assert "<em>reading</em>" in page
    assert "<td>1</td>" in page


def test_the_values_of_the_last_blessed_model_stand_beside():
    page = render_page(make_report())

    [row] = re.findall(r'<tr><th scope="row"><span>label 3</span></th>(.*?)</tr>', page)
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", row)
    assert cells == ["accuracy", "0.9900", "&gt;= 0.9500", "1,000", "0.9850", "ok"]


def test_metrics_of_each_class_are_a_table_and_no_figures_on_top():
    report = make_report()
    metrics = {
        "f1_score (macro average)": 0.91,
        **{f"precision (class {label})": label / 100 for label in range(12)},
        **{f"recall (class {label})": label / 50 for label in range(12)},
    }
    evaluation = report.measurements.evaluation.model_copy(update={"metrics": metrics})
    measurements = report.measurements.model_copy(update={"evaluation": evaluation})

    page = render_page(report.model_copy(update={"measurements": measurements}))

    assert "<dt>f1 score (macro average)" in page
    assert "<dt>precision" not in page
    [table] = re.findall("Each class against the rest</span>.*?</table>", page, re.DOTALL)
    rows = [re.findall(">([^<>\n]+)<", row) for row in table.split("<tr>")[1:]]
    assert rows[0] == ["class", "precision", "recall"]
    assert rows[-1] == ["11", "0.1100", "0.2200"]


def test_without_metrics_of_a_class_there_is_no_table_of_them():
    assert "Each class against the rest" not in render_page(make_report())


def test_a_section_that_cannot_be_drawn_leaves_the_others():
    report = make_report()
    training = Training(curves=(), chosen_epoch=1, hyperparameters={})
    measurements = report.measurements.model_copy(update={"training": training})

    page = render_page(report.model_copy(update={"measurements": measurements}))

    assert "This section cannot be drawn: " in page
    assert [each for each in _Elements(page).ids if not each.endswith("-title")] == list(SECTIONS)
    assert "Confusion matrix" in page


def test_numbers_that_are_none_are_not_drawn():
    report = make_report()
    curves = (Curve(name="loss", values=(0.5, float("nan"), float("inf"))),)
    training = Training(curves=curves, chosen_epoch=1, hyperparameters={})
    measurements = report.measurements.model_copy(update={"training": training})

    page = render_page(report.model_copy(update={"measurements": measurements}))

    assert "This section cannot be drawn" not in page
    assert not re.search(r'(cx|cy|d)="[^"]*(nan|inf)', page)


def test_with_256_classes_a_page_is_still_small_and_shows_what_is_confused_most():
    page = render_page(make_report_of_many_classes(256))

    assert len(page.encode()) < 3_000_000
    assert "pairs of classes that are confused most" in page


def render_with(search: Search | Missing | None) -> str:
    report = make_report()
    measurements = report.measurements.model_copy(update={"search": search})
    return render_page(report.model_copy(update={"measurements": measurements}))


def test_search_is_drawn_against_each_hyperparameter_and_listed():
    page = render_with(make_search(0.991, 0.987, None))

    for name in ("learning rate", "filters", "augment"):
        assert f"Accuracy on eval by {name}" in page
    assert "the 5,000 rows of the split eval" in page
    assert '<td class="number">0.9910</td>' in page
    assert '<td class="number">diverged</td>' in page


def test_search_that_never_switched_something_still_shows_both_ends():
    page = render_with(make_search(0.991))

    chart = page.partition("Accuracy on eval by augment")[2]
    below = re.findall(r'x="([\d.]+)" y="([\d.]+)"[^>]*>[01]</text>', chart.partition("</svg>")[0])
    lowest = max(float(y) for _, y in below)
    assert len({x for x, y in below if float(y) == lowest}) == 2


def test_values_that_a_tuner_chose_say_so():
    report = make_report()
    training = report.measurements.training
    assert isinstance(training, Training)
    chosen = training.model_copy(update={"hyperparameters": {"filters": 32}, "tuned": ("filters",)})
    measurements = report.measurements.model_copy(update={"training": chosen})

    page = render_page(report.model_copy(update={"measurements": measurements}))

    assert "32, chosen by Tuner" in page


def test_run_without_a_search_says_nothing_of_one():
    assert "Search for hyperparameters" not in render_with(None)


def test_search_that_cannot_be_read_says_why():
    assert "the disk is gone" in render_with(Missing(reason="the disk is gone"))


def test_names_of_classes_stand_beside_their_numbers():
    page = render_page(with_names(make_report()))

    assert '<th scope="row"><span>label 3 (class number 3)</span></th>' in page
    assert '<th scope="row">3 (class number 3)</th>' in page, "of examples"
    assert 'alt="Example 1 of class 3 (class number 3)"' in page
    assert '<th scope="row"><span>3 (class number 3)</span></th>' in page, "of the matrix"
    assert '<th scope="col" title="3 (class number 3)">3</th>' in page
    assert "<title>3 (class number 3)</title>" in page, "of the chart"
    assert "<strong>0 (class number 0) read as 8 (class number 8)</strong>" in page


def test_the_name_of_a_class_is_no_markup():
    page = render_page(with_names(make_refused()))

    assert "<script" not in page
    assert "accuracy of label 9 (&#39;&#34;&gt;&lt;script&gt;" in page


def test_without_names_a_page_speaks_of_numbers():
    page = render_page(make_report())

    assert '<th scope="col">3</th>' in page
    assert "3 (" not in page


def test_the_pairs_that_are_confused_most_are_told_with_their_names():
    page = render_page(make_report_of_many_classes(47, is_named=True))

    assert re.search(r'<th scope="row"><span>\d+ \(a class with .*</span></th>\n<td>\d+ \(a', page)

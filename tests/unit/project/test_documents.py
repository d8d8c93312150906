"""What README, docs and the other documents say can be found where they say it."""

import re
from pathlib import Path

import pytest

from components.model_exporter.formats import BOUNDS, ExportFormat
from pipeline.config_sources import describe_keys, load_config
from runners.commands.main import main
from support.markdown_reader import read_code, read_tables
from support.project import PROJECT

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "data/*.md", "benchmarks/*.md", "deploy/**/*.md")
    for path in PROJECT.glob(pattern)
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_relative_link_leads_somewhere(document: Path):
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", document.read_text())

    missing = [
        link for link in links if "://" not in link and not (document.parent / link).exists()
    ]

    assert missing == []


def test_the_readme_lists_every_configuration_key_with_its_meaning():
    text = (PROJECT / "README.md").read_text()
    rows = dict(re.findall(r"^\| `([\w.]+)` \| .* \| (.*) \|$", text, re.MULTILINE))

    expected = {
        key: description.partition(" Default: ")[0] for key, description in describe_keys().items()
    }

    assert {key: rows.get(key) for key in expected} == expected


def test_the_readme_names_every_command():
    text = (PROJECT / "README.md").read_text()

    missing = [name for name in main.list_commands(None) if f"tfx-mnist {name}" not in text]

    assert missing == []


def test_the_document_of_exports_names_every_format_with_its_bounds():
    formats, bounds, *_ = read_tables((PROJECT / "docs" / "exports.md").read_text())

    assert [row[0] for row in formats[1:]] == [*ExportFormat]
    assert bounds[1:] == [
        [
            name,
            f"{bound.min_agreement}",
            f"{bound.max_difference:g}",
            bound.weight_type,
            f"{bound.max_weight_share}",
        ]
        for name, bound in BOUNDS.items()
    ]


def test_the_option_that_asks_for_all_exports_is_one():
    command = read_code((PROJECT / "docs" / "exports.md").read_text())["Ask for them", ""]
    [override] = re.findall(r"--set '(\S+)'", command)

    assert load_config(overrides=[override]).exports == tuple(ExportFormat)


def test_every_test_that_the_fault_table_names_exists():
    text = (PROJECT / "docs" / "reliability.md").read_text()
    tables = re.findall(r"^\| fault \|.*\n\|---.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    faults = [row for table in tables for row in table.splitlines()]
    named = {row: re.findall(r"`((?:unit|integration|e2e)/[\w/]+\.py)`", row) for row in faults}

    assert faults
    assert [row for row, names in named.items() if not names] == []
    missing = {
        name
        for names in named.values()
        for name in names
        if not (PROJECT / "tests" / name).exists()
    }
    assert missing == set()

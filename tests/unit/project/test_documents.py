"""What README, docs and the other documents say can be found where they say it."""

import re
from pathlib import Path

import pytest

from pipeline.config_sources import describe_keys
from runners.commands.main import main
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


def test_every_test_that_the_fault_table_names_exists():
    text = (PROJECT / "docs" / "reliability.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    faults = [row for row in rows if not row.startswith(("| fault ", "|---"))]
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

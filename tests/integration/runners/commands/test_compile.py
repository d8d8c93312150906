"""`tfx-mnist compile` in a checkout, by the lines that the documents print."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from support.programs import TFX_MNIST
from support.project import PROJECT
from support.warm_python.processes import WarmPython

pytest.importorskip("kfp", reason="kfp installs on Python 3.11 only")

_SUFFIXES = (".yaml", ".ir.json", ".graph.json")


def _printed_lines(command: str) -> list[str]:
    """Returns what the documents print of a command, each line whole and once."""
    documents = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
    text = "\n".join(document.read_text() for document in documents).replace("\\\n", " ")
    lines = re.findall(rf"^ *(\.venv/bin/tfx-mnist {command} .*)$", text, re.MULTILINE)
    return list(dict.fromkeys(" ".join(shlex.split(line, comments=True)) for line in lines))


def _make_checkout(folder: Path) -> Path:
    for part in ("deploy", "data/schema", "docs/model_card.md"):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copyfile
        copy(PROJECT / part, folder / part)
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make_checkout(tmp_path_factory.mktemp("checkout"))


def _run(
    warm_python: WarmPython, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [warm_python.executable, "-c", TFX_MNIST, *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )


def _run_node(
    warm_python: WarmPython, compiled: Path, folder: Path
) -> subprocess.CompletedProcess[str]:
    options = ["--ir", str(compiled.with_suffix(".ir.json")), "--node", "SchemaImporter"]
    mlmd = ["--mlmd", f"sqlite://{folder / 'metadata.db'}", "--run-id", "first"]
    return subprocess.run(
        [warm_python.executable, "-m", "runners.node", *options, *mlmd],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_documents_print_a_line_for_every_orchestrator():
    printed = [line.split()[2] for line in _printed_lines("compile")]

    assert {"airflow", "kubeflow", "vertex"} <= set(printed)
    assert [line.split()[2] for line in _printed_lines("submit")] == ["kubeflow", "vertex"]


@pytest.mark.parametrize("line", _printed_lines("compile"))
def test_a_printed_line_works_in_a_checkout_without_an_image(
    line: str, checkout: Path, warm_python: WarmPython
):
    answer = _run(warm_python, checkout, *line.split()[1:])

    assert answer.returncode == 0, answer.stdout + answer.stderr
    written = [Path(path) for path in answer.stdout.splitlines()]
    assert {len(written), len([path for path in written if path.is_file()])} <= {1, 3}
    on_this_machine = "--settings" not in line
    for path in written:
        assert on_this_machine or str(checkout) not in path.read_text(), path.name
    examples = [
        name for name in ("example.com", "my-project", "my-bucket") if name in answer.stderr
    ]
    assert on_this_machine or examples


@pytest.mark.parametrize("line", _printed_lines("submit"))
def test_what_the_examples_compile_to_is_not_sent(
    line: str, checkout: Path, warm_python: WarmPython
):
    file = line.split()[3]
    [compile_line] = [each for each in _printed_lines("compile") if f"--output {file}" in each]
    assert _run(warm_python, checkout, *compile_line.split()[1:]).returncode == 0

    answer = _run(warm_python, checkout, *line.split()[1:])

    assert answer.returncode == 2
    assert f"{file}: replace what is an example's" in answer.stderr
    assert "/tfx-mnist:0.1.0\n" in answer.stderr


def test_another_checkout_and_the_image_compile_to_the_same_and_a_node_finds_it_the_same(
    checkout: Path, warm_python: WarmPython, tmp_path: Path
):
    image = _make_checkout(tmp_path / "image" / "home")
    settings = yaml.safe_load((checkout / "deploy" / "kubeflow" / "settings.yaml").read_text())
    settings["image_home"] = str(image)
    settings["volumes"][0]["path"] = str(tmp_path / "volume")
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(settings))
    compiled = {}
    for folder in (checkout, _make_checkout(tmp_path / "another"), image):
        output = folder / "compiled" / "digits.yaml"
        answer = _run(
            warm_python,
            folder,
            *("compile", "kubeflow", "--settings", str(file), "--output", str(output)),
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        compiled[folder] = [output.with_suffix(suffix).read_bytes() for suffix in _SUFFIXES]

    assert len({tuple(files) for files in compiled.values()}) == 1
    work = tmp_path / "volume"
    work.mkdir()
    node = _run_node(warm_python, checkout / "compiled" / "digits.yaml", work)
    assert node.returncode == 0, node.stdout + node.stderr
    assert "SchemaImporter complete" in node.stdout

    with (image / "data" / "schema" / "schema.pbtxt").open("a") as contract:
        contract.write("# edited in the image, not in the checkout\n")
    node = _run_node(warm_python, checkout / "compiled" / "digits.yaml", work)
    assert node.returncode == 1
    assert "received others here; they concern SchemaImporter" in node.stdout


def test_a_folder_that_is_no_checkout_is_one_error_with_what_to_do(
    warm_python: WarmPython, tmp_path: Path
):
    settings = str(PROJECT / "deploy" / "kubeflow" / "settings.yaml")

    answer = _run(
        warm_python,
        tmp_path,
        *("compile", "kubeflow", "--settings", settings, "--output", "out/digits.yaml"),
    )

    assert answer.returncode == 1
    assert f"{tmp_path / 'data/schema/schema.pbtxt'}: the data contract is missing" in answer.stderr
    assert list((tmp_path / "out").iterdir()) == []

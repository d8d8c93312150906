"""`tfx-mnist compile` in a checkout, by the lines that the documents print."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from support.programs import TFX_MNIST
from support.project import PROJECT
from support.warm_python.processes import WarmPython

NEEDS_KFP = pytest.mark.skipif(
    importlib.util.find_spec("kfp") is None, reason="kfp installs on Python 3.11 only"
)
ON_VOLUME = ("/tfx/runs/tfx-mnist", "/tfx/serving_model/tfx-mnist", "/home/tfx/data/mnist")
IN_BUCKET = tuple(
    f"gs://my-bucket/{path}" for path in ("runs/tfx-mnist", "serving_model/tfx-mnist", "data/mnist")
)
PLACED = {"airflow": ON_VOLUME, "kubeflow": ON_VOLUME, "vertex": IN_BUCKET}
OUTPUTS = {
    "airflow": ("", ["tfx_mnist.py", "tfx_mnist.ir.json", "tfx_mnist.graph.json"]),
    "kubeflow": ("digits.yaml", ["digits.yaml", "digits.ir.json", "digits.graph.json"]),
    "vertex": ("digits.json", ["digits.json"]),
}
SETTINGS = {
    "airflow": "airflow/kubernetes.yaml",
    "kubeflow": "kubeflow/settings.yaml",
    "vertex": "vertex/settings.yaml",
}


def _printed_lines(command: str) -> list[str]:
    """Returns what the documents print of a command, each line whole and once."""
    documents = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
    text = "\n".join(document.read_text() for document in documents).replace("\\\n", " ")
    lines = re.findall(rf"^ *\.venv/bin/tfx-mnist ({command} .*)$", text, re.MULTILINE)
    return list(dict.fromkeys(" ".join(line.partition("#")[0].split()) for line in lines))


def _where_kfp_is(names: list[str]) -> list[object]:
    """Returns the names, or lines, of which all but Airflow's need kfp."""
    return [
        name if "airflow" in name.split()[:2] else pytest.param(name, marks=NEEDS_KFP)
        for name in names
    ]


def _find_examples(checkout: Path, line: str) -> set[str]:
    """Returns the values of an example that stand in the files which a line names."""
    files = re.findall(r"deploy/\S+\.yaml", line)
    content = [yaml.safe_load((checkout / file).read_text()) for file in files]
    return set(re.findall(r"[^\s\"',]*(?:example\.|my-)[^\s\"',]*", str(content)))


def _make_checkout(folder: Path) -> Path:
    for part in ("deploy", "data/schema", "docs/model_card.md"):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copyfile
        copy(PROJECT / part, folder / part)
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make_checkout(tmp_path_factory.mktemp("a checkout"))


def _run(
    warm_python: WarmPython, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [warm_python.executable, *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )


def _tfx_mnist(
    warm_python: WarmPython, folder: Path, line: str
) -> subprocess.CompletedProcess[str]:
    return _run(warm_python, folder, "-c", TFX_MNIST, *line.split())


def _write_own_settings(checkout: Path, orchestrator: str, file: Path, home: Path) -> None:
    """Writes an example with a registry and a bucket of one's own, and the image's home."""
    text = (checkout / "deploy" / SETTINGS[orchestrator]).read_text()
    text = text.replace("example.com", "digits.io").replace("my-", "our-")
    settings = yaml.safe_load(text)
    settings.get("kubernetes", settings)["image_home"] = str(home)
    file.write_text(yaml.safe_dump(settings))


def test_the_documents_print_a_line_for_every_orchestrator():
    assert {line.split()[1] for line in _printed_lines("compile")} == {*PLACED}
    assert [line.split()[1] for line in _printed_lines("submit")] == ["kubeflow", "vertex"]


@pytest.mark.parametrize("line", _where_kfp_is(_printed_lines("compile")))
def test_a_printed_line_works_in_a_checkout_without_an_image(
    line: str, checkout: Path, warm_python: WarmPython
):
    orchestrator = line.split()[1]
    answer = _tfx_mnist(warm_python, checkout, line)

    assert answer.returncode == 0, answer.stdout + answer.stderr
    written = [Path(path) for path in answer.stdout.splitlines()]
    assert len(written) == len(OUTPUTS[orchestrator][1])
    text = "\n".join(path.read_text() for path in written)
    examples = _find_examples(checkout, line)
    assert {value for value in examples if f"  {value}\n" not in answer.stderr} == set()
    assert bool(answer.stderr) == bool(examples)
    if "--settings" in line:
        assert str(checkout) not in text
    if "--settings" in line and "--config" not in line:
        assert [path for path in PLACED[orchestrator] if path not in text] == []


@NEEDS_KFP
@pytest.mark.parametrize("line", _printed_lines("submit"))
def test_what_the_examples_compile_to_is_not_sent(
    line: str, checkout: Path, warm_python: WarmPython
):
    file = line.split()[2]
    [compile_line] = [each for each in _printed_lines("compile") if f"--output {file}" in each]
    assert _tfx_mnist(warm_python, checkout, compile_line).returncode == 0

    answer = _tfx_mnist(warm_python, checkout, line)

    assert answer.returncode == 2
    assert f"{file}: replace the examples' values" in answer.stderr
    images = [value for value in _find_examples(checkout, compile_line) if "tfx-mnist:" in value]
    assert len(images) == 2
    assert [image for image in images if f"  {image}\n" not in answer.stderr] == []


@NEEDS_KFP
def test_what_stands_in_beams_options_and_in_options_of_the_command_is_not_sent_either(
    checkout: Path, warm_python: WarmPython, tmp_path: Path
):
    file = tmp_path / "settings.yaml"
    for orchestrator, options in (
        ("kubeflow", "--host http://127.0.0.1:1"),
        ("vertex", "--project my-project --region us-central1"),
    ):
        _write_own_settings(checkout, orchestrator, file, tmp_path)
        output = tmp_path / OUTPUTS[orchestrator][0]
        beam = "" if orchestrator == "vertex" else "--config deploy/beam/dataflow.yaml"
        compiled = _tfx_mnist(
            warm_python,
            checkout,
            f"compile {orchestrator} {beam} --settings {file} --output {output}",
        )
        assert compiled.returncode == 0, compiled.stderr

        answer = _tfx_mnist(warm_python, checkout, f"submit {orchestrator} {output} {options}")

        assert answer.returncode == 2
        assert "my-project" in answer.stderr


@pytest.mark.parametrize("orchestrator", _where_kfp_is([*PLACED]))
def test_another_checkout_and_the_image_compile_to_the_same(
    orchestrator: str, checkout: Path, warm_python: WarmPython, tmp_path: Path
):
    image = _make_checkout(tmp_path / "image" / "home")
    file = tmp_path / "settings.yaml"
    _write_own_settings(checkout, orchestrator, file, image)
    name, written = OUTPUTS[orchestrator]
    contents = set()
    for number, folder in enumerate((checkout, _make_checkout(tmp_path / "another"), image)):
        output = tmp_path / str(number)
        line = f"compile {orchestrator} --settings {file} --output {output / name}"
        answer = _tfx_mnist(warm_python, folder, line)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert answer.stderr == ""
        contents.add(tuple((output / each).read_bytes() for each in written))

    assert len(contents) == 1


def test_a_node_in_the_image_finds_what_was_compiled_and_refuses_another_contract(
    checkout: Path, warm_python: WarmPython, tmp_path: Path
):
    image = _make_checkout(tmp_path / "image")
    file = tmp_path / "settings.yaml"
    _write_own_settings(checkout, "airflow", file, image)
    line = f"compile airflow --settings {file} --output {tmp_path}"
    on_volume = f" --set pipeline_root={tmp_path}/runs"
    settings = yaml.safe_load(file.read_text())
    [base] = settings["kubernetes"]["pod_template"]["spec"]["containers"]
    base["volumeMounts"].append({"name": "shared", "mountPath": str(tmp_path)})
    file.write_text(yaml.safe_dump(settings))
    compiled = _tfx_mnist(warm_python, checkout, line + on_volume)
    assert compiled.returncode == 0, compiled.stderr
    node = (
        *("-m", "runners.node", "--ir", str(tmp_path / "tfx_mnist.ir.json")),
        *("--mlmd", f"sqlite://{tmp_path / 'metadata.db'}"),
        *("--node", "SchemaImporter", "--run-id"),
    )

    first = _run(warm_python, tmp_path, *node, "first")
    with (image / "data" / "schema" / "schema.pbtxt").open("a") as contract:
        contract.write("# edited in the image, not in the checkout\n")
    second = _run(warm_python, tmp_path, *node, "second")

    assert first.returncode == 0, first.stdout + first.stderr
    assert "SchemaImporter complete" in first.stdout
    assert second.returncode == 1
    assert "received others here; they concern SchemaImporter" in second.stdout


def test_a_folder_that_is_no_checkout_is_one_error_with_what_to_do(
    warm_python: WarmPython, tmp_path: Path
):
    settings = PROJECT / "deploy" / "airflow" / "kubernetes.yaml"

    line = f"compile airflow --settings {settings} --output out"
    answer = _tfx_mnist(warm_python, tmp_path, line)

    assert answer.returncode == 1
    assert f"{tmp_path / 'data/schema/schema.pbtxt'}: the data contract is missing" in answer.stderr
    assert list((tmp_path / "out").iterdir()) == []

"""The command line answers at once: no TensorFlow for help and for bad flags."""

import subprocess
import sys

import pytest


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys\n"
        "from runners.commands.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    heavy = {'tensorflow', 'tfx', 'apache_beam', 'ml_metadata'} & set(sys.modules)\n"
        "    print('heavy imports:', sorted(heavy))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["config"], ["data", "--help"], ["--version"]]
)
def test_help_and_config_import_nothing_heavy(arguments: list[str]):
    answer = _run(*arguments)

    assert answer.returncode == 0
    assert "heavy imports: []" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["walk"], "No such command 'walk'"),
        (["run", "--sett", "a=b"], "No such option"),
        (["run", "--set", "training.epoch=1"], "unknown key 'training.epoch'"),
        (["run", "--preset", "slow"], "there are: default, quick"),
        (
            ["run", "--from", "Trainer", "--accept-new-data", "3f2a9c1b7d04"],
            "--accept-new-data: AnomalyGate is no node of this partial run",
        ),
        (
            ["run", "--only", "StatisticsGen", "--accept-new-data", "3f2a9c1b7d04"],
            "--accept-new-data: AnomalyGate is no node of this partial run",
        ),
        (
            ["run", "--accept-new-data", "all"],
            "Invalid value for '--accept-new-data': expected the name that the refusal tells",
        ),
        (["run", "--accept-new-data", ""], "12 hexadecimal digits; received ''."),
        (["run", "--from", "Triner"], "'Triner' is not one of 'IdxExampleGen', 'SchemaImporter', "),
        (["run", "--only", "Triner"], "'Triner' is not one of 'IdxExampleGen', 'SchemaImporter', "),
        (["run", "--set", "pipeline_root=gs://b/r"], "pipeline_root: expected a path on this"),
        (["run", "--set", "metadata_path=gs://b/m"], "metadata_path: expected a path on this"),
        (["data", "verify", "gs://b/d"], "a folder on this machine, received gs://b/d."),
        (
            ["data", "fetch", "--name", "mnist", "--folder", "gs://b/d"],
            "a folder on this machine, received gs://b/d.",
        ),
    ],
)
def test_bad_usage_exits_2_with_one_clear_message(arguments: list[str], expected: str):
    answer = _run(*arguments)

    assert answer.returncode == 2
    assert expected in answer.stderr
    assert "heavy imports: []" in answer.stdout


def test_config_shows_the_value_that_the_environment_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TFX_MNIST_PIPELINE_NAME", "from-the-environment")

    assert "from-the-environment" in _run("config").stdout

"""Our server with the file that `tfx-mnist labels` writes."""

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from runners.commands.labels import labels
from serving.config_files import parse_model_server_config
from serving.models.manager_options import ManagerOptions
from support.serving.threads import RunningServer, running_server
from support.toy_models import save_half_plus_two
from support.waiting import wait_until


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Returns versions 1 and 2, which answer 10 and 20 to zero, and .tmp-3 still to be pushed."""
    for folder, addend in (("1", 10.0), ("2", 20.0), (".tmp-3", 30.0)):
        save_half_plus_two(tmp_path / "m" / folder, addend=addend)
    return tmp_path / "m"


def write_labels(base: Path, output: Path, **labelled: int) -> None:
    options = [f"--{name}={number}" for name, number in labelled.items()]
    options += ["--model_name=m", f"--model_base_path={base}", f"--output={output}"]
    result = CliRunner().invoke(labels, [*options, "--set", f"serving_model_dir={base}"])
    assert result.exit_code == 0, result.output


def answer(running: RunningServer, label: str) -> Any:
    url = f"{running.url}/v1/models/m/labels/{label}:predict"
    reply = httpx.post(url, json={"instances": [0.0]}).json()
    return reply.get("predictions", [reply.get("error")])[0]


def test_labels_answer_and_move_to_a_version_that_was_pushed_later(base: Path, tmp_path: Path):
    output = tmp_path / "models.config"
    write_labels(base, output, stable=1, canary=2)
    with running_server(
        models=parse_model_server_config(output.read_text()),
        model_config_file=output,
        model_config_file_poll_wait_seconds=0.05,
        file_system_poll_wait_seconds=0.05,
        manager=ManagerOptions(allow_version_labels_for_unavailable_models=True),
    ) as running:
        assert answer(running, "stable") == 10.0
        assert answer(running, "canary") == 20.0
        # The file can be read before the version is loaded: it is refused until then, not for good.
        shutil.move(base / ".tmp-3", base / "3")
        write_labels(base, output, stable=2, canary=3)
        wait_until(lambda: answer(running, "canary") == 30.0)
        assert answer(running, "stable") == 20.0
        write_labels(base, output, stable=3)
        wait_until(lambda: answer(running, "stable") == 30.0)
        assert answer(running, "canary") == "Unrecognized servable version label: canary"

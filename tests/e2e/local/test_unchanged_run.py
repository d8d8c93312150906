"""A run that would find nothing to do says so, and any change has it ask TFX's cache again."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import PipelineConfig
from pipeline.config_sources import load_config
from runners.local.last_run import LAST_RUN_FILE, find_unchanged
from runners.metadata.connection import open_store
from support.workspaces import Run, Workspace

SLOW_TO_LOAD = {"tensorflow", "tfx", "apache_beam", "ml_metadata"}


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(num_train=800, num_test=200)


@pytest.fixture(scope="module")
def first_run(workspace: Workspace) -> Run:
    return workspace.run()


@pytest.fixture
def config(workspace: Workspace, first_run: Run, monkeypatch: pytest.MonkeyPatch) -> PipelineConfig:
    """The configuration of a run that nothing has changed since."""
    assert first_run.exit_code == 0, first_run.output
    monkeypatch.chdir(workspace.folder)
    config = load_config(overrides=workspace.settings)
    assert find_unchanged(config)
    return config


def test_a_second_run_says_at_once_that_nothing_has_changed(
    first_run: Run, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")

    second = workspace.run(python=sys.executable)

    assert second.exit_code == 0, second.output
    since = first_run.outcome["run_id"]
    assert f"nothing has changed since run {since}, and nothing was run; --recheck" in second.output
    loaded = second.output + Path(second.outcome["log_file"]).read_text()
    names = set(re.findall(r"^import time: .*\| +([\w.]+)$", loaded, re.MULTILINE))
    assert "pydantic" in names
    assert names & SLOW_TO_LOAD == set()


def test_it_ends_as_the_run_before_it_whose_nodes_are_cached(first_run: Run, workspace: Workspace):
    page = Path(first_run.outcome["report_file"])
    page.unlink()

    second = workspace.run()

    assert set(second.states.values()) == {"cached"}
    assert second.outcome["unchanged_since"] == first_run.outcome["run_id"]
    differs = {"nodes", "seconds", "log_file", "unchanged_since"}
    for name in first_run.outcome.keys() - differs:
        assert second.outcome[name] == first_run.outcome[name], name
    assert "Blessed, and pushed before as version" in page.read_text()


def test_a_refused_model_is_refused_again(workspace: Workspace, first_run: Run):
    setting = f"pipeline_root={workspace.folder}/runs/refused"
    runs = [
        workspace.tfx_mnist("run", *workspace.arguments(setting, "thresholds.accuracy=0.999"))
        for _ in range(2)
    ]

    assert [run.returncode for run in runs] == [3, 3]
    told = [re.findall(r"accuracy of all is .*", run.stdout) for run in runs]
    assert told[0]
    assert told[0] == told[1]
    assert "nothing has changed" in runs[1].stdout
    assert first_run.exit_code == 0


def test_recheck_asks_the_cache_of_each_node(first_run: Run, workspace: Workspace):
    rechecked = workspace.run(options=("--recheck",))

    assert rechecked.outcome["unchanged_since"] == ""
    assert rechecked.outcome["run_id"] > first_run.outcome["run_id"]
    assert rechecked.states["Trainer"] == "cached"
    again = workspace.run()
    assert again.outcome["unchanged_since"] == rechecked.outcome["run_id"]


def test_what_only_reads_the_metadata_changes_nothing(config: PipelineConfig, workspace: Workspace):
    for command in ("runs", "models"):
        assert workspace.tfx_mnist(command, *workspace.arguments()).returncode == 0

    assert find_unchanged(config)


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"seed": 2}},
        {"enable_cache": False},
        {"thresholds": {"accuracy": 0.2}},
        {"serving_model_dir": "gs://bucket/models"},
    ],
)
def test_another_configuration_is_a_change(config: PipelineConfig, change: dict[str, object]):
    values = config.model_dump()
    for name, value in change.items():
        values[name] = {**values[name], **value} if isinstance(value, dict) else value

    assert find_unchanged(PipelineConfig.model_validate(values)) is None


def test_other_data_are_a_change_though_the_times_are_those_of_before(config: PipelineConfig):
    [path] = Path(config.data_root).glob("t10k-labels*")
    content, times = path.read_bytes(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=times)

    assert find_unchanged(config) is None

    path.write_bytes(content)
    assert find_unchanged(config), "what they hold is what counts"


def test_an_edited_contract_or_model_card_is_a_change(config: PipelineConfig, tmp_path: Path):
    for key in ("schema_path", "model_card_path"):
        path = Path(getattr(config, key))
        edited = shutil.copy(path, tmp_path / path.name) if path.exists() else tmp_path / path.name
        Path(edited).write_text(f"{path.read_text() if path.exists() else ''}\n# reviewed\n")

        assert find_unchanged(config.model_copy(update={key: str(edited)})) is None


@pytest.mark.parametrize(
    "pattern", ["Trainer/model/*", "Evaluator/evaluation/*", "../../serving_model/tfx-mnist/[0-9]*"]
)
def test_what_the_run_has_made_must_be_there(config: PipelineConfig, pattern: str):
    [folder, *_] = Path(config.pipeline_root).glob(pattern)
    aside = folder.rename(folder.with_name("aside"))

    assert find_unchanged(config) is None

    aside.rename(folder)
    assert find_unchanged(config)


def test_another_version_that_is_served_since_is_a_change(config: PipelineConfig):
    newer = Path(config.serving_model_dir) / "99999999999"
    newer.mkdir()

    assert find_unchanged(config) is None

    newer.rmdir()


def test_what_others_write_to_the_metadata_is_a_change(config: PipelineConfig):
    metadata = Path(config.metadata_path)
    kept, found = metadata.read_bytes(), metadata.stat()
    store = open_store(config.metadata_path)
    [context, *_] = store.get_contexts()
    context.custom_properties["of"].string_value = "another pipeline"

    store.put_contexts([context])

    assert find_unchanged(config) is None
    metadata.write_bytes(kept)
    os.utime(metadata, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.mark.parametrize("content", ["", "{", '{"depends_on": {}}'])
def test_a_note_that_cannot_be_read_is_none(config: PipelineConfig, content: str):
    path = Path(config.pipeline_root) / LAST_RUN_FILE
    kept = path.read_text()
    path.write_text(content)

    assert find_unchanged(config) is None

    path.write_text(kept)
    assert json.loads(kept)["outcome"]["exit_code"] == 0

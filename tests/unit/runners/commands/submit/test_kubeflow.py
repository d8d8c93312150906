"""What `tfx-mnist submit kubeflow` sends, read by a server that stands in for Kubeflow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from pipeline.config import PipelineConfig
from runners.commands.submit.group import submit
from runners.kubeflow.settings import KubeflowSettings
from runners.orchestration.graph import Graph, Node
from runners.orchestration.parameters import describe_parameters
from support.kubeflow.stand_in import KubeflowStandIn, run_stand_in

pytest.importorskip("kfp", reason="kfp installs on Python 3.11 only")
from runners.kubeflow.specification import render_pipeline


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keys = ("pipeline_root", "serving_model_dir", "data_root", "schema_path", "model_card_path")
    config = PipelineConfig.model_validate({key: f"gs://bucket/{key}" for key in keys})
    graph = Graph(
        pipeline_name="digits",
        nodes=(Node(node_id="Trainer", type="tfx.Trainer", upstream=()),),
        parameters=describe_parameters(config),
        config=config.model_dump(mode="json"),
    )
    settings = KubeflowSettings(
        image="example", compiled_folder="gs://b", mlmd="/run/mlmd", node_selector={"pool": "tfx"}
    )
    file = tmp_path_factory.mktemp("compiled") / "digits.yaml"
    file.write_text(render_pipeline(graph, settings, "digits.ir.json", "0123456789abcdef"))
    return file


@pytest.fixture
def kubeflow() -> Iterator[KubeflowStandIn]:
    with run_stand_in() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def _no_own_context(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keeps kfp from what the person who runs the tests has told it about their cluster."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KF_PIPELINES_ENDPOINT", raising=False)


def _submit(pipeline: Path, url: str, *options: str) -> Result:
    return CliRunner().invoke(submit, ["kubeflow", str(pipeline), "--host", url, *options])


def test_a_run_carries_the_pipeline_and_typed_parameters(pipeline: Path, kubeflow: KubeflowStandIn):
    parameters = ("training.epochs=3", "training_learning_rate=0.5", "enable_cache=false")
    answer = _submit(
        pipeline,
        kubeflow.url,
        *(f"--param={parameter}" for parameter in parameters),
        "--service-account=runner",
    )

    assert answer.exit_code == 0, answer.output
    assert answer.output.splitlines()[-1] == "run run-1"
    assert kubeflow.bodies("POST", "/experiments")[0]["display_name"] == "tfx-mnist"
    [run] = kubeflow.bodies("POST", "/runs")
    assert run["experiment_id"] == "experiment-1"
    assert run["service_account"] == "runner"
    assert run["runtime_config"]["parameters"] == {
        "training_epochs": 3,
        "training_learning_rate": 0.5,
        "enable_cache": False,
    }
    sent = run["pipeline_spec"]
    spec, platforms = yaml.safe_load_all(pipeline.read_text())
    assert sent["pipeline_spec"]["root"] == spec["root"]
    assert sent["platform_spec"] == platforms


def test_a_second_run_uses_the_experiment_and_sends_the_token(
    pipeline: Path, kubeflow: KubeflowStandIn, tmp_path: Path
):
    token = tmp_path / "token"
    token.write_text("secret\n")

    for _ in range(2):
        answer = _submit(pipeline, kubeflow.url, "--token-file", str(token))
        assert answer.exit_code == 0, answer.output

    assert len(kubeflow.bodies("POST", "/experiments")) == 1
    assert set(kubeflow.tokens) == {"Bearer secret"}


def test_a_schedule_takes_the_place_of_the_earlier_one(pipeline: Path, kubeflow: KubeflowStandIn):
    kubeflow.schedules = [{"recurring_run_id": "other", "display_name": "letters"}]
    assert _submit(pipeline, kubeflow.url, "--schedule", "0 4 * * *").exit_code == 0
    answer = _submit(pipeline, kubeflow.url, "--schedule", "30 0 5 * * *")

    assert answer.output.splitlines()[-1] == "schedule schedule-2: 30 0 5 * * *"
    first, second = kubeflow.bodies("POST", "/recurringruns")
    assert first["trigger"]["cron_schedule"]["cron"] == "0 0 4 * * *"
    assert second["trigger"]["cron_schedule"]["cron"] == "30 0 5 * * *"
    assert (second["mode"], second["no_catchup"]) == ("ENABLE", True)
    assert second["max_concurrency"] in (1, "1")
    assert [each["recurring_run_id"] for each in kubeflow.schedules] == ["other", "schedule-2"]
    assert kubeflow.bodies("POST", "/runs") == []


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("epochs=3", "epochs: no such parameter; there are data_root, "),
        ("training.epochs=many", "training.epochs: expected NUMBER_INTEGER, received 'many'"),
        ("enable_cache=perhaps", "enable_cache: expected BOOLEAN, received 'perhaps'"),
        ("training.epochs=0", "training.epochs: Input should be greater than or equal to 1; rec"),
        ("training.epochs", "--param: expected NAME=VALUE, received 'training.epochs'"),
    ],
)
def test_a_bad_parameter_is_named_and_nothing_is_sent(
    pipeline: Path, kubeflow: KubeflowStandIn, parameter: str, message: str
):
    answer = _submit(pipeline, kubeflow.url, "--param", parameter)

    assert answer.exit_code == 2
    assert message in answer.output
    assert kubeflow.requests == []


def test_a_file_with_faults_is_not_sent(pipeline: Path, kubeflow: KubeflowStandIn, tmp_path: Path):
    file = tmp_path / "edited.yaml"
    file.write_text(pipeline.read_text().replace("name: comp-trainer", "name: comp-train"))

    answer = _submit(file, kubeflow.url)

    assert answer.exit_code == 2
    assert "task trainer: no such component: 'comp-train'" in answer.output
    assert kubeflow.requests == []


def test_a_refusal_is_one_line_with_its_reason(pipeline: Path, kubeflow: KubeflowStandIn):
    kubeflow.refuse_runs = True

    answer = _submit(pipeline, kubeflow.url)

    assert answer.exit_code == 1
    assert f"Error: {kubeflow.url}: refused with 403 Forbidden: " in answer.output
    assert "not yours" in answer.output


@pytest.mark.parametrize(("status", "name"), [(401, "Unauthorized"), (403, "Forbidden")])
def test_without_access_one_error_names_the_token(
    pipeline: Path,
    kubeflow: KubeflowStandIn,
    caplog: pytest.LogCaptureFixture,
    status: int,
    name: str,
):
    kubeflow.refuse_all = status

    answer = _submit(pipeline, kubeflow.url)

    assert answer.exit_code == 1
    assert f"Error: {kubeflow.url}: refused with {status} {name}: " in answer.output
    assert "--token-file" in answer.output
    assert len(kubeflow.requests) == 1
    assert caplog.records == []


def test_two_experiments_of_the_name_are_an_error_that_says_so(
    pipeline: Path, kubeflow: KubeflowStandIn
):
    kubeflow.experiments = [{"experiment_id": "1"}, {"experiment_id": "2"}]

    answer = _submit(pipeline, kubeflow.url)

    assert answer.exit_code == 1
    assert "Multiple experiments is found with name tfx-mnist" in answer.output


def test_a_kubeflow_that_is_not_there_is_one_line_with_what_to_do(pipeline: Path):
    with run_stand_in() as stopped:
        pass

    answer = _submit(pipeline, stopped.url)

    assert answer.exit_code == 1
    assert f"Error: {stopped.url}: Kubeflow's API cannot be reached (" in answer.output
    assert "Connection refused" in answer.output


@pytest.mark.parametrize(
    ("content", "received"),
    [(b"", "nothing"), (b"a\nb", "2 lines"), ("schlüssel".encode("utf-16"), "NUL bytes")],
)
def test_a_file_of_no_token_is_named_and_nothing_is_sent(
    pipeline: Path, kubeflow: KubeflowStandIn, tmp_path: Path, content: bytes, received: str
):
    token = tmp_path / "token"
    token.write_bytes(content)

    answer = _submit(pipeline, kubeflow.url, "--token-file", str(token))

    assert answer.exit_code == 2
    assert f"Error: --token-file: {token}: expected a token, " in answer.output
    assert f"received {received}" in answer.output
    assert kubeflow.requests == []


def test_a_file_that_is_no_text_is_named(kubeflow: KubeflowStandIn, tmp_path: Path):
    file = tmp_path / "pipeline.yaml"
    file.write_bytes("name: digits".encode("utf-16"))

    answer = _submit(file, kubeflow.url)

    assert answer.exit_code == 2
    assert f"Error: {file}: expected what tfx-mnist compile writes, as UTF-8" in answer.output

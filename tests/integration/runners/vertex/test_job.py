"""The pipeline job for Vertex AI, and the settings that it is written from."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from pipeline.config import PipelineConfig
from runners.commands.compile.group import compile_group
from runners.orchestration.parameters import with_parameters
from support.vertex.driver import read_parameters

pytest.importorskip("kfp", reason="kfp installs on Python 3.11 only")
from google.auth.credentials import AnonymousCredentials
from google.cloud.aiplatform import PipelineJob
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)

from pipeline.definition_files import read_definition_files
from pipeline.pipeline import create_pipeline
from runners.pipeline_spec.lint import lint_vertex
from runners.vertex.job import render_job
from runners.vertex.resolvers import find_baseline, find_previous_statistics
from runners.vertex.settings import VertexSettings
from support.project import PROJECT

EXAMPLE = PROJECT / "deploy" / "vertex" / "settings.yaml"
REMOTE = {
    "pipeline_root": "gs://bucket/runs",
    "serving_model_dir": "gs://bucket/serving",
    "data_root": "gs://bucket/data",
}

CONTRACT = {
    "schema_path": str(PROJECT / "data" / "schema" / "schema.pbtxt"),
    "model_card_path": str(PROJECT / "docs" / "model_card.md"),
}
FILES = read_definition_files(PipelineConfig.model_validate(CONTRACT))
FOLDERS = VertexSettings(image="example").folders

Json = dict[str, Any]


def _placed(values: Json) -> PipelineConfig:
    return FOLDERS.place(PipelineConfig.model_validate(CONTRACT | values), str(PROJECT))


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return _placed(REMOTE)


@pytest.fixture(scope="module")
def text(config: PipelineConfig) -> str:
    settings = VertexSettings.model_validate(yaml.safe_load(EXAMPLE.read_text()))
    return render_job(config, settings, FILES)


@pytest.fixture(scope="module")
def spec(text: str) -> Json:
    return json.loads(text)["pipelineSpec"]


@pytest.fixture(scope="module")
def text_of_workers() -> str:
    """The same pipeline, trained by three workers, on the machine that the example mentions."""
    example = yaml.safe_load(EXAMPLE.read_text())
    example["tasks"]["Trainer"]["resources"]["machine_type"] = "n1-standard-8"
    settings = VertexSettings.model_validate(example)
    training = {"strategy": "multi_worker_mirrored", "workers": 3}
    return render_job(_placed({**REMOTE, "training": training}), settings, FILES)


def _container(spec: Json, node_id: str) -> Json:
    return spec["deploymentSpec"]["executors"][f"{node_id}_executor"]["container"]


def _compile(tmp_path: Path, *options: str, **settings: object) -> Result:
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump({"image": "example", **settings}))
    output = str(tmp_path / "job.json")
    given = [f"--set={key}={value}" for key, value in REMOTE.items()]
    return CliRunner().invoke(
        compile_group, ["vertex", "--settings", str(file), "--output", output, *given, *options]
    )


@pytest.mark.parametrize("form", ["text", "text_of_workers"])
def test_the_linter_and_googles_own_client_accept_the_job(
    form: str, request: pytest.FixtureRequest, tmp_path: Path
):
    text = request.getfixturevalue(form)
    file = tmp_path / "job.json"
    file.write_text(text)

    assert lint_vertex(text) == []
    PipelineJob(
        display_name="digits",
        template_path=str(file),
        project="project",
        location="us-central1",
        credentials=AnonymousCredentials(),
        parameter_values={"training_epochs": 3},
    )


def test_parameters_reach_every_task_as_if_they_had_been_compiled_in(
    spec: Json, config: PipelineConfig
):
    values = {
        "data_root": "gs://other/data",
        "examples.new_data_accepted_by": "eve@0123456789ab",
        "training.epochs": 7,
        "training.learning_rate": 1e-05,
        "thresholds.accuracy": 0.5,
        "thresholds.class_accuracy": 0.5,  # the same value twice is not the same parameter
        "thresholds.max_accuracy_drop": 0.25,
        "thresholds.max_eval_gap": 0.125,
    }
    named = {name.replace(".", "_"): value for name, value in values.items()}
    compiled = KubeflowV2DagRunner(KubeflowV2DagRunnerConfig(use_pipeline_spec_2_1=True)).run(
        create_pipeline(
            with_parameters(config, values),
            files=FILES,
            find_previous_statistics=find_previous_statistics,
            find_baseline=find_baseline,
        ),
        write_out=False,
    )
    expected = compiled["pipelineSpec"]["root"]["dag"]["tasks"]

    assert spec["root"]["inputDefinitions"]["parameters"].keys() == named.keys()
    for name, task in spec["root"]["dag"]["tasks"].items():
        given = read_parameters(task, named)
        for key, value in read_parameters(expected[name], {}).items():
            assert _parse(given[key]) == _parse(value), (name, key)


def _parse(value: Any) -> Any:
    is_json = isinstance(value, str) and value.startswith(("{", "["))
    return json.loads(value) if is_json else value


def test_every_parameter_has_its_type_default_and_meaning(spec: Json):
    parameters = spec["root"]["inputDefinitions"]["parameters"]

    assert parameters["training_epochs"] == {
        "parameterType": "NUMBER_INTEGER",
        "defaultValue": 4,
        "isOptional": True,
        "description": "Passes over the training split.",
    }
    assert parameters["data_root"]["parameterType"] == "STRING"
    assert parameters["thresholds_accuracy"]["parameterType"] == "NUMBER_DOUBLE"


def test_each_task_has_its_image_machine_time_limit_and_retries(spec: Json):
    settings = yaml.safe_load(EXAMPLE.read_text())
    trainer, gate = _container(spec, "Trainer"), _container(spec, "AnomalyGate")

    assert trainer["image"] == settings["tasks"]["Trainer"]["image"]
    assert trainer["resources"]["cpuLimit"] == 8
    assert trainer["resources"]["memoryLimit"] == 30
    assert trainer["resources"]["accelerator"]["type"] == "NVIDIA_TESLA_T4"
    assert trainer["command"][:4] == ["timeout", "--foreground", "--kill-after=60", str(240 * 60)]
    assert gate["image"] == settings["image"]
    assert gate["resources"]["resourceMemoryLimit"] == "8G"
    assert "accelerator" not in gate["resources"]
    assert gate["command"][3] == str(60 * 60)
    assert spec["root"]["dag"]["tasks"]["AnomalyGate"]["retryPolicy"] == {
        "maxRetryCount": 2,
        "backoffDuration": "30s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": "900s",
    }


def test_workers_change_nothing_but_the_trainers_executor(text: str, text_of_workers: str):
    executors = json.loads(text_of_workers)["pipelineSpec"]["deploymentSpec"]["executors"]
    expected = json.loads(text)
    expected["pipelineSpec"]["deploymentSpec"]["executors"]["Trainer_executor"] = executors[
        "Trainer_executor"
    ]
    [custom_config] = [
        task["inputs"]["parameters"]["custom_config"]["runtimeValue"]
        for name, task in expected["pipelineSpec"]["root"]["dag"]["tasks"].items()
        if name == "Trainer"
    ]
    for one, three in [('"mirrored"', '"multi_worker_mirrored"'), ('"workers": 1', '"workers": 3')]:
        custom_config["constant"] = custom_config["constant"].replace(one, three)

    assert text_of_workers == json.dumps(expected, indent=2, sort_keys=True) + "\n"


def test_every_worker_runs_what_the_trainers_container_would(spec: Json, text_of_workers: str):
    executors = json.loads(text_of_workers)["pipelineSpec"]["deploymentSpec"]["executors"]
    pools = executors["Trainer_executor"]["customJob"]["customJob"]["jobSpec"]["workerPoolSpecs"]
    container = _container(spec, "Trainer")

    assert [pool["replicaCount"] for pool in pools] == ["1", "2"]
    for pool in pools:
        assert pool["containerSpec"] == {
            "imageUri": container["image"],
            "command": container["command"],
            "args": container["args"],
        }
        assert pool["machineSpec"] == {
            "machineType": "n1-standard-8",
            "acceleratorType": "NVIDIA_TESLA_T4",
            "acceleratorCount": 1,
        }


def test_queries_are_scoped_to_the_pipeline_and_to_accepted_statistics(spec: Json):
    executors = spec["deploymentSpec"]["executors"]
    queries = [
        query["filter"]
        for executor in executors.values()
        for query in executor.get("resolver", {}).get("outputArtifactQueries", {}).values()
    ]

    assert len(queries) == 3
    assert all('metadata.pipeline_name.string_value="tfx-mnist"' in query for query in queries)
    resolver = executors["previous_statistics_resolver_executor"]["resolver"]
    query = resolver["outputArtifactQueries"]["accepted_statistics"]["filter"]
    assert 'metadata.producer_component.string_value="AnomalyGate"' in query


def test_a_push_waits_for_both_blessings(spec: Json):
    condition = spec["root"]["dag"]["tasks"]["Pusher"]["triggerPolicy"]["condition"]

    assert [part.split("'")[1] for part in condition.split(" && ")] == [
        "model_blessing",
        "infra_blessing",
    ]


@pytest.mark.parametrize(
    ("options", "settings", "message"),
    [
        (["--set=pipeline_root=/tmp/runs"], {}, "pipeline_root: expected gs://... or a path"),
        (["--set=serving_model_dir=s3://b/x"], {}, "serving_model_dir: expected gs://... or a"),
        (["--set=data_root=minio://b/x"], {}, "data_root: expected gs://... or a path below /gcs"),
        ([], {"bucket": "gs://b[1]"}, "gs://b[1]: expected a path without ["),
        (["--set=serving_model_dir=/srv"], {}, "received /srv, which would be lost with the"),
        ([], {"tasks": {"Tuner": {"retries": 1}}}, "tasks: no such task: Tuner; the tasks are Idx"),
        (
            ["--set=training.strategy=parameter_server", "--set=training.run_workers_in=pods"],
            {},
            "training.run_workers_in: expected processes, received pods, which Vertex AI has not",
        ),
        ([], {"retries": -1}, "retries: Input should be greater than or equal to 0"),
        ([], {"gpus": 1}, "gpus: Extra inputs are not permitted"),
    ],
)
def test_what_would_not_run_is_refused_and_nothing_is_written(
    tmp_path: Path, options: list[str], settings: Json, message: str
):
    answer = _compile(tmp_path, *options, **settings)

    assert answer.exit_code != 0
    assert message in answer.output
    assert not list(tmp_path.glob("job*"))


def test_another_name_than_json_is_refused(tmp_path: Path):
    answer = _compile(tmp_path, "--output=job.yaml")

    assert answer.exit_code == 2
    assert "expected a name that ends in .json, received job.yaml" in answer.output

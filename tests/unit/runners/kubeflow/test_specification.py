"""The pipeline for Kubeflow as YAML, and the settings that it is written from."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from pipeline.config import PipelineConfig
from pipeline.config_sources import ConfigError
from runners.commands.compile.group import compile_group
from runners.kubeflow.settings import KubeflowSettings, read_settings
from runners.orchestration.graph import Graph, Node
from runners.orchestration.parameters import describe_parameters

pytest.importorskip("kfp", reason="kfp installs on Python 3.11 only")
from google.protobuf.json_format import ParseDict
from kfp.components import load_component_from_text
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig

from runners.kubeflow.specification import render_pipeline
from runners.pipeline_spec.lint import lint_kubeflow
from support.project import PROJECT

EXAMPLE = PROJECT / "deploy" / "kubeflow" / "settings.yaml"
DIGEST = "0123456789abcdef"


@pytest.fixture(scope="module")
def graph() -> Graph:
    config = PipelineConfig(
        pipeline_root="/tfx/runs",
        serving_model_dir="/tfx/serving",
        data_root="/tfx/it's data",
        schema_path="/home/tfx/data/schema/schema.pbtxt",
        model_card_path="/home/tfx/docs/model_card.md",
    )
    return Graph(
        pipeline_name="tfx-mnist",
        nodes=(
            Node(node_id="Trainer", type="tfx.Trainer", upstream=()),
            Node(node_id="latest_blessed_model_resolver", type="tfx.Resolver", upstream=()),
            Node(
                node_id="Pusher",
                type="tfx.Pusher",
                upstream=("Trainer", "latest_blessed_model_resolver"),
            ),
        ),
        parameters=describe_parameters(config),
        config=config.model_dump(mode="json"),
    )


def _settings(**settings: object) -> KubeflowSettings:
    content = yaml.safe_load(EXAMPLE.read_text()) | settings
    return KubeflowSettings.model_validate(content)


def _render(graph: Graph, **settings: object) -> str:
    return render_pipeline(graph, _settings(**settings), "tfx_mnist.ir.json", DIGEST)


@pytest.fixture(scope="module")
def text(graph: Graph) -> str:
    return _render(graph)


@pytest.fixture(scope="module")
def spec(text: str) -> dict[str, Any]:
    return next(yaml.safe_load_all(text))


def _end(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the task that holds all steps, and the one that reports on the run."""
    tasks = next(yaml.safe_load_all(text))["root"]["dag"]["tasks"]
    assert len(tasks) == 2
    report = tasks.pop("final-report")
    [inside] = tasks.values()
    return inside, report


def _tasks(text: str) -> dict[str, Any]:
    """Returns the tasks that run nodes."""
    inside, _ = _end(text)
    component = next(yaml.safe_load_all(text))["components"][inside["componentRef"]["name"]]
    return component["dag"]["tasks"]


def _container(spec: dict[str, Any], step: str) -> dict[str, Any]:
    return spec["deploymentSpec"]["executors"][f"exec-{step}"]["container"]


def _pod(text: str, step: str) -> dict[str, Any]:
    [_, platforms] = yaml.safe_load_all(text)
    return platforms["platforms"]["kubernetes"]["deploymentSpec"]["executors"][f"exec-{step}"]


def test_the_linter_and_kfp_itself_accept_the_pipeline(text: str):
    assert lint_kubeflow(text) == []
    component = load_component_from_text(text)
    assert component.component_spec.inputs["training_epochs"].default == 4


def test_each_node_is_a_step_that_waits_for_those_upstream(text: str):
    upstream = {name: set(task.get("dependentTasks", ())) for name, task in _tasks(text).items()}

    assert upstream == {
        "trainer": set(),
        "latest-blessed-model-resolver": set(),
        "pusher": {"trainer", "latest-blessed-model-resolver"},
    }
    assert {task["taskInfo"]["name"] for task in _tasks(text).values()} == {
        "Trainer",
        "latest_blessed_model_resolver",
        "Pusher",
    }


def test_the_last_step_reports_on_the_run_however_it_ended(text: str, spec: dict[str, Any]):
    inside, report = _end(text)
    container = _container(spec, "final-report")
    outputs = spec["components"]["comp-final-report"]["outputDefinitions"]["artifacts"]

    assert inside["taskInfo"]["name"] == "Nodes"
    assert report["taskInfo"]["name"] == "FinalReport"
    # Argo's exit hook: whether the run failed is not for this step to say.
    assert report["triggerPolicy"] == {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    assert report["retryPolicy"].get("maxRetryCount", 0) == 0
    assert report["inputs"]["parameters"]["run_id"] == {
        "runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}
    }
    assert container["command"][-3:] == ["python", "-m", "runners.run_report"]
    assert container["args"] == [
        *("--ir", "/tfx/compiled/tfx_mnist.ir.json"),
        *("--mlmd", "postgresql://tfx@mlmd.tfx.svc:5432/mlmd"),
        *("--run-id", "{{$.inputs.parameters['run_id']}}"),
        *("--give-up-after", "570"),
        *("--output", "{{$.outputs.artifacts['report'].path}}"),
    ]
    assert container["command"][3] == "600"
    assert outputs["report"]["artifactType"]["schemaTitle"] == "system.HTML"


def test_the_last_step_may_differ_from_the_others(graph: Graph):
    text = _render(graph, tasks={"FinalReport": {"retries": 1, "timeout_minutes": 3}})
    spec = next(yaml.safe_load_all(text))

    assert _end(text)[1]["retryPolicy"]["maxRetryCount"] == 1
    container = _container(spec, "final-report")
    assert container["command"][3] == "180"
    assert container["args"][container["args"].index("--give-up-after") + 1] == "150"


def test_every_runtime_parameter_has_its_type_default_and_meaning(
    graph: Graph, spec: dict[str, Any]
):
    parameters = spec["root"]["inputDefinitions"]["parameters"]

    assert parameters["data_root"]["defaultValue"] == "/tfx/it's data"
    assert {name.replace(".", "_") for name in graph.parameters} == set(parameters)
    for name, schema in graph.parameters.items():
        parameter = parameters[name.replace(".", "_")]
        assert parameter["defaultValue"] == schema["default"]
        assert parameter["description"] == schema["description"]
    assert parameters["training_epochs"]["parameterType"] == "NUMBER_INTEGER"
    assert parameters["training_learning_rate"]["parameterType"] == "NUMBER_DOUBLE"
    assert parameters["enable_cache"]["parameterType"] == "BOOLEAN"


def test_a_step_runs_its_node_with_the_run_id_and_the_parameters(spec: dict[str, Any]):
    container = _container(spec, "trainer")
    arguments = container["args"]

    assert container["command"][-3:] == ["python", "-m", "runners.node"]
    assert arguments[:4] == ["--ir", "/tfx/compiled/tfx_mnist.ir.json", "--ir-digest", DIGEST]
    assert arguments[4:6] == ["--node", "Trainer"]
    given = arguments.index("training.epochs")
    assert arguments[given - 1] == "--param"
    assert arguments[given + 1] == "{{$.inputs.parameters['training_epochs']}}"
    run_id = _tasks(yaml.safe_dump(spec))["trainer"]["inputs"]["parameters"]["run_id"]
    assert run_id == {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}}


def test_retries_and_time_limits_are_those_of_the_settings_and_kubeflow_caches_nothing(
    graph: Graph,
):
    text = _render(
        graph, retries=0, tasks={"Trainer": {"retries": 5, "timeout_minutes": 2}}, timeout_minutes=9
    )
    spec = next(yaml.safe_load_all(text))

    assert _tasks(text)["trainer"]["retryPolicy"] == {
        "maxRetryCount": 5,
        "backoffDuration": "30s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": "900s",
    }
    assert _tasks(text)["pusher"]["retryPolicy"].get("maxRetryCount", 0) == 0
    assert _container(spec, "trainer")["command"][:4] == [
        *("timeout", "--foreground", "--kill-after=60", "120")
    ]
    assert _container(spec, "pusher")["command"][3] == "540"
    assert all(not task["cachingOptions"].get("enableCache") for task in _tasks(text).values())
    assert lint_kubeflow(text) == []


def test_the_trainer_gets_its_own_image_gpu_and_node(text: str, spec: dict[str, Any]):
    trainer, pusher = _container(spec, "trainer"), _container(spec, "pusher")

    assert trainer["image"].endswith("-cuda")
    assert trainer["resources"]["accelerator"]["resourceType"] == "nvidia.com/gpu"
    assert trainer["resources"]["accelerator"]["resourceCount"] == "1"
    assert trainer["resources"]["resourceMemoryLimit"] == "16Gi"
    assert _pod(text, "trainer")["nodeSelector"] == {"labels": {"accelerator": "nvidia"}}
    assert _pod(text, "trainer")["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    ]
    assert "accelerator" not in pusher["resources"]
    assert pusher["resources"]["resourceMemoryLimit"] == "4Gi"
    assert not {"nodeSelector", "tolerations"} & set(_pod(text, "pusher"))


def test_every_step_gets_volume_password_and_environment(graph: Graph):
    text = _render(graph, environment={"TF_CPP_MIN_LOG_LEVEL": "2"}, image_pull_secrets=["pull"])
    spec = next(yaml.safe_load_all(text))

    for step in ("trainer", "latest-blessed-model-resolver", "pusher", "final-report"):
        pod = _pod(text, step)
        assert [(mount["mountPath"], mount["constant"]) for mount in pod["pvcMount"]] == [
            ("/tfx", "tfx-shared")
        ]
        [secret] = pod["secretAsEnv"]
        assert secret["secretName"] == "tfx-mlmd"
        assert secret["keyToEnv"] == [{"secretKey": "password", "envVar": "MLMD_PASSWORD"}]
        assert pod["imagePullSecret"][0]["secretName"] == "pull"
        assert _container(spec, step)["env"] == [{"name": "TF_CPP_MIN_LOG_LEVEL", "value": "2"}]


def test_the_time_limit_of_a_step_ends_a_command_that_hangs(spec: dict[str, Any]):
    *timeout, seconds = _container(spec, "trainer")["command"][:4]
    assert seconds == str(240 * 60)

    ended = subprocess.run([*timeout, "0.1", "sleep", "60"], check=False)

    assert ended.returncode == 124


def test_a_command_hears_of_the_signal_to_the_process_group_of_what_started_it(
    spec: dict[str, Any],
):
    limit = _container(spec, "trainer")["command"][:4]
    node = "trap 'echo stopped; exit' TERM; echo ready; sleep 5 >/dev/null & wait"
    # As Argo starts KFP's launcher, in a group of its own, which starts the container's command.
    launcher = subprocess.Popen(
        ["/bin/sh", "-c", '"$@" & wait', "launcher", *limit, "sh", "-c", node],
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert launcher.stdout.readline() == "ready\n"

    os.killpg(launcher.pid, signal.SIGTERM)

    # Once or twice: timeout passes on the signal that the command may have had already.
    assert set(launcher.communicate()[0].splitlines()) == {"stopped"}


def test_kubeflows_own_proto_knows_every_field_of_a_pod(graph: Graph):
    text = _render(graph, image_pull_secrets=["pull"])

    config = ParseDict(_pod(text, "trainer"), KubernetesExecutorConfig())

    assert (
        config.pvc_mount[0].pvc_name_parameter.runtime_value.constant.string_value == "tfx-shared"
    )
    assert config.secret_as_env[0].key_to_env[0].env_var == "MLMD_PASSWORD"
    assert config.node_selector.labels == {"accelerator": "nvidia"}


def test_nodes_of_a_group_share_a_step(graph: Graph):
    text = _render(graph, groups={"Learn": ["Trainer", "latest_blessed_model_resolver"]}, tasks={})
    spec = next(yaml.safe_load_all(text))

    assert set(_tasks(text)) == {"learn", "pusher"}
    assert _tasks(text)["pusher"]["dependentTasks"] == ["learn"]
    assert _container(spec, "learn")["args"][4:8] == [
        *("--node", "Trainer", "--node", "latest_blessed_model_resolver")
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tasks": {"Trainr": {}}}, "tasks: no such task: Trainr; the tasks are Trainer,"),
        ({"volumes": []}, r"pipeline_root: expected a URL .* received /tfx/runs, which would be"),
        (
            {"volumes": [{"claim": name, "path": f"/tfx/{name}"} for name in ("runs", "serving")]},
            r"data_root: expected a URL .* received /tfx/it's data, which no container",
        ),
    ],
)
def test_settings_that_do_not_fit_the_pipeline_are_refused(
    graph: Graph, settings: dict[str, object], message: str
):
    with pytest.raises(ValueError, match=message):
        _render(graph, **settings)


def test_a_root_in_a_bucket_needs_no_volume(graph: Graph):
    keys = ("pipeline_root", "serving_model_dir", "data_root")
    config = {**graph.config, **{key: f"gs://bucket/{key}" for key in keys}}
    in_bucket = Graph(
        pipeline_name=graph.pipeline_name,
        nodes=graph.nodes,
        parameters=graph.parameters,
        config=config,
    )

    text = _render(in_bucket, volumes=[])

    assert lint_kubeflow(text) == []
    assert "pvcMount" not in _pod(text, "trainer")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "image: Field required"),
        ("mlmd: postgresql://tfx:hidden@db/mlmd", "Leave it out of the URL"),
        ("volumes: [{claim: shared, path: tfx}]", r"volumes.0.path: String should match"),
        ("timeout: 3", "timeout: Extra inputs are not permitted"),
    ],
)
def test_bad_settings_name_file_and_key(content: str, message: str, tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text(content)

    with pytest.raises(ConfigError, match=message) as caught:
        read_settings(str(file))

    assert str(file) in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_without_kfp_the_command_says_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setitem(sys.modules, "kfp", None)
    output = tmp_path / "pipeline.yaml"

    answer = CliRunner().invoke(
        compile_group, ["kubeflow", "--settings", str(EXAMPLE), "--output", str(output)]
    )

    assert answer.exit_code == 1
    assert "Use Python 3.11, or the project's image" in answer.output
    assert not output.exists()

"""The linter of compiled pipelines finds what the clients of both platforms let pass."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

kfp_compiler = pytest.importorskip("kfp.compiler", reason="kfp installs on Python 3.11 only")
from kfp import dsl  # noqa: E402 - after the line that skips this file

from runners.pipeline_spec.lint import SpecError, check_kubeflow, lint_kubeflow, lint_vertex  # noqa: E402

Spec = dict[str, Any]


@dsl.container_component
def trainer(epochs: int, model: dsl.Output[dsl.Model]) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(
        image="example", command=["timeout", "60", "train"], args=[epochs, model.uri]
    )


@dsl.container_component
def pusher(model: dsl.Input[dsl.Model]) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="example", command=["timeout", "60", "push"], args=[model.uri])


@dsl.pipeline(name="digits", pipeline_root="gs://bucket/root")
def digits(epochs: int = 3) -> None:
    trained = trainer(epochs=epochs).set_retry(2)
    pusher(model=trained.outputs["model"]).set_retry(0)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Spec:
    """A pipeline of two tasks, as kfp compiles it, with a condition and a platform."""
    file = tmp_path_factory.mktemp("spec") / "digits.yaml"
    kfp_compiler.Compiler().compile(digits, str(file))
    spec = yaml.safe_load(file.read_text())
    tasks = spec["root"]["dag"]["tasks"]
    tasks["pusher"]["retryPolicy"] = {"maxRetryCount": 0}
    tasks["pusher"]["triggerPolicy"] = {
        "condition": "inputs.artifacts['model'].artifacts[0].metadata['blessed'] == 1.0"
    }
    return spec


def _to_yaml(spec: Spec, executor: str = "exec-trainer") -> str:
    platform = {"deploymentSpec": {"executors": {executor: {"nodeSelector": {}}}}}
    return yaml.safe_dump_all([spec, {"platforms": {"kubernetes": platform}}])


def _to_job(spec: Spec, **runtime_config: object) -> str:
    return json.dumps({"pipelineSpec": spec, "runtimeConfig": runtime_config})


def _tasks(spec: Spec) -> Spec:
    return spec["root"]["dag"]["tasks"]


def _executors(spec: Spec) -> Spec:
    return spec["deploymentSpec"]["executors"]


def test_a_sound_pipeline_has_no_faults(sound: Spec):
    assert lint_kubeflow(_to_yaml(sound)) == []
    assert lint_vertex(_to_job(sound)) == []


def _drop_default(spec: Spec) -> None:
    del spec["root"]["inputDefinitions"]["parameters"]["epochs"]["defaultValue"]
    del spec["root"]["inputDefinitions"]["parameters"]["epochs"]["isOptional"]


def _drop_retries(spec: Spec) -> None:
    del _tasks(spec)["trainer"]["retryPolicy"]


def _drop_time_limit(spec: Spec) -> None:
    _executors(spec)["exec-trainer"]["container"]["command"] = ["train"]


def _dangling_condition(spec: Spec) -> None:
    _tasks(spec)["pusher"]["triggerPolicy"]["condition"] = (
        "inputs.artifacts['_Evaluator.blessing'].artifacts[0].metadata['blessed'] == 1.0"
    )


def _task_suffix(spec: Spec) -> None:
    inputs = _tasks(spec)["trainer"]["inputs"]["parameters"]
    inputs["epochs"] = {
        "taskOutputParameter": {"producerTask": "Count_task", "outputParameterKey": "count"}
    }


def _unknown_output(spec: Spec) -> None:
    artifact = _tasks(spec)["pusher"]["inputs"]["artifacts"]["model"]
    artifact["taskOutputArtifact"]["outputArtifactKey"] = "weights"


def _unknown_parameter(spec: Spec) -> None:
    inputs = _tasks(spec)["trainer"]["inputs"]["parameters"]
    inputs["epochs"] = {"componentInputParameter": "training_epochs"}


def _missing_input(spec: Spec) -> None:
    del _tasks(spec)["trainer"]["inputs"]["parameters"]["epochs"]


def _unknown_placeholder(spec: Spec) -> None:
    _executors(spec)["exec-trainer"]["container"]["args"] = ["{{$.inputs.parameters['steps']}}"]


def _unknown_placeholder_in_a_constant(spec: Spec) -> None:
    constant = {"runtimeValue": {"constant": "{{$.inputs.parameters['pipelinechannel--x']}}"}}
    _tasks(spec)["trainer"]["inputs"]["parameters"]["epochs"] = constant


def _unknown_upstream(spec: Spec) -> None:
    _tasks(spec)["pusher"]["dependentTasks"] = ["evaluator"]


def _circle(spec: Spec) -> None:
    _tasks(spec)["trainer"]["dependentTasks"] = ["pusher"]


def _unknown_executor(spec: Spec) -> None:
    _executors(spec)["exec-train"] = _executors(spec).pop("exec-trainer")


def _unknown_component(spec: Spec) -> None:
    _tasks(spec)["trainer"]["componentRef"]["name"] = "comp-train"


def _unknown_field(spec: Spec) -> None:
    _executors(spec)["exec-trainer"]["container"]["imagePolicy"] = "Always"


def _local_root(spec: Spec) -> None:
    spec["defaultPipelineRoot"] = "/tmp/root"  # noqa: S108 - a name, not a file


def _old_schema(spec: Spec) -> None:
    spec["schemaVersion"] = "2.0.0"


def _bad_name(spec: Spec) -> None:
    spec["pipelineInfo"]["name"] = "Digits_1"


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        # The first five are made by the compiler of TFX 1.21.
        (_drop_default, "parameter epochs: has no default, so that every run would have to set it"),
        (_drop_retries, "task trainer: has no retryPolicy; 0 retries are to be said as well"),
        (
            _drop_time_limit,
            "task trainer: has no time limit; expected a command that begins with timeout",
        ),
        (
            _dangling_condition,
            "task pusher: its condition reads artifacts['_Evaluator.blessing'], which is no input",
        ),
        (_task_suffix, "task trainer: reads parameter count of Count_task, which is no task"),
        (
            _unknown_output,
            "task pusher: reads artifact weights, which task trainer does not put out",
        ),
        (
            _unknown_parameter,
            "task trainer: reads the pipeline's parameter training_epochs, which does not exist",
        ),
        (
            _missing_input,
            "task trainer: is not given parameter epochs, which its component needs",
        ),
        (
            _unknown_placeholder,
            "component comp-trainer: its command reads inputs.parameters['steps'], not declared",
        ),
        (
            _unknown_placeholder_in_a_constant,
            "task trainer: the constant epochs reads parameters['pipelinechannel--x'], which is no",
        ),
        (_unknown_upstream, "task pusher: comes after evaluator, which is no task"),
        (_circle, "tasks: they wait for each other: pusher, trainer"),
        (_unknown_executor, "component comp-trainer: no such executor: 'exec-trainer'"),
        (_unknown_component, "task trainer: no such component: 'comp-train'"),
        (_unknown_field, "the file: expected the JSON of a PipelineJob"),
        (_local_root, "pipeline root: expected gs://..., received '/tmp/root'"),
        (_old_schema, "schemaVersion: expected 2.1.0, received '2.0.0'"),
        (_bad_name, "pipelineInfo.name: expected [a-z0-9][a-z0-9-]{0,127}, received 'Digits_1'"),
    ],
)
def test_a_planted_fault_is_found(sound: Spec, plant: Callable[[Spec], None], fault: str):
    spec = copy.deepcopy(sound)
    plant(spec)

    of_vertex, of_kubeflow = lint_vertex(_to_job(spec)), lint_kubeflow(_to_yaml(spec))

    assert [line for line in of_vertex if line.startswith(fault)], of_vertex
    # Formats and legal roots differ.
    fault = fault.replace("JSON of a PipelineJob", "YAML of a PipelineSpec")
    fault = fault.replace("gs://...", "gs:// or s3:// or minio://...")
    assert [line for line in of_kubeflow if line.startswith(fault)], of_kubeflow


@dsl.container_component
def reporter() -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="example", command=["timeout", "60", "report"])


@dsl.pipeline(name="reported")
def reported(epochs: int = 3) -> None:
    with dsl.ExitHandler(reporter().set_retry(0)):
        digits(epochs=epochs).set_retry(0)


def _plant_inside(spec: Spec) -> Spec:
    """Returns the tasks of the DAG that holds others, after a fault of each kind in it."""
    tasks: Spec = spec["components"]["comp-digits"]["dag"]["tasks"]
    del tasks["trainer"]["retryPolicy"]
    tasks["push_model"] = tasks.pop("pusher")
    tasks["push_model"]["dependentTasks"] = ["tuner"]
    return tasks


def test_faults_of_tasks_inside_of_others_are_found(tmp_path: Path):
    file = tmp_path / "reported.yaml"
    kfp_compiler.Compiler().compile(reported, str(file))
    spec = yaml.safe_load(file.read_text())
    assert lint_kubeflow(yaml.safe_dump(spec)) == []

    _plant_inside(spec)

    assert lint_kubeflow(yaml.safe_dump(spec)) == [
        "task push_model: comes after tuner, which is no task",
        "task trainer: has no retryPolicy; 0 retries are to be said as well",
        "task push_model: Argo takes only names like [a-zA-Z0-9][-a-zA-Z0-9]*",
    ]


def test_kubeflow_takes_neither_resolvers_nor_hooks_nor_names_with_an_underscore(sound: Spec):
    spec = copy.deepcopy(sound)
    _executors(spec)["exec-pusher"] = {"resolver": {"outputArtifactQueries": {}}}
    _executors(spec)["exec-trainer"]["container"]["lifecycle"] = {
        "preCacheCheck": {"command": ["drive"]}
    }
    _tasks(spec)["push_model"] = _tasks(spec).pop("pusher")

    assert lint_vertex(_to_job(spec)) == []
    assert lint_kubeflow(_to_yaml(spec)) == [
        "task push_model: Argo takes only names like [a-zA-Z0-9][-a-zA-Z0-9]*",
        "executor exec-pusher: is a resolver, which Kubeflow Pipelines does not run",
        "executor exec-trainer: has a lifecycle hook, which Kubeflow Pipelines leaves out",
    ]


def _make_custom_job(spec: Spec) -> Spec:
    """Has the trainer train on three machines, and returns its job."""
    container = _executors(spec)["exec-trainer"].pop("container")
    described = {
        "containerSpec": {
            "imageUri": container["image"],
            "command": container["command"],
            "args": container["args"],
        },
        "machineSpec": {"machineType": "n1-standard-8", "acceleratorType": "NVIDIA_TESLA_T4"},
    }
    pools = [copy.deepcopy(described) | {"replicaCount": count} for count in ("1", "2")]
    job: Spec = {"displayName": "train", "jobSpec": {"workerPoolSpecs": pools}}
    _executors(spec)["exec-trainer"]["customJob"] = {"customJob": job}
    return job


def test_vertex_takes_a_custom_job_and_kubeflow_does_not(sound: Spec):
    spec = copy.deepcopy(sound)
    _make_custom_job(spec)

    assert lint_vertex(_to_job(spec)) == []
    assert lint_kubeflow(_to_yaml(spec)) == [
        "executor exec-trainer: is a custom job, which Kubeflow Pipelines does not run"
    ]


def _two_chiefs(job: Spec, pools: list[Spec]) -> None:  # noqa: ARG001 - all have the same arguments
    pools[0]["replicaCount"] = "2"


def _nobody(job: Spec, pools: list[Spec]) -> None:  # noqa: ARG001
    pools[1]["replicaCount"] = "0"


def _no_machine(job: Spec, pools: list[Spec]) -> None:  # noqa: ARG001
    del pools[1]["machineSpec"]["machineType"]


def _no_image(job: Spec, pools: list[Spec]) -> None:  # noqa: ARG001
    del pools[1]["containerSpec"]["imageUri"]


def _no_time_limit(job: Spec, pools: list[Spec]) -> None:  # noqa: ARG001
    pools[1]["containerSpec"]["command"] = ["train"]


def _no_such_input(job: Spec, pools: list[Spec]) -> None:  # noqa: ARG001
    pools[1]["containerSpec"]["args"] = ["{{$.inputs.parameters['steps']}}"]


def _no_such_accelerator(job: Spec, pools: list[Spec]) -> None:  # noqa: ARG001
    pools[1]["machineSpec"]["acceleratorType"] = "NVIDIA_T4"


def _no_job_spec(job: Spec, pools: list[Spec]) -> None:  # noqa: ARG001
    job["workerPoolSpecs"] = job.pop("jobSpec")["workerPoolSpecs"]


def _no_pools(job: Spec, pools: list[Spec]) -> None:
    del job["displayName"]
    pools.clear()


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (_two_chiefs, "executor exec-trainer: worker pool 0: expected 1 replica, the chief, recei"),
        (_nobody, "executor exec-trainer: worker pool 1: expected replicas, received 0"),
        (_no_machine, "executor exec-trainer: worker pool 1: has no machineType"),
        (_no_image, "executor exec-trainer: worker pool 1: has no image"),
        (_no_time_limit, "task trainer: has no time limit; expected a command that begins with"),
        (_no_such_input, "component comp-trainer: its command reads inputs.parameters['steps']"),
        (_no_such_accelerator, "executor exec-trainer: expected the JSON of a CustomJob: "),
        (_no_job_spec, "executor exec-trainer: expected the JSON of a CustomJob: "),
        (
            _no_pools,
            "executor exec-trainer: expected a custom job with a displayName and a jobSpec",
        ),
    ],
)
def test_a_planted_fault_in_a_custom_job_is_found(
    sound: Spec, plant: Callable[[Spec, list[Spec]], None], fault: str
):
    spec = copy.deepcopy(sound)
    job = _make_custom_job(spec)
    plant(job, job["jobSpec"]["workerPoolSpecs"])

    faults = lint_vertex(_to_job(spec))

    assert [line for line in faults if line.startswith(fault)], faults


def test_a_platform_configures_only_executors_that_exist(sound: Spec):
    assert lint_kubeflow(_to_yaml(sound, executor="exec-train")) == [
        "platform kubernetes: configures executor exec-train, which does not exist"
    ]


def test_a_job_may_set_the_parameter_and_the_root_itself(sound: Spec):
    spec = copy.deepcopy(sound)
    _drop_default(spec)
    del spec["defaultPipelineRoot"]
    root = "gs://bucket/other"

    assert lint_vertex(_to_job(spec, gcsOutputDirectory=root, parameterValues={"epochs": 2})) == []
    assert lint_vertex(
        _to_job(spec, gcsOutputDirectory=root, parameterValues={"epochs": 2, "steps": 9})
    ) == ["runtimeConfig: sets steps, which is no parameter of the pipeline"]


@pytest.mark.parametrize("text", ["", "- 1", "{", "a: [", "null"])
def test_what_is_no_pipeline_is_one_fault(text: str):
    assert len(lint_kubeflow(text)) == 1
    assert len(lint_vertex(text)) == 1


def test_the_error_lists_every_fault(sound: Spec):
    spec = copy.deepcopy(sound)
    _drop_default(spec)
    _drop_retries(spec)

    with pytest.raises(SpecError, match=r"(?s)parameter epochs: .*\n  task trainer: "):
        check_kubeflow(_to_yaml(spec))

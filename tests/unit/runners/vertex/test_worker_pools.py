"""The Trainer of several workers as a custom job: its replicas, their machines, what is refused."""

import copy
from typing import Any

import pytest

from modules.hyperparameters import Hyperparameters
from runners.vertex.settings import Resources, TaskSettings, VertexSettings
from runners.vertex.worker_pools import add_worker_pools, check_settings

Json = dict[str, Any]

CONTAINER = {
    "image": "example",
    "command": ["timeout", "60", "train"],
    "args": ["{{$}}", "{{$.inputs.parameters['epochs']}}"],
    "resources": {"cpuLimit": 8},
}
SPEC: Json = {
    "pipelineInfo": {"name": "digits"},
    "root": {
        "dag": {
            "tasks": {
                name: {"taskInfo": {"name": name}, "componentRef": {"name": name}}
                for name in ("Transform", "Trainer")
            }
        }
    },
    "components": {name: {"executorLabel": f"{name}_x"} for name in ("Transform", "Trainer")},
    "deploymentSpec": {
        "executors": {f"{name}_x": {"container": CONTAINER} for name in ("Transform", "Trainer")}
    },
}


def training(**values: object) -> Hyperparameters:
    return Hyperparameters.model_validate(values)


def with_resources(**resources: object) -> VertexSettings:
    own = TaskSettings(resources=Resources.model_validate(resources))
    return VertexSettings(image="example", tasks={"Trainer": own})


def add(hyperparameters: Hyperparameters, settings: VertexSettings) -> Json:
    """Returns a pipeline with worker pools."""
    spec = copy.deepcopy(SPEC)
    check_settings(hyperparameters, settings)
    add_worker_pools(spec, hyperparameters, settings)
    return spec


def pools(spec: Json) -> list[Json]:
    custom_job = spec["deploymentSpec"]["executors"]["Trainer_x"]["customJob"]["customJob"]
    return custom_job["jobSpec"]["workerPoolSpecs"]


@pytest.mark.parametrize("strategy", ["mirrored", "one_device", "tpu"])
def test_a_strategy_without_workers_changes_nothing(strategy: str):
    assert add(training(strategy=strategy), VertexSettings(image="example")) == SPEC


def test_the_trainers_executor_alone_becomes_a_custom_job():
    spec = add(training(strategy="multi_worker_mirrored", workers=2), with_resources())
    executor = spec["deploymentSpec"]["executors"].pop("Trainer_x")
    expected = copy.deepcopy(SPEC)
    del expected["deploymentSpec"]["executors"]["Trainer_x"]

    assert spec == expected
    assert list(executor) == ["customJob"]
    job = executor["customJob"]["customJob"]
    assert job["displayName"] == "digits-Trainer"
    assert job["jobSpec"]["scheduling"] == {"restartJobOnWorkerRestart": True}


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"strategy": "multi_worker_mirrored", "workers": 2}, ["1", "1"]),
        ({"strategy": "multi_worker_mirrored", "workers": 8}, ["1", "7"]),
        ({"strategy": "parameter_server"}, ["1", "1", "1"]),
        ({"strategy": "parameter_server", "workers": 4, "parameter_servers": 2}, ["1", "4", "2"]),
    ],
)
def test_there_is_a_replica_for_each_process_and_all_run_the_same(values: Json, counts: list[str]):
    found = pools(add(training(**values), with_resources()))

    assert [pool["replicaCount"] for pool in found] == counts
    for pool in found:
        assert pool["containerSpec"] == {
            "imageUri": "example",
            "command": CONTAINER["command"],
            "args": CONTAINER["args"],
        }
        assert pool["machineSpec"] == found[0]["machineSpec"]


@pytest.mark.parametrize(
    ("resources", "machine"),
    [
        ({}, "n1-standard-4"),
        ({"cpu_limit": 2, "memory_limit_gb": 8}, "n1-standard-4"),
        ({"cpu_limit": 8, "memory_limit_gb": 30}, "n1-standard-8"),
        ({"cpu_limit": 8, "memory_limit_gb": 31}, "n1-highmem-8"),
        ({"cpu_limit": 5, "memory_limit_gb": 60}, "n1-standard-16"),
        ({"cpu_limit": 96, "memory_limit_gb": 624}, "n1-highmem-96"),
        ({"cpu_limit": 1, "machine_type": "g2-standard-12"}, "g2-standard-12"),
    ],
)
def test_each_replica_has_the_smallest_machine_with_what_the_settings_ask_for(
    resources: Json, machine: str
):
    hyperparameters = training(strategy="multi_worker_mirrored", workers=2)

    found = pools(add(hyperparameters, with_resources(**resources)))

    assert [pool["machineSpec"]["machineType"] for pool in found] == [machine] * 2


def test_each_replica_has_the_accelerators():
    resources = {
        "accelerator": "NVIDIA_L4",
        "accelerator_count": 2,
        "machine_type": "g2-standard-24",
    }
    found = pools(add(training(strategy="parameter_server"), with_resources(**resources)))

    for pool in found:
        assert pool["machineSpec"] == {
            "machineType": "g2-standard-24",
            "acceleratorType": "NVIDIA_L4",
            "acceleratorCount": 2,
        }


def test_what_the_container_finds_in_its_environment_every_replica_finds():
    spec = copy.deepcopy(SPEC)
    env = [{"name": "TFX_MNIST_LOG", "value": "1"}]
    spec["deploymentSpec"]["executors"]["Trainer_x"]["container"]["env"] = env

    add_worker_pools(spec, training(strategy="parameter_server"), with_resources())

    assert [pool["containerSpec"]["env"] for pool in pools(spec)] == [env] * 3


@pytest.mark.parametrize(
    ("values", "settings", "message"),
    [
        (
            {"strategy": "parameter_server", "run_workers_in": "pods"},
            with_resources(),
            "training.run_workers_in: expected processes, received pods",
        ),
        (
            {"strategy": "mirrored"},
            with_resources(machine_type="n1-standard-8"),
            "tasks.Trainer.resources.machine_type: expected none but that of a Trainer with",
        ),
        (
            {"strategy": "parameter_server"},
            VertexSettings(image="example", resources=Resources(machine_type="n1-standard-8")),
            "resources.machine_type: expected none but that of a Trainer with workers, received",
        ),
        (
            {"strategy": "parameter_server"},
            with_resources(cpu_limit=97),
            "tasks.Trainer.resources: no machine of the series N1 has 97 cores and 0 GB. Name",
        ),
        (
            {"strategy": "parameter_server"},
            with_resources(accelerator="NVIDIA_L4"),
            "machine_type: expected the machine of a worker with NVIDIA_L4, such as",
        ),
    ],
)
def test_what_vertex_could_not_run_is_refused(values: Json, settings: VertexSettings, message: str):
    with pytest.raises(ValueError, match=message):
        add(training(**values), settings)

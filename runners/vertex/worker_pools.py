"""Makes the Trainer a custom job with worker pools, where its strategy has workers.

Vertex AI then starts a replica of the Trainer's container for each process of the training, and
tells each by TF_CONFIG who the others are. The first pool holds the chief, the second the workers,
the third the parameter servers.
"""

import copy
from typing import Any

from modules.hyperparameters import Hyperparameters
from pipeline.node_ids import TRAINER
from runners.vertex.settings import Resources, VertexSettings

Json = dict[str, Any]

_GB_PER_CORE_OF_N1 = {"n1-standard": 3.75, "n1-highmem": 6.5}
_CORES_OF_N1 = (4, 8, 16, 32, 64, 96)


def check_settings(training: Hyperparameters, settings: VertexSettings) -> None:
    """Refuses what has no meaning on Vertex AI.

    Raises:
      ValueError: Workers are to be pods, or a task without workers is to have a machine type.
    """
    if training.run_workers_in == "pods":
        raise ValueError(
            "training.run_workers_in: expected processes, received pods, which Vertex AI has not. "
            "There each worker is a replica of the Trainer's custom job, on a machine of its own."
        )
    with_workers = f"tasks.{TRAINER}." if _count_replicas(training) else None
    given = {f"tasks.{name}.": task.resources for name, task in settings.tasks.items()}
    for where, resources in {"": settings.resources, **given}.items():
        if resources and resources.machine_type and where != with_workers:
            raise ValueError(
                f"{where}resources.machine_type: expected none but that of a Trainer with workers, "
                f"received {resources.machine_type} with training.strategy={training.strategy}. "
                "Of all other tasks, Vertex AI chooses the machine, by cpu_limit and "
                "memory_limit_gb."
            )


def add_worker_pools(spec: Json, training: Hyperparameters, settings: VertexSettings) -> None:
    """Turns the Trainer's container into a custom job; without workers, changes nothing.

    Args:
      spec: The pipeline, its containers complete.
      training: Says how many processes there are.
      settings: Of the tasks.

    Raises:
      ValueError: There is no machine as the settings ask for.
    """
    counts = _count_replicas(training)
    if not counts:
        return
    [label] = {
        spec["components"][task["componentRef"]["name"]]["executorLabel"]
        for task in spec["root"]["dag"]["tasks"].values()
        if task["taskInfo"]["name"] == TRAINER
    }
    container = spec["deploymentSpec"]["executors"][label]["container"]
    pool = {
        "containerSpec": _describe_container(container),
        "machineSpec": _describe_machine(settings.of_task(TRAINER).resources or Resources()),
    }
    job = {
        "displayName": f"{spec['pipelineInfo']['name']}-{TRAINER}",
        "jobSpec": {
            "workerPoolSpecs": [
                {**copy.deepcopy(pool), "replicaCount": str(count)} for count in counts
            ],
            # A replica that comes again alone finds no others to train with: they have lost it.
            "scheduling": {"restartJobOnWorkerRestart": True},
        },
    }
    spec["deploymentSpec"]["executors"][label] = {"customJob": {"customJob": job}}


def _count_replicas(training: Hyperparameters) -> list[int]:
    """Returns the sizes of the pools; none for a strategy that trains in one process."""
    if training.strategy == "multi_worker_mirrored":
        return [1, training.workers - 1]  # the chief trains, too
    if training.strategy == "parameter_server":
        return [1, training.workers, training.parameter_servers]
    return []


def _describe_container(container: Json) -> Json:
    """Returns a ContainerSpec; Vertex AI replaces placeholders there as in a container task."""
    described = {
        "imageUri": container["image"],
        "command": container["command"],
        "args": container["args"],
    }
    return described | ({"env": container["env"]} if "env" in container else {})


def _describe_machine(resources: Resources) -> Json:
    """Returns a MachineSpec, which needs a type: for a pool, Vertex AI chooses none."""
    machine: Json = {"machineType": resources.machine_type or _choose_machine(resources)}
    if resources.accelerator:
        machine["acceleratorType"] = resources.accelerator
        machine["acceleratorCount"] = resources.accelerator_count
    return machine


def _choose_machine(resources: Resources) -> str:
    """Returns the smallest machine of the series N1 with the cores and the memory asked for."""
    cores, gigabytes = resources.cpu_limit or 0, resources.memory_limit_gb or 0
    if resources.accelerator:  # which, and how many of it, a machine takes is Google's table
        raise ValueError(
            f"tasks.{TRAINER}.resources.machine_type: expected the machine of a worker with "
            f"{resources.accelerator}, such as n1-standard-8 for NVIDIA_TESLA_T4 or g2-standard-12 "
            "for NVIDIA_L4, received none."
        )
    for cores_there in _CORES_OF_N1:
        for family, gb_per_core in _GB_PER_CORE_OF_N1.items():
            if cores_there >= cores and cores_there * gb_per_core >= gigabytes:
                return f"{family}-{cores_there}"
    raise ValueError(
        f"tasks.{TRAINER}.resources: no machine of the series N1 has {cores:g} cores and "
        f"{gigabytes:g} GB. Name one that has by machine_type."
    )

"""What a task of Vertex AI does with a custom job: start the replicas of its worker pools."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.free_ports import find_free_ports
from support.vertex.container import Container

Json = dict[str, Any]

# What the replicas of a pool are in TF_CONFIG, by the pool's position.
_TASKS = ("chief", "worker", "ps")


@dataclass(frozen=True)
class CustomJob:
    """Replicas that find each other by TF_CONFIG; each is a process of this machine."""

    spec: Json
    working_directory: Path
    python_folder: Path

    def run(self, given: Json) -> subprocess.CompletedProcess[str]:
        """Returns how all ended; when one fails, the others are killed.

        Vertex would end the others also when the chief succeeds. Here they are waited for: a test
        is to see how they end by themselves.
        """
        processes = {
            name: container.start(
                container.command, given, in_session=True, TF_CONFIG=json.dumps(config)
            )
            for name, container, config in self._list_replicas()
        }
        exit_code, outputs = 0, {}
        with ThreadPoolExecutor(len(processes)) as pool:
            running = {pool.submit(each.communicate): name for name, each in processes.items()}
            for ended in as_completed(running):
                name = running[ended]
                outputs[name] = "".join(ended.result())
                # Those that were killed say nothing of why.
                exit_code = exit_code or processes[name].returncode
                if exit_code:
                    _kill(list(processes.values()))
        output = "\n".join(f"{name}:\n{text}" for name, text in outputs.items())
        return subprocess.CompletedProcess([], exit_code, output, "")

    def cache_key(self, given: Json) -> str:
        """Returns all that the task depends on."""
        [key, *_] = [container.cache_key(given) for _, container, _ in self._list_replicas()]
        return json.dumps([self.spec, key], sort_keys=True)

    def _list_replicas(self) -> Iterator[tuple[str, Container, Json]]:
        """Yields name, container and TF_CONFIG of each."""
        pools = dict(zip(_TASKS, self.spec["workerPoolSpecs"], strict=False))
        addresses = {
            task: [f"127.0.0.1:{port}" for port in find_free_ports(int(pool["replicaCount"]))]
            for task, pool in pools.items()
        }
        for task, pool in pools.items():
            container = Container(pool["containerSpec"], self.working_directory, self.python_folder)
            for index in range(len(addresses[task])):
                config = {
                    "cluster": addresses,
                    "environment": "cloud",
                    "task": {"type": task, "index": index},
                }
                yield f"{task} {index}", container, config


def _kill(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

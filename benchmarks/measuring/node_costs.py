"""Runs each node of a pipeline in a process of its own, and measures the node alone."""

import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from components.without_collections import without_collections
from pipeline.config import PipelineConfig

_MEMORY = Path("/proc/self")
_RESET_PEAK = "5"  # see proc_pid_clear_refs(5)


@dataclass(frozen=True, kw_only=True)
class NodeCost:
    """What a node used, without the imports of its process.

    Attributes:
      node_id: The node.
      import_seconds: CPU seconds that its process had used before the node began; a local run,
        which has one process for all nodes, uses them once.
      wall_seconds: From its start to its end.
      cpu_seconds: User and system time, of the processes that it started and waited for, too.
      peak_bytes: Most memory of its process at one time, beyond what that had before.
    """

    node_id: str
    import_seconds: float
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def measure_nodes(config: PipelineConfig, run_id: str) -> Iterator[NodeCost]:
    """Runs the whole pipeline, and yields what each node used, in the order of the flow.

    Raises:
      RuntimeError: A node failed; its process has said why.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for node_id in processes.submit(_list_nodes, config).result():
            yield processes.submit(_run_node, config, run_id, node_id).result()


def _list_nodes(config: PipelineConfig) -> list[str]:
    from runners.orchestration.compiled import compile_ir  # noqa: PLC0415 - not in the parent

    return [node.pipeline_node.node_info.id for node in compile_ir(config).nodes]


def _run_node(config: PipelineConfig, run_id: str, node_id: str) -> NodeCost:
    with without_collections():  # as in a run
        # All that a run has loaded before its first node.
        import runners.local.run  # noqa: F401, PLC0415
        from runners.interrupts import Interruption  # noqa: PLC0415
        from runners.metadata.connection import sqlite_connection  # noqa: PLC0415
        from runners.node.launch import launch_node  # noqa: PLC0415
        from runners.orchestration.compiled import compile_run  # noqa: PLC0415
        from runners.orchestration.exit_codes import FAILED  # noqa: PLC0415

    Path(config.metadata_path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite_connection(config.metadata_path)
    ir = compile_run(config, run_id, connection)
    (_MEMORY / "clear_refs").write_text(_RESET_PEAK)
    before, started, used = _read_memory("VmRSS"), time.perf_counter(), _read_cpu_seconds()
    end = launch_node(ir, node_id, config, connection, "benchmark", Interruption())
    cost = NodeCost(
        node_id=node_id,
        import_seconds=used,
        wall_seconds=time.perf_counter() - started,
        cpu_seconds=_read_cpu_seconds() - used,
        peak_bytes=_read_memory("VmHWM") - before,
    )
    if end.exit_code == FAILED:
        raise RuntimeError(end.message)
    return cost


def _read_cpu_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _read_memory(name: str) -> int:
    """Returns bytes: VmRSS is what the process has now, VmHWM the most that it had."""
    for line in (_MEMORY / "status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status: expected {name}, received none")

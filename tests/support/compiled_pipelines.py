"""A workspace's pipeline, compiled; and its nodes, run as an orchestrator runs them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Execution

from runners.metadata.connection import sqlite_connection
from support.workspaces import Workspace

COMPILE = """
import sys
from pipeline.config_sources import load_config
from runners.orchestration.compiled import compile_pipeline
compile_pipeline(load_config(overrides=sys.argv[2:])).write(sys.argv[1])
"""


@dataclass(frozen=True)
class CompiledWorkspace:
    """A workspace with its compiled pipeline.

    Attributes:
      workspace: The workspace.
      ir_path: The IR as it was compiled.
      uploaded_ir: Where nodes read it from, if not there.
    """

    workspace: Workspace
    ir_path: Path
    uploaded_ir: str = ""

    @property
    def node_ids(self) -> list[str]:
        graph = self.ir_path.with_name("tfx_mnist.graph.json")
        return [node["node_id"] for node in json.loads(graph.read_text())["nodes"]]

    def command(self, *nodes: str, run_id: str, **params: Any) -> list[str]:
        arguments = [argument for node in nodes for argument in ("--node", node)]
        parameters = {name.replace("__", "."): value for name, value in params.items()}
        return [
            *(self.workspace.warm_python.executable, "-m", "runners.node"),
            *("--ir", self.uploaded_ir or str(self.ir_path), *arguments),
            *("--run-id", run_id, "--params", json.dumps(parameters)),
        ]

    def run(self, *nodes: str, run_id: str, **params: Any) -> subprocess.CompletedProcess[str]:
        """Runs nodes; `training__epochs` is `training.epochs`."""
        return subprocess.run(
            self.command(*nodes, run_id=run_id, **params),
            cwd=self.workspace.folder,
            check=False,
            capture_output=True,
            text=True,
        )

    def report_on(self, run_id: str) -> subprocess.CompletedProcess[str]:
        """Runs the last task of a run, which is tried once."""
        return subprocess.run(
            [
                *(self.workspace.warm_python.executable, "-m", "runners.run_report"),
                *("--ir", self.uploaded_ir or str(self.ir_path), "--run-id", run_id),
            ],
            cwd=self.workspace.folder,
            check=False,
            capture_output=True,
            text=True,
        )

    def start(self, *nodes: str, run_id: str, **params: Any) -> subprocess.Popen[str]:
        """Starts nodes in a new process, to be killed; their log is to be read from stderr."""
        _, *arguments = self.command(*nodes, run_id=run_id, **params)
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.workspace.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read_executions(self, node_id: str, run_id: str) -> list[Execution]:
        store = MetadataStore(sqlite_connection(str(self.workspace.root / "metadata.db")))
        context = store.get_context_by_type_and_name("pipeline_run", run_id)
        node = store.get_context_by_type_and_name("node", f"tfx-mnist.{node_id}")
        in_run = {execution.id for execution in store.get_executions_by_context(context.id)}
        executions = store.get_executions_by_context(node.id)
        return [execution for execution in executions if execution.id in in_run]


def compile_workspace(workspace: Workspace, *settings: str) -> CompiledWorkspace:
    """Compiles the workspace's pipeline with its own settings and those that are given."""
    prefix = workspace.folder / "compiled" / "tfx_mnist"
    prefix.parent.mkdir(exist_ok=True)
    subprocess.run(
        [
            workspace.warm_python.executable,
            "-c",
            COMPILE,
            str(prefix),
            *workspace.settings,
            *settings,
        ],
        cwd=workspace.folder,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        check=True,
    )
    return CompiledWorkspace(workspace, prefix.with_suffix(".ir.json"))


def read_type_names(metadata_path: Path) -> list[str]:
    """Returns the names of all types in a SQLite file of ML Metadata; makes a missing one."""
    store = MetadataStore(sqlite_connection(str(metadata_path)))
    types = (store.get_context_types(), store.get_execution_types(), store.get_artifact_types())
    return [each.name for kind in types for each in kind]

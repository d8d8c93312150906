"""Compiles the pipeline once, to TFX's intermediate representation (IR) and a graph file.

An orchestrator gets both files and runs each node with `python -m runners.node`. What is compiled
is what runs: a node whose own code or data contract would compile to something else says so.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig
from tfx.dsl.compiler.compiler import Compiler
from tfx.dsl.compiler.constants import PIPELINE_RUN_ID_PARAMETER_NAME
from tfx.dsl.io import fileio
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from components.whole_file import write_whole_file
from pipeline.config import PipelineConfig
from pipeline.definition_files import DefinitionFiles
from pipeline.pipeline import create_pipeline
from runners.orchestration.graph import IR_SUFFIX, Graph, Node, find_graph, parse_graph
from runners.orchestration.parameters import describe_parameters, with_parameters


class StaleIrError(RuntimeError):
    """The code or the data contract is not the one that was compiled; the message says where."""


@dataclass(frozen=True, kw_only=True)
class CompiledPipeline:
    """A pipeline ready for an orchestrator.

    Attributes:
      ir: The pipeline with the values of its configuration; without run id and MLMD connection.
      graph: Its nodes, runtime parameters and configuration.
    """

    ir: pipeline_pb2.Pipeline
    graph: Graph

    @property
    def config(self) -> PipelineConfig:
        """The configuration that was compiled."""
        return PipelineConfig.model_validate(self.graph.config)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of both files: by them a DAG knows what it was compiled with."""
        content = f"{self._ir_text}\0{self.graph.to_json()}"
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def _ir_text(self) -> str:
        return json_format.MessageToJson(self.ir, sort_keys=True) + "\n"

    def check_digest(self, expected: str) -> None:
        """Holds this pipeline to what a DAG was compiled with.

        Raises:
          StaleIrError: It is another one.
        """
        if self.digest != expected:
            raise StaleIrError(
                f"expected the compiled pipeline that the orchestrator was given ({expected}), "
                f"received another one ({self.digest}). The three files that compile wrote belong "
                "together: give the orchestrator all of them."
            )

    def make_run(self, run_id: str, parameters: Mapping[str, Any]) -> pipeline_pb2.Pipeline:
        """Returns the IR of one run.

        A parameter can occur anywhere in the IR, and in another form than in the configuration.
        Only `create_pipeline` knows where, so it is called again; that takes 0.02 s. It must first
        come to the same IR as when it was compiled.

        Args:
          run_id: The run's id at the orchestrator, which becomes its id in metadata.
          parameters: Values of runtime parameters by dotted key; the others keep their default.

        Raises:
          StaleIrError: The code or the data contract is not the one that was compiled.
          ConfigError: A parameter is unknown or out of bounds.
        """
        different = _different_parts(self.ir, compile_ir(self.config))
        if different:
            raise StaleIrError(
                "expected the code and the data contract that the pipeline was compiled from, "
                f"received others here; they concern {', '.join(different)}. Compile the pipeline "
                "again (tfx-mnist compile), or run the code that it was compiled from."
            )
        return compile_run(with_parameters(self.config, parameters), run_id)

    def write(self, prefix: str) -> tuple[str, str]:
        """Writes `<prefix>.ir.json` and `<prefix>.graph.json`, each whole or not at all.

        Returns:
          The paths of the IR and of the graph.
        """
        ir_path = add_ir_suffix(prefix)
        graph_path = find_graph(ir_path)
        write_whole_file(graph_path, self.graph.to_json())
        write_whole_file(ir_path, self._ir_text)
        return ir_path, graph_path


def add_ir_suffix(prefix: str) -> str:
    """Returns the path or name of the IR that `CompiledPipeline.write` writes for `prefix`."""
    return f"{prefix}{IR_SUFFIX}"


def compile_pipeline(
    config: PipelineConfig, files: DefinitionFiles | None = None
) -> CompiledPipeline:
    """Compiles the pipeline.

    Args:
      config: Of the pipeline, with the paths that its nodes see.
      files: What is read meanwhile. Default: it is read at the paths of `config`.
    """
    ir = compile_ir(config, files=files)
    return CompiledPipeline(ir=ir, graph=_make_graph(ir, config))


def compile_ir(
    config: PipelineConfig,
    connection: ConnectionConfig | None = None,
    *,
    files: DefinitionFiles | None = None,
) -> pipeline_pb2.Pipeline:
    """Returns the pipeline in TFX's intermediate representation.

    Args:
      config: Of the pipeline.
      connection: To ML Metadata, for a runner that looks for it in the IR; None: it names none.
      files: As in `create_pipeline`.
    """
    pipeline = create_pipeline(config, files=files)
    pipeline.metadata_connection_config = connection
    return Compiler().compile(pipeline)


def compile_run(
    config: PipelineConfig, run_id: str, connection: ConnectionConfig | None = None
) -> pipeline_pb2.Pipeline:
    """Returns the IR of one run: as `compile_ir`, with the run's id in it."""
    ir = compile_ir(config, connection)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    return ir


def read_compiled(ir_path: str) -> CompiledPipeline:
    """Reads an IR and the graph file beside it; also from gs:// and the like.

    Raises:
      ValueError: `ir_path` does not end as the IR files do that are written here.
      tfx.dsl.io.fileio.NotFoundError: One of the two files is missing.
    """
    graph_path = find_graph(ir_path)
    ir = pipeline_pb2.Pipeline()
    json_format.Parse(_read(ir_path), ir)
    return CompiledPipeline(ir=ir, graph=parse_graph(_read(graph_path)))


def _make_graph(ir: pipeline_pb2.Pipeline, config: PipelineConfig) -> Graph:
    nodes = [node.pipeline_node for node in ir.nodes]
    return Graph(
        pipeline_name=config.pipeline_name,
        nodes=tuple(
            Node(
                node_id=node.node_info.id,
                type=node.node_info.type.name,
                upstream=tuple(node.upstream_nodes),
            )
            for node in nodes
        ),
        parameters=describe_parameters(config),
        config=config.model_dump(mode="json"),
    )


def _different_parts(left: pipeline_pb2.Pipeline, right: pipeline_pb2.Pipeline) -> list[str]:
    """Returns the ids of the nodes in which the IRs differ, or the names of other fields."""
    parts = [_parts(left), _parts(right)]
    names = dict.fromkeys([*parts[0], *parts[1]])
    return [name for name in names if parts[0].get(name) != parts[1].get(name)]


def _parts(ir: pipeline_pb2.Pipeline) -> dict[str, Any]:
    # As dicts: the same message can be serialized in more than one order.
    content = json_format.MessageToDict(ir)
    nodes = content.pop("nodes")
    return {node["pipelineNode"]["nodeInfo"]["id"]: node for node in nodes} | content


def _read(path: str) -> str:
    with fileio.open(path, "r") as file:
        return str(file.read())

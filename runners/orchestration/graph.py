"""The graph file: what an orchestrator must know of a compiled pipeline (no TensorFlow)."""

import json
from dataclasses import asdict, dataclass
from typing import Any

IR_SUFFIX = ".ir.json"
_GRAPH_SUFFIX = ".graph.json"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of the pipeline.

    Attributes:
      node_id: Its id in the pipeline.
      type: The type of what it runs, e.g. "tfx.components.trainer.component.Trainer".
      upstream: Ids of the nodes that must be done before it.
    """

    node_id: str
    type: str
    upstream: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A pipeline's nodes, what a run of it may set, and what it was compiled from.

    Attributes:
      pipeline_name: The pipeline's name.
      nodes: In an order in which they can run one after another.
      parameters: The JSON schema of each runtime parameter, default included, by dotted key.
      config: The whole configuration as plain JSON. It holds no password.
    """

    pipeline_name: str
    nodes: tuple[Node, ...]
    parameters: dict[str, dict[str, Any]]
    config: dict[str, Any]

    def to_json(self) -> str:
        """Returns the content of the graph file."""
        return json.dumps(asdict(self), indent=2) + "\n"


def find_graph(ir_path: str) -> str:
    """Returns the path of the graph file, which is beside the IR.

    Raises:
      ValueError: `ir_path` does not end as the IR files do that compile writes.
    """
    if not ir_path.endswith(IR_SUFFIX):
        raise ValueError(f"{ir_path}: expected a file named *{IR_SUFFIX}, as compile writes it")
    return f"{ir_path.removesuffix(IR_SUFFIX)}{_GRAPH_SUFFIX}"


def parse_graph(text: str) -> Graph:
    """Returns the graph that `text`, the content of a graph file, describes."""
    content = json.loads(text)
    nodes = [Node(**{**node, "upstream": tuple(node["upstream"])}) for node in content.pop("nodes")]
    return Graph(**content, nodes=tuple(nodes))

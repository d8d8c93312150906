"""Nodes of pipelines that exist in tests only."""

from runners.orchestration.graph import Node


def _node(node_id: str, *upstream: str) -> Node:
    return Node(node_id=node_id, type=f"tfx.{node_id}", upstream=upstream)


DIAMOND = (
    _node("data"),
    _node("left", "data"),
    _node("right", "data"),
    _node("end", "left", "right"),
)

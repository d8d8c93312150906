"""Reruns a part of the pipeline on the outputs of an earlier run, with TFX's partial runs."""

from collections.abc import Collection, Iterator, Sequence

from ml_metadata import MetadataStore
from tfx.orchestration.node_proto_view import get_view_for_all_in
from tfx.orchestration.portable.partial_run_utils import compute_nodes_to_run, make_ordered_node_map
from tfx.proto.orchestration import pipeline_pb2

from runners.metadata.records import list_runs, read_run
from runners.metadata.states import SUCCESSFUL


def make_partial_run(
    ir: pipeline_pb2.Pipeline,
    store: MetadataStore,
    from_nodes: Collection[str],
    to_nodes: Collection[str],
) -> pipeline_pb2.RunOptions | None:
    """Returns the options of a partial run, None for a whole run of what then is in the pipeline.

    TFX would take what comes before from the last run, also if that was a part that does not hold
    it. This takes the last run that does.

    Args:
      ir: The pipeline; the cache of `from_nodes` is switched off in it. If no node that is to run
        needs one that is not, the others are taken out of it.
      store: The metadata of the pipeline.
      from_nodes: Run these nodes and what follows them; empty for all.
      to_nodes: Run nothing after these; empty for all.

    Raises:
      ValueError: There is no node of that name, or no run holds what comes before.
    """
    if not from_nodes and not to_nodes:
        return None
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    unknown = sorted({*from_nodes, *to_nodes} - set(nodes))
    if unknown:
        raise ValueError(f"no such node: {', '.join(unknown)}; the nodes are {', '.join(nodes)}")
    for node_id in from_nodes:
        nodes[node_id].execution_options.caching_options.enable_cache = False
    node_map = make_ordered_node_map(get_view_for_all_in(ir))
    # TFX also wants what the nodes after `from_nodes` take from nodes that are not run.
    to_run = compute_nodes_to_run(node_map, from_nodes or nodes, to_nodes or nodes, [])
    needed = _upstream({name: node.upstream_nodes for name, node in nodes.items()}, to_run)
    if not needed:
        # TFX wants an earlier run for any partial one: so this is the whole of a smaller pipeline.
        _leave_only(ir, to_run)
        return None
    base_run = next(_runs_with(store, ir.pipeline_info.id, needed), None)
    if base_run is None:
        raise ValueError(
            f"no run of {ir.pipeline_info.id} holds what is needed here, the outputs of "
            f"{', '.join(sorted(needed))}. Run the whole pipeline first."
        )
    options = pipeline_pb2.RunOptions()
    options.partial_run.from_nodes.extend(from_nodes)
    options.partial_run.to_nodes.extend(to_nodes)
    snapshot = options.partial_run.snapshot_settings
    snapshot.base_pipeline_run_strategy.base_run_id = base_run
    return options


def _leave_only(ir: pipeline_pb2.Pipeline, node_ids: Collection[str]) -> None:
    kept = [node for node in ir.nodes if node.pipeline_node.node_info.id in node_ids]
    for node in kept:
        downstream = [each for each in node.pipeline_node.downstream_nodes if each in node_ids]
        node.pipeline_node.downstream_nodes[:] = downstream
    others = [node for node in ir.nodes if node.pipeline_node.node_info.id not in node_ids]
    for node in others:
        ir.nodes.remove(node)


def _upstream(parents: dict[str, Sequence[str]], node_ids: Collection[str]) -> set[str]:
    """Returns every node before `node_ids`."""
    found: set[str] = set()
    waiting = list(node_ids)
    while waiting:
        new = set(parents[waiting.pop()]) - found
        found |= new
        waiting += new
    return found - set(node_ids)


def _runs_with(store: MetadataStore, pipeline_name: str, needed: set[str]) -> Iterator[str]:
    """Yields the ids of the runs in which all of `needed` are done, newest first."""
    for run in list_runs(store, pipeline_name):
        records = read_run(store, run.name)
        done = {node_id for node_id, record in records.items() if record.state in SUCCESSFUL}
        if needed <= done:
            yield run.name

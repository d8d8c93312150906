"""The types of what a pipeline writes to ML Metadata, registered before several nodes do so.

ML Metadata looks a type up by its name and inserts it if it is missing. On PostgreSQL nothing
keeps two processes that do so at once from inserting it twice, and what was written under one of
the two is then not found under the other. So types are registered once, and nodes check that
they are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import ContextType
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable.mlmd.common_utils import register_type_if_not_exist
from tfx.orchestration.portable.mlmd.context_lib import CONTEXT_TYPE_EXECUTION_CACHE
from tfx.proto.orchestration import pipeline_pb2

MetadataType = Any
"""A ContextType, ExecutionType or ArtifactType; ML Metadata has no stubs to say so."""


class MetadataTypesError(RuntimeError):
    """ML Metadata is not ready for nodes that run at the same time; the message says why."""


def types_written_by(nodes: Iterable[pipeline_pb2.PipelineNode]) -> list[MetadataType]:
    """Returns the types that TFX's launcher registers when it runs `nodes`, each once."""
    # The launcher's own, which stands in no IR.
    types: list[MetadataType] = [ContextType(name=CONTEXT_TYPE_EXECUTION_CACHE)]
    for node in nodes:
        types.append(node.node_info.type)
        types += [context.type for context in node.contexts.contexts]
        types += [output.artifact_spec.type for output in node.outputs.outputs.values()]
    return list({_key(each): each for each in types}.values())


def register_types(metadata: Metadata, types: Sequence[MetadataType]) -> None:
    """Registers those of `types` that are missing.

    Raises:
      MetadataTypesError: Processes that ran at the same time have registered one twice.
    """
    with metadata as handle:
        for each in types:
            register_type_if_not_exist(handle, each)
        check_types(handle.store, types)


def check_types(store: MetadataStore, types: Sequence[MetadataType]) -> None:
    """Checks that `store` has each of `types` exactly once.

    Raises:
      MetadataTypesError: It has not; the message names them and says what to do.
    """
    stored = (
        *store.get_context_types(),
        *store.get_execution_types(),
        *store.get_artifact_types(),
    )
    times = Counter(_key(each) for each in stored)
    twice = sorted(each.name for each in types if times[_key(each)] > 1)
    if twice:
        raise MetadataTypesError(
            f"expected each type once in ML Metadata, received several of {', '.join(twice)}: "
            "nodes ran at the same time before `tfx-mnist mlmd init`, and cannot find what the "
            "others wrote. Make an empty database, and initialize it before anything runs."
        )
    missing = sorted(each.name for each in types if not times[_key(each)])
    if missing:
        raise MetadataTypesError(
            "expected the types that this pipeline writes in ML Metadata, where nodes that run at "
            f"the same time must not make them; missing are {', '.join(missing)}. Run "
            "`tfx-mnist mlmd init` once, with the code that the pipeline was compiled from."
        )


def _key(each: MetadataType) -> tuple[type, str]:
    return type(each), each.name

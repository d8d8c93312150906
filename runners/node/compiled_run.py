"""Ties a run to one compiled pipeline, so that its tasks cannot mix two."""

import contextlib

from ml_metadata import MetadataStore
from ml_metadata.errors import AlreadyExistsError, StatusError
from ml_metadata.proto.metadata_store_pb2 import Context, ParentContext

from runners.metadata.artifacts import property_of
from runners.orchestration.compiled import StaleIrError


def join_run(store: MetadataStore, pipeline_name: str, run_id: str, digest: str) -> None:
    """Writes down what the first node of a run was compiled to, and holds the others to it.

    The run and its pipeline must be known. Another pipeline may have a run of the same id: Airflow
    names scheduled runs by their time. TFX has one context for both, and links it to the pipeline
    that made it; here it is linked to the other as well.

    Args:
      store: Metadata.
      pipeline_name: The pipeline's name.
      run_id: The run's id.
      digest: Of the compiled pipeline.

    Raises:
      StaleIrError: The run began with another one.
    """
    key = f"__digest_of_{pipeline_name}__"
    first = _read(store, run_id, key)
    if not first:
        _link(store, pipeline_name, run_id)
        _write(store, run_id, key, digest)
        first = _read(store, run_id, key)
    if first != digest:
        raise StaleIrError(
            f"expected the compiled pipeline that run {run_id} began with ({first}), received "
            f"another one ({digest}): it was compiled again while the run went on. Start a new "
            "run; what has not changed comes from the cache."
        )


def _read(store: MetadataStore, run_id: str, key: str) -> str:
    return property_of(_find_run(store, run_id), key) or ""


def _write(store: MetadataStore, run_id: str, key: str, digest: str) -> None:
    run = _find_run(store, run_id)
    run.custom_properties[key].string_value = digest
    try:
        store.put_contexts([run])
    except StatusError:
        # Unless another node of the run, started at the same time, was quicker.
        if not _read(store, run_id, key):
            raise


def _link(store: MetadataStore, pipeline_name: str, run_id: str) -> None:
    run = _find_run(store, run_id)
    pipeline = store.get_context_by_type_and_name("pipeline", pipeline_name)
    with contextlib.suppress(AlreadyExistsError):
        store.put_parent_contexts([ParentContext(parent_id=pipeline.id, child_id=run.id)])


def _find_run(store: MetadataStore, run_id: str) -> Context:
    return store.get_context_by_type_and_name("pipeline_run", run_id)

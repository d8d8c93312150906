"""Recognises a change of the input by the content of its files.

TFX's driver goes by their number, sizes and times. The size of an IDX file follows from its rows,
and tools that copy or build reproducibly set the times: other data would come from the cache.
"""

import uuid
from pathlib import Path
from typing import Any

from tfx.components.example_gen import driver, utils
from tfx.orchestration import data_types
from tfx.orchestration.portable import data_types as portable_data_types
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import standard_component_specs

from components.data_sets.data_set import DataSet, list_files
from components.data_sets.errors import DataSetError
from components.data_sets.finding import find_data_set
from components.data_sets.remembered_digests import RememberedDigests, memory_of_node
from components.data_sets.storage import FOLDER, explained, is_remote
from components.idx_example_gen.settings import read_settings
from components.idx_example_gen.source_files import digest_source, note_source_files

_SYSTEM_FOLDER = "/.system/"


class Driver(driver.FileBasedDriver):
    """Driver of IdxExampleGen; Vertex AI runs TFX's own instead, in an image of its own."""

    _memory: Path | None = None

    def run(
        self, execution_info: portable_data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """Resolves the input, and what the cache recognises it by."""
        node_folder, found, _ = execution_info.execution_output_uri.rpartition(_SYSTEM_FOLDER)
        if found and not is_remote(node_folder):
            self._memory = memory_of_node(node_folder)
        return super().run(execution_info)

    def resolve_exec_properties(
        self,
        exec_properties: dict[str, Any],
        pipeline_info: data_types.PipelineInfo,
        component_info: data_types.ComponentInfo,
    ) -> dict[str, Any]:
        """Resolves span and version as TFX does, and the fingerprint by content."""
        input_base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        with explained(input_base, FOLDER):  # TFX looks there for files, too
            resolved = super().resolve_exec_properties(
                exec_properties, pipeline_info, component_info
            )
        settings = read_settings(resolved)
        try:
            found = find_data_set(settings.input_base, settings.layout, settings.file_pattern)
            resolved[utils.FINGERPRINT_PROPERTY_NAME] = self._digest(found)
        except DataSetError:
            # The executor finds the same; its errors are those of the node. Should it not, nothing
            # that is not known by its content is to be found in the cache.
            resolved[utils.FINGERPRINT_PROPERTY_NAME] = f"unreadable:{uuid.uuid4()}"
        return resolved

    def _digest(self, found: DataSet) -> str:
        memory = RememberedDigests(self._memory)
        paths = list_files(found)
        digests = {path: memory.digest(path) for path in paths}
        memory.keep(paths)
        return f"sha256:{digest_source(note_source_files(found, digests))}"

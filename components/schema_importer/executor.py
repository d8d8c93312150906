"""Imports a contract, completed by what the configuration says of the data."""

from typing import Any

from google.protobuf import text_format
from tfx import types
from tfx.components.schema_gen import executor as schema_gen_executor
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.standard_component_specs import SCHEMA_FILE_KEY, SCHEMA_KEY
from tfx.utils import io_utils

from components.schema_importer.completion import complete_schema
from components.schema_importer.contract import read_contract
from modules.data_spec import DATA_SPEC_KEY, DataSpec


class Executor(base_executor.BaseExecutor):
    """Executor of SchemaImporter, in place of TFX's, which copies the file as it is."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the schema.

        Raises:
          FileNotFoundError: The contract is missing.
          ValueError: It is no schema, or contradicts the configuration.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        contract = read_contract(exec_properties[SCHEMA_FILE_KEY])
        data = DataSpec.model_validate_json(exec_properties[DATA_SPEC_KEY])
        schema = complete_schema(contract, data)
        uri = artifact_utils.get_single_uri(output_dict[SCHEMA_KEY])
        io_utils.write_string_file(
            f"{uri}/{schema_gen_executor.DEFAULT_FILE_NAME}", text_format.MessageToString(schema)
        )

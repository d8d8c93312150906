"""TFX's ImportSchemaGen, with the contract's content in the cache key."""

from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.channel import Channel
from tfx.types.component_spec import ExecutionParameter
from tfx.types.standard_component_specs import ImportSchemaGenSpec

from components.schema_importer.contract import Contract, read_contract
from components.schema_importer.executor import Executor
from modules.data_spec import DATA_SPEC_KEY, MNIST, DataSpec

_CONTENT_DIGEST_KEY = "content_digest"


class SchemaImporterSpec(ImportSchemaGenSpec):
    """The parameters of ImportSchemaGen, the digest of what the file holds, and the data."""

    PARAMETERS = {  # noqa: RUF012 - TFX reads it as it stands
        **ImportSchemaGenSpec.PARAMETERS,
        _CONTENT_DIGEST_KEY: ExecutionParameter(type=str),
        DATA_SPEC_KEY: ExecutionParameter(type=str),
    }


class SchemaImporter(ImportSchemaGen):
    """Imports a schema file, completed by the configuration; an edited file is a new schema.

    ImportSchemaGen puts only the file's path into its cache key, so that an edited contract
    would go unseen. The file is read once more here, when the pipeline is defined.
    """

    SPEC_CLASS = SchemaImporterSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self, schema_file: str, *, data: DataSpec = MNIST, contract: Contract | None = None
    ) -> None:
        """Constructs the component.

        Args:
            schema_file: Path of a `tensorflow_metadata` Schema in protobuf text format, where the
                node finds it.
            data: What the images and labels are, which the file need not say; by default MNIST's.
            contract: What the file holds. Default: it is read.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is no schema.
        """
        # ImportSchemaGen's own constructor cannot take another parameter: skip to its parent's.
        super(ImportSchemaGen, self).__init__(
            spec=SchemaImporterSpec(
                schema_file=schema_file,
                content_digest=(contract or read_contract(schema_file)).digest,
                data=data.model_dump_json(),
                schema=Channel(type=standard_artifacts.Schema),
            )
        )

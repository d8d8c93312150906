"""What an IdxExampleGen is told to do, read from its execution properties."""

from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format, struct_pb2
from tfx.proto import example_gen_pb2
from tfx.types import standard_component_specs
from tfx.utils import proto_utils

from components.data_sets.finding import Layout
from components.idx_example_gen.splits import Split
from modules.data_spec import DataSpec

TEST_SPLIT = Split("test", 1)
"""The rows of the t10k files, which no hash divides."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an IdxExampleGen is told to do.

    Attributes:
      input_base: Folder of the input.
      file_pattern: What finds the files in it.
      train_splits: Where the rows of the train files go, at least one split.
      layout: How the data set lies in its folder.
      data: What the images and the labels must be.
      rows_per_shard: Rows that are read, divided among the splits and written at a time.
    """

    input_base: str
    file_pattern: str
    train_splits: tuple[Split, ...]
    layout: Layout
    data: DataSpec
    rows_per_shard: int


def make_custom_config(**values: float | str) -> example_gen_pb2.CustomConfig:
    """Packs numbers and strings as the custom_config of an ExampleGen."""
    config = example_gen_pb2.CustomConfig()
    struct = struct_pb2.Struct()
    struct.update(values)
    config.custom_config.Pack(struct)
    return config


def read_settings(exec_properties: dict[str, Any]) -> Settings:
    """Reads the execution properties as the driver leaves them, spans and versions resolved.

    Raises:
      ValueError: The output_config does not divide the rows as read_splits wants it.
    """
    input_config = example_gen_pb2.Input()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.INPUT_CONFIG_KEY], input_config
    )
    output_config = example_gen_pb2.Output()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.OUTPUT_CONFIG_KEY], output_config
    )
    custom_config = example_gen_pb2.CustomConfig()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY], custom_config
    )
    struct = struct_pb2.Struct()
    custom_config.custom_config.Unpack(struct)
    return Settings(
        input_base=exec_properties[standard_component_specs.INPUT_BASE_KEY],
        file_pattern=input_config.splits[0].pattern,
        train_splits=read_splits(output_config),
        layout=Layout.model_validate_json(struct["layout"]),
        data=DataSpec.model_validate_json(struct["data"]),
        rows_per_shard=int(struct["rows_per_shard"]),
    )


def read_splits(output_config: example_gen_pb2.Output) -> tuple[Split, ...]:
    """Returns the splits among which the rows of the train files are divided.

    Raises:
      ValueError: There are none, a name is missing, taken or used twice, a split has no hash
        buckets, or rows are to be divided by a feature instead of their whole content.
    """
    config = output_config.split_config
    splits = tuple(Split(split.name, split.hash_buckets) for split in config.splits)
    names = [split.name for split in splits]
    if (
        not splits
        or len(set(names) - {"", TEST_SPLIT.name}) < len(names)
        or any(split.hash_buckets < 1 for split in splits)
        or config.HasField("partition_feature_name")
    ):
        received = json_format.MessageToJson(output_config, indent=None)
        raise ValueError(
            "The splits of IdxExampleGen: expected one or more for the rows of the "
            f"train files, each with its own name other than {TEST_SPLIT.name!r} (that is where "
            "the rows of the t10k files go) and 1 or more hash buckets, and divided "
            f"by no feature; received {received}. Correct them in "
            "pipeline/pipeline.py, or leave them out."
        )
    return splits

"""Reads the data contract where a pipeline is defined."""

from google.protobuf import text_format
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tfx.dsl.io import fileio


def read_contract(schema_file: str) -> bytes:
    """Returns what the file holds.

    Raises:
      FileNotFoundError: There is no such file.
    """
    if not fileio.exists(schema_file):
        raise FileNotFoundError(
            f"{schema_file}: the data contract is missing. Set schema_path to a schema in "
            "protobuf text format; data/schema/schema.pbtxt is the one for MNIST."
        )
    with fileio.open(schema_file, "rb") as file:
        content: bytes = file.read()
    return content


def parse_contract(schema_file: str) -> Schema:
    """Returns the schema in the file.

    Raises:
      FileNotFoundError: There is no such file.
      ValueError: It is no schema; the message names line and column.
    """
    content = read_contract(schema_file)
    try:
        schema: Schema = text_format.Parse(content.decode(), Schema())
    except UnicodeDecodeError as error:
        raise _not_a_schema(schema_file, "bytes that are not UTF-8") from error
    except text_format.ParseError as error:
        raise _not_a_schema(schema_file, f"at line:column {error}") from error
    return schema


def _not_a_schema(schema_file: str, received: str) -> ValueError:
    return ValueError(
        f"{schema_file}: expected a schema in protobuf text format, received {received}. Correct "
        "the file, or set schema_path to another."
    )

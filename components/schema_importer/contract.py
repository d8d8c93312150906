"""Reads the data contract where a pipeline is defined (no TensorFlow)."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0.schema_pb2 import Schema


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What the data must obey.

    Attributes:
      path: Of the file that it was read from.
      digest: SHA-256 of the file's content.
      schema: What the file says.
    """

    path: str
    digest: str
    schema: Schema


def read_contract(schema_file: str) -> Contract:
    """Reads a schema in protobuf text format.

    Raises:
      FileNotFoundError: There is no such file.
      ValueError: It cannot be read, or is no schema; then the message names line and column.
    """
    content = _read_remote(schema_file) if "://" in schema_file else _read_local(schema_file)
    try:
        schema = text_format.Parse(content.decode(), Schema())
    except UnicodeDecodeError as error:
        raise _not_a_schema(schema_file, "bytes that are not UTF-8") from error
    except text_format.ParseError as error:
        raise _not_a_schema(schema_file, f"at line:column {error}") from error
    return Contract(path=schema_file, digest=hashlib.sha256(content).hexdigest(), schema=schema)


def _read_local(schema_file: str) -> bytes:
    path = Path(schema_file)
    try:
        if not path.exists():
            raise _missing(schema_file)
        if not path.is_file():  # a pipe would be waited for
            raise _unreadable(schema_file, "it is no file")
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(schema_file, error.strerror or str(error)) from error


def _read_remote(schema_file: str) -> bytes:
    import tensorflow as tf  # noqa: PLC0415 - it has the file systems, gs:// for one

    try:
        if not tf.io.gfile.exists(schema_file):
            raise _missing(schema_file)
        with tf.io.gfile.GFile(schema_file, "rb") as file:
            content: bytes = file.read()
    except tf.errors.OpError as error:
        raise ValueError(
            f"{schema_file}: expected the data contract, received {error.message}. Set "
            "schema_path to a file on this machine or at gs://."
        ) from error
    return content


def _unreadable(schema_file: str, reason: str) -> ValueError:
    return ValueError(
        f"{schema_file}: expected the data contract, received a path that cannot be read "
        f"({reason}). Set schema_path to a file."
    )


def _missing(schema_file: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"{schema_file}: the data contract is missing. Set schema_path to a schema in "
        "protobuf text format: data/schema/schema.pbtxt is the one for MNIST, "
        "data/schema/images.pbtxt one to begin with for other images."
    )


def _not_a_schema(schema_file: str, received: str) -> ValueError:
    return ValueError(
        f"{schema_file}: expected a schema in protobuf text format, received {received}. Correct "
        "the file, or set schema_path to another."
    )

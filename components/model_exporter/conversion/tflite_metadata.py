"""Puts into a .tflite file what it is: name, licence, input, outputs, and the names of the classes.

The format is TensorFlow Lite's metadata: a FlatBuffer by `metadata_schema.fbs` of the package
tflite-support, whose last release cannot be installed beside this protobuf, and a zip archive of
the files that it names, appended to the model.
"""

import io
import json
import zipfile
from collections.abc import Sequence

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from components.model_exporter.description import LICENCE, Description
from modules.features import CLASSES_KEY, PROBABILITIES_KEY

METADATA_NAME = "TFLITE_METADATA"
LABELS_FILE_NAME = "labels.txt"

_FILE_IDENTIFIER = b"M001"
_MIN_PARSER_VERSION = "1.0.0"  # the first; nothing here came later
_LABELS_OF_AN_AXIS = 2  # AssociatedFileType.TENSOR_AXIS_LABELS
_DESCRIPTIONS = {
    PROBABILITIES_KEY: "The probability of each class.",
    CLASSES_KEY: "The number of the most probable class, from 0.",
}
_INPUT_DESCRIPTION = "Pixels as in the data files, 0 to 255; preprocessing is part of the model."


def add_metadata(model: bytes, description: Description, class_names: Sequence[str]) -> bytes:
    """Returns the file with its metadata.

    Args:
      model: A .tflite file of one signature.
      description: Whose lineage becomes the description.
      class_names: In the order of the classes.
    """
    content = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    metadata = _build_metadata(content, description)
    content.buffers.append(schema.BufferT(data=np.frombuffer(metadata, np.uint8)))
    entry = schema.MetadataT(name=METADATA_NAME, buffer=len(content.buffers) - 1)
    content.metadata = [*(content.metadata or ()), entry]
    content.description = description.name
    file = io.BytesIO(bytes(flatbuffer_utils.convert_object_to_bytearray(content)))
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a") as archive:
        # With a fixed date, so that the same model gives the same bytes.
        archive.writestr(zipfile.ZipInfo(LABELS_FILE_NAME), "\n".join(class_names) + "\n")
    return file.getvalue()


def _build_metadata(content: schema.ModelT, description: Description) -> bytes:
    builder = flatbuffers.Builder()
    [signature] = content.signatureDefs
    [main, *_] = content.subgraphs
    inputs = [
        _tensor(builder, name, _INPUT_DESCRIPTION, None)
        for name in _in_order(signature.inputs, main.inputs)
    ]
    outputs = [
        _tensor(
            builder,
            name,
            _DESCRIPTIONS.get(name, ""),
            _labels_file(builder) if name == PROBABILITIES_KEY else None,
        )
        for name in _in_order(signature.outputs, main.outputs)
    ]
    subgraph = _table(builder, None, None, _vector(builder, inputs), _vector(builder, outputs))
    texts = [
        builder.CreateString(text)
        for text in (
            description.name,
            json.dumps(description.properties, sort_keys=True),
            description.version or description.model_digest,
            LICENCE,
            _MIN_PARSER_VERSION,
        )
    ]
    name, lineage, version, licence, parser = texts
    subgraphs = _vector(builder, [subgraph])
    root = _table(builder, name, lineage, version, subgraphs, None, licence, None, parser)
    builder.Finish(root, file_identifier=_FILE_IDENTIFIER)
    return bytes(builder.Output())


def _in_order(tensors: Sequence[schema.TensorMapT], indexes: Sequence[int]) -> list[str]:
    names = {tensor.tensorIndex: tensor.name.decode() for tensor in tensors}
    return [names[index] for index in indexes]


def _tensor(
    builder: flatbuffers.Builder, name: str, description: str, labels_file: int | None
) -> int:
    """Writes a TensorMetadata."""
    texts = [builder.CreateString(text) for text in (name, description)]
    files = None if labels_file is None else _vector(builder, [labels_file])
    return _table(builder, *texts, None, None, None, None, files)


def _labels_file(builder: flatbuffers.Builder) -> int:
    """Writes the AssociatedFile that names the classes."""
    name = builder.CreateString(LABELS_FILE_NAME)
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(0, name, 0)
    builder.PrependInt8Slot(2, _LABELS_OF_AN_AXIS, 0)
    return builder.EndObject()


def _table(builder: flatbuffers.Builder, *fields: int | None) -> int:
    """Writes a table of references, in the order of its schema; None leaves a field out."""
    builder.StartObject(len(fields))
    for slot, field in enumerate(fields):
        if field is not None:
            builder.PrependUOffsetTRelativeSlot(slot, field, 0)
    return builder.EndObject()


def _vector(builder: flatbuffers.Builder, references: Sequence[int]) -> int:
    builder.StartVector(4, len(references), 4)
    for reference in reversed(references):
        builder.PrependUOffsetTRelative(reference)
    return builder.EndVector()

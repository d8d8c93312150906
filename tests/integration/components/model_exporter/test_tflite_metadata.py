"""What a .tflite file says of itself, read by nothing of what has written it.

TFLITE_METADATA is a FlatBuffer of its own. Its tables are read by the numbers of their slots in
metadata_schema.fbs of the package tflite-support, which cannot be installed beside TensorFlow.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum
from pathlib import Path

import flatbuffers
import pytest
from flatbuffers.table import Table
from tensorflow.lite.python import schema_py_generated as schema

from components.model_exporter.exporting import export_model
from components.model_exporter.formats import ExportFormat
from components.versioned_directory.exports import ExportManifest
from support.exports.models import DESCRIPTION, ExportableModel

LICENCE = "Apache-2.0; the data that the model was trained on have a licence of their own"
TENSOR_AXIS_LABELS = 2


class _Root(IntEnum):
    """ModelMetadata."""

    NAME = 0
    DESCRIPTION = 1
    VERSION = 2
    SUBGRAPHS = 3
    AUTHOR = 4
    LICENCE = 5
    FILES = 6
    MIN_PARSER_VERSION = 7


class _Subgraph(IntEnum):
    """SubGraphMetadata."""

    INPUTS = 2
    OUTPUTS = 3


class _Tensor(IntEnum):
    """TensorMetadata."""

    NAME = 0
    DESCRIPTION = 1
    FILES = 6


class _File(IntEnum):
    """AssociatedFile."""

    NAME = 0
    TYPE = 2


def _text(table: Table, slot: int) -> str | None:
    offset = _offset(table, slot)
    return table.String(table.Pos + offset).decode() if offset else None


def _number(table: Table, slot: int) -> int:
    return table.GetSlot(_slot_offset(slot), 0, flatbuffers.number_types.Int8Flags)


def _tables(table: Table, slot: int) -> list[Table]:
    offset = _offset(table, slot)
    if not offset:
        return []
    start = table.Vector(offset)
    references = [start + 4 * index for index in range(table.VectorLen(offset))]
    return [Table(table.Bytes, table.Indirect(reference)) for reference in references]


def _offset(table: Table, slot: int) -> int:
    """Returns where a field stands in its table; 0 if it was left out."""
    return table.Offset(_slot_offset(slot))


def _slot_offset(slot: int) -> int:
    return 4 + 2 * slot  # behind the sizes of the list of slots and of the table


def _read_model(path: Path) -> schema.Model:
    return schema.Model.GetRootAs(path.read_bytes(), 0)


def _read_metadata(path: Path) -> Table:
    """Returns ModelMetadata."""
    model = _read_model(path)
    entries = [model.Metadata(index) for index in range(model.MetadataLength())]
    [number] = [entry.Buffer() for entry in entries if entry.Name() == b"TFLITE_METADATA"]
    content = model.Buffers(number).DataAsNumpy().tobytes()
    assert content[4:8] == b"M001"
    root = flatbuffers.encode.Get(flatbuffers.packer.uoffset, content, 0)
    return Table(content, root)


def _names_of_outputs(path: Path) -> list[str]:
    """Returns the signature's names of the outputs, in the order of the model itself."""
    model = _read_model(path)
    [signature] = [model.SignatureDefs(index) for index in range(model.SignatureDefsLength())]
    outputs = [signature.Outputs(index) for index in range(signature.OutputsLength())]
    names = {output.TensorIndex(): output.Name().decode() for output in outputs}
    return [names[index] for index in model.Subgraphs(0).OutputsAsNumpy()]


def _names(tensors: Sequence[Table]) -> list[str | None]:
    return [_text(tensor, _Tensor.NAME) for tensor in tensors]


@pytest.fixture(params=["tflite", "tflite_float16", "tflite_int8"])
def path(exports: tuple[Path, ExportManifest], request: pytest.FixtureRequest) -> Path:
    return exports[0] / request.param / "model.tflite"


def test_a_tflite_file_says_what_it_is_and_by_which_licence(path: Path):
    metadata = _read_metadata(path)

    assert _text(metadata, _Root.NAME) == "digits"
    assert json.loads(_text(metadata, _Root.DESCRIPTION) or "") == {
        "name": "digits",
        "model_digest": "f00d",
        "licence": LICENCE,
        "run_id": "a run",
    }
    # It has no number in a serving directory.
    assert _text(metadata, _Root.VERSION) == "f00d"
    assert _text(metadata, _Root.AUTHOR) is None
    assert _text(metadata, _Root.LICENCE) == LICENCE
    assert _tables(metadata, _Root.FILES) == []
    assert _text(metadata, _Root.MIN_PARSER_VERSION) == "1.0.0"
    assert _read_model(path).Description() == b"digits"


def test_a_tflite_file_describes_its_outputs_in_their_order_and_names_the_classes_of_one(
    path: Path,
):
    [subgraph] = _tables(_read_metadata(path), _Root.SUBGRAPHS)

    assert _names(_tables(subgraph, _Subgraph.INPUTS)) == ["images"]
    outputs = _tables(subgraph, _Subgraph.OUTPUTS)
    assert sorted(_names_of_outputs(path)) == ["classes", "probabilities"]
    assert _names(outputs) == _names_of_outputs(path)
    assert all(_text(output, _Tensor.DESCRIPTION) for output in outputs)
    files = {
        _text(output, _Tensor.NAME): [
            (_text(file, _File.NAME), _number(file, _File.TYPE))
            for file in _tables(output, _Tensor.FILES)
        ]
        for output in outputs
    }
    assert files == {"probabilities": [("labels.txt", TENSOR_AXIS_LABELS)], "classes": []}
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["labels.txt"]


def test_a_tflite_file_of_a_version_has_its_number(model: ExportableModel, tmp_path: Path):
    export_model(
        model.saved_model,
        tmp_path / "exports",
        [ExportFormat.TFLITE],
        model.images,
        replace(DESCRIPTION, version="1764200000"),
    )

    metadata = _read_metadata(tmp_path / "exports" / "tflite" / "model.tflite")

    assert _text(metadata, _Root.VERSION) == "1764200000"
    assert json.loads(_text(metadata, _Root.DESCRIPTION) or "")["version"] == "1764200000"

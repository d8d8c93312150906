"""Writes graphs of TensorFlow 1 as SavedModels, the way old programs did."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1

PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


class SignatureTensors(NamedTuple):
    """The tensors of a signature by their names in it, and the method that it is for."""

    inputs: Mapping[str, tf.Tensor]
    outputs: Mapping[str, tf.Tensor]
    method: str = PREDICT


def make_variable(value: object, name: str) -> tf.Tensor:
    """Returns a reference variable, which is what all variables once were."""
    return v1.Variable(value, name=name, use_resource=False)


def save_graph(
    folder: Path,
    signatures: Mapping[str, SignatureTensors],
    *,
    asset: Path | None = None,
    as_text: bool = False,
) -> Path:
    """Writes the default graph, with its variables as they are initialized; returns its folder."""
    main_op = v1.tables_initializer()
    if asset is not None:
        asset_path = tf.constant(str(asset))
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, asset_path)
        file_name = v1.Variable("", name="filename_tensor", collections=[], use_resource=False)
        main_op = tf.group(main_op, file_name.assign(asset_path))
    builder = v1.saved_model.Builder(str(folder))
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {name: _make_signature_def(tensors) for name, tensors in signatures.items()},
            v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=main_op,
        )
    builder.save(as_text)
    return folder


def read_saved_model(folder: Path) -> saved_model_pb2.SavedModel:
    return saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())


def write_saved_model(folder: Path, saved_model: saved_model_pb2.SavedModel) -> None:
    (folder / "saved_model.pb").write_bytes(saved_model.SerializeToString())


def _make_signature_def(signature: SignatureTensors) -> object:
    return v1.saved_model.build_signature_def(
        {name: v1.saved_model.build_tensor_info(value) for name, value in signature.inputs.items()},
        {
            name: v1.saved_model.build_tensor_info(value)
            for name, value in signature.outputs.items()
        },
        signature.method,
    )

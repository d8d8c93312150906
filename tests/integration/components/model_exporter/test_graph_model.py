"""Constants that a graph model of TensorFlow.js cannot hold."""

from pathlib import Path

import pytest
import tensorflow as tf

from components.model_exporter.conversion.graph_model import write_graph_model
from support.exports.models import DESCRIPTION


def _save(folder: Path, constant: tf.Tensor) -> Path:
    class Adding(tf.Module):
        """Adds a constant to its input."""

        @tf.function(input_signature=[tf.TensorSpec([None], constant.dtype, name="numbers")])
        def add(self, numbers: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"sums": numbers + constant}

    module = Adding()
    tf.saved_model.save(module, str(folder), {"add": module.add})
    return folder


@pytest.mark.parametrize(
    ("constant", "received"),
    [
        (tf.constant([5, 2**31], tf.int64), "received 2147483648"),
        (tf.constant([5, -(2**31) - 1], tf.int64), "received -2147483649"),
        (tf.constant([5], tf.complex64), "received complex64"),
    ],
    ids=["too large", "too small", "of another type"],
)
def test_what_javascript_has_no_number_for_is_refused(
    tmp_path: Path, constant: tf.Tensor, received: str
):
    saved_model = _save(tmp_path / "model", constant)

    with pytest.raises(ValueError, match=f"expected .*, {received}"):
        write_graph_model(saved_model, "add", tmp_path, DESCRIPTION, class_names=())

    assert not (tmp_path / "model.json").exists()

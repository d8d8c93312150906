"""One version of a model in memory: a SavedModel that answers."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.errors import Code, ServingError, invalid_argument
from serving.saved_model.session import InterruptibleSession, Run, SessionOptions
from serving.saved_model.signatures import make_signatures
from serving.tensors import Array, Arrays, find_misfits

# What a client can do something about; a wrong shape is always one of them.
_OF_THE_REQUEST = (Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, Code.OUT_OF_RANGE)


class Servable:
    """A loaded SavedModel.

    Attributes:
      signatures: What it can be asked for, by name.
      signature_defs: The same as the metadata API shows it.
    """

    def __init__(self, session: InterruptibleSession) -> None:
        self.signature_defs = session.signature_defs
        self.signatures = make_signatures(self.signature_defs)
        self._session = session
        self._runs = {
            name: _make_run(session, self.signature_defs[name]) for name in self.signatures
        }
        session.get_ready()

    def run(self, signature_name: str, inputs: Arrays, place: int = 0) -> dict[str, Array]:
        """Calls a signature.

        Args:
          signature_name: A key of `signatures`.
          inputs: What `complete_inputs` returned for it.
          place: Where nothing else runs.

        Raises:
          ServingError: TensorFlow refused the values.
        """
        try:
            outputs = self._runs[signature_name](inputs, place)
        except tf.errors.OpError as error:
            raise self._explain(error, signature_name, inputs) from error
        except UnicodeDecodeError as error:
            # TensorFlow quotes the bytes of a malformed tf.Example, and fails to make text of them.
            raise invalid_argument(error.object.decode("utf-8", "replace")) from error
        return {name: np.asarray(value) for name, value in outputs.items()}

    def interrupt(self, place: int) -> None:
        """Ends what runs in a place, or is about to; may be called from any thread."""
        self._session.interrupt(place)

    def recover(self, place: int) -> None:
        """Makes a place ready again after what was interrupted or has failed."""
        self._session.recover(place)

    def close(self) -> None:
        """Ends what runs, and gives back what it holds."""
        self._session.close()

    def _explain(
        self, error: tf.errors.OpError, signature_name: str, inputs: Arrays
    ) -> ServingError:
        """Returns what a client reads: a wrong shape is its mistake, whatever TensorFlow says."""
        code = Code(error.error_code)
        misfits = find_misfits(self.signatures[signature_name], inputs)
        if not misfits:
            return ServingError(code, error.message)
        message = f"{error.message} ({'; '.join(misfits)})"
        return ServingError(code if code in _OF_THE_REQUEST else Code.INVALID_ARGUMENT, message)


def load_servable(model_path: str, options: SessionOptions | None = None) -> Servable:
    """Reads a SavedModel from a folder on any file system that TensorFlow knows.

    Raises:
      ServingError: There is no SavedModel in the folder, or none with these tags.
      Exception: TensorFlow could not read it; it raises many kinds.
    """
    options = options or SessionOptions()
    if not tf.compat.v1.saved_model.contains_saved_model(model_path):
        raise ServingError(
            Code.NOT_FOUND,
            f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
            f"{model_path}",
        )
    try:
        session = InterruptibleSession(model_path, options)
    except RuntimeError as error:
        raise ServingError(
            Code.NOT_FOUND,
            f"Could not find meta graph def matching supplied tags: "
            f"{{ {' '.join(options.tags)} }}. {error}",
        ) from error
    return Servable(session)


def _make_run(session: InterruptibleSession, signature_def: meta_graph_pb2.SignatureDef) -> Run:
    """Returns what calls a signature; if its tensors are not in the graph, what says so."""
    inputs, outputs = (
        {alias: info.name for alias, info in sorted(infos.items())}
        for infos in (signature_def.inputs, signature_def.outputs)
    )
    try:
        return session.make_run(inputs, outputs)
    except (KeyError, ValueError) as error:
        return _refuse(f"The signature names a tensor that the graph does not have: {error}")


def _refuse(message: str) -> Callable[[Arrays, int], dict[str, Array]]:
    def run(_: Arrays, __: int) -> dict[str, Array]:
        raise ServingError(Code.FAILED_PRECONDITION, message)

    return run

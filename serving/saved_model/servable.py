"""One version of a model in memory: a SavedModel that answers."""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.errors import Code, ServingError, invalid_argument
from serving.saved_model.session import InterruptibleSession, Run, SessionOptions
from serving.saved_model.signatures import make_signatures
from serving.tensors import Array, Arrays, find_misfits

# What kernels say of a shape that they did not expect.
_OF_THE_SERVER = (Code.INTERNAL, Code.UNKNOWN, Code.ABORTED, Code.UNIMPLEMENTED)


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
        session.start()

    @property
    def memory(self) -> object:
        """The session's."""
        return self._session.memory

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
        return {name: _to_array(value) for name, value in outputs.items()}

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
        """Returns what a client reads: a wrong shape is its mistake, whatever a kernel says."""
        code = Code(error.error_code)
        specs = self.signatures[signature_name].inputs
        misfits = find_misfits({name: spec.shape for name, spec in specs.items()}, inputs)
        if not misfits:
            return ServingError(code, error.message)
        message = f"{error.message} ({'; '.join(misfits)})"
        return ServingError(Code.INVALID_ARGUMENT if code in _OF_THE_SERVER else code, message)


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
    return Servable(InterruptibleSession(model_path, options))


def _to_array(value: Array | bytes) -> Array:
    # A lone string comes as bytes, of which numpy would cut off zeros at the end.
    return np.array(value, np.object_) if isinstance(value, bytes) else np.asarray(value)


def _make_run(session: InterruptibleSession, signature_def: meta_graph_pb2.SignatureDef) -> Run:
    """Returns what calls a signature; if that can't be done, what says why not."""
    inputs, outputs = (
        {alias: info.name for alias, info in sorted(infos.items())}
        for infos in (signature_def.inputs, signature_def.outputs)
    )
    try:
        return session.make_run(inputs, outputs)
    except ServingError as error:
        return _refuse(error)


def _refuse(error: ServingError) -> Run:
    def run(_: Arrays, __: int) -> dict[str, Array]:
        raise ServingError(error.code, error.message)

    return run

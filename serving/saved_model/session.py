"""A SavedModel in a TensorFlow Session, as TF Serving loads it.

`tf.saved_model.load` makes functions of a model, which not every model takes: placeholders of
TensorFlow 1 whose shape [] stands for "unknown", or signatures that return a reference variable.
The private parts of TensorFlow are those of which its own `Session.run` and
`compat.v1.saved_model.load` are made: the first compares shapes, which the graph may know better,
and takes twice as long; the second leaves no time to add nodes before the first run.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.saved_model import loader_impl

from serving.errors import Code, ServingError, invalid_argument
from serving.proto_messages.tensors import dtype_name
from serving.saved_model.declared_shapes import has_kernels_with_layout, read_placeholder_shapes
from serving.saved_model.interrupts import Interrupts
from serving.tensors import Array, Arrays, find_misfits, type_name

Run = Callable[[Arrays, int], dict[str, Array]]
"""Computes outputs by name of inputs by name, in a place."""

_IN_THE_CALLERS_THREAD = config_pb2.RunOptions(inter_op_thread_pool=-1)


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """How models run.

    Attributes:
      tags: Those of the graph to load, of several in one SavedModel.
      num_places: Runs at the same time.
      intra_op_parallelism: Threads of one operation, shared by all models; 0 for TensorFlow's
        choice.
      inter_op_parallelism: Operations of one run at the same time.
      gpu_memory_fraction: The share of each GPU's memory to take; 0 for TensorFlow's choice.
    """

    tags: tuple[str, ...] = ("serve",)
    num_places: int = 1
    intra_op_parallelism: int = 0
    inter_op_parallelism: int = 1
    gpu_memory_fraction: float = 0.0


class InterruptibleSession:
    """A Session whose runs can be ended from other threads.

    Attributes:
      signature_defs: What the model can be asked for, by name.
    """

    def __init__(self, model_path: str, options: SessionOptions) -> None:
        """Reads the graph of a SavedModel.

        Raises:
          ServingError: It has no graph with these tags.
          Exception: TensorFlow could not read it; it raises many kinds.
        """
        self._graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=self._graph, config=_make_config(options))
        self._is_closed = False
        self._tags = options.tags
        self._loader = loader_impl.SavedModelLoader(model_path)
        loaded = _find_meta_graph(self._loader, options.tags)
        self._saver, _ = self._loader.load_graph(self._graph, options.tags)
        self.signature_defs: dict[str, meta_graph_pb2.SignatureDef] = dict(loaded.signature_def)
        self._demands_shapes = has_kernels_with_layout(loaded.graph_def)
        self._options = _make_run_options(options)
        self._interrupts = Interrupts(self._graph, options.num_places)
        self._places = [np.array(number, np.int32) for number in range(options.num_places)]
        self._place = self._interrupts.place._as_tf_output()  # noqa: SLF001 - see above

    @property
    def memory(self) -> object:
        """The graph, which may outlive the session by one collection of garbage."""
        return self._graph

    def make_run(self, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Run:
        """Returns what computes tensors of others; all are names in the graph by other names.

        It raises a ServingError about inputs of another type, or of another shape where that could
        end the process. Must be called before `start`.

        Raises:
          ServingError: The graph has no such tensor, two inputs are the same, or an output is none
            that TensorFlow hands out.
        """
        fetches = [self._find(*item) for item in outputs.items()]
        _check_values(zip(outputs, fetches, strict=True))
        feeds = {name: self._find(name, tensor) for name, tensor in inputs.items()}
        _check_distinct(inputs)
        targets = [operation._c_op for operation in self._interrupts.watch(fetches)]  # noqa: SLF001
        feed = {name: tensor._as_tf_output() for name, tensor in feeds.items()}  # noqa: SLF001
        fetch = [tensor._as_tf_output() for tensor in fetches]  # noqa: SLF001
        quantized = {
            name: tensor.dtype.base_dtype.as_numpy_dtype
            for name, tensor in zip(outputs, fetches, strict=True)
            if tensor.dtype.is_quantized
        }
        types = {name: tensor.dtype.base_dtype for name, tensor in feeds.items()}
        shapes = read_placeholder_shapes(feeds) if self._demands_shapes else {}

        def run(arrays: Arrays, place: int) -> dict[str, Array]:
            _check_types(types, arrays)
            misfits = find_misfits(shapes, arrays)
            if misfits:
                raise invalid_argument("; ".join(misfits))
            fed = {feed[name]: array for name, array in arrays.items()}
            values = dict(zip(outputs, self._run(fed, fetch, targets, place), strict=True))
            for name, dtype in quantized.items():  # TensorFlow gives out plain integers
                values[name] = np.asarray(values[name]).view(dtype)
            return values

        return run

    def start(self) -> None:
        """Restores the variables; then, and not before, runs can be made.

        Raises:
          Exception: TensorFlow could not read them; it raises many kinds.
        """
        self._loader.restore_variables(self._session, self._saver)
        self._loader.run_init_ops(self._session, self._tags)
        # It holds the graph a second time.
        del self._loader, self._saver
        # The first time takes a hundred times as long, and there is no time when it is needed.
        self.interrupt(0)
        self.recover(0)

    def interrupt(self, place: int) -> None:
        """Ends the run in a place, or that which is about to begin there."""
        self._run_here(self._interrupts.interrupt, place)

    def recover(self, place: int) -> None:
        """Makes a place ready for the next run, after one that failed or was interrupted."""
        for _ in range(self._run_here(self._interrupts.num_entries, place)):
            self._run_here(self._interrupts.drop, place)

    def close(self) -> None:
        """Ends all runs and gives back what they hold."""
        self._is_closed = True
        self._session.close()

    def _run_here(self, node: Any, place: int) -> Any:
        """Runs a node of ours, whatever TensorFlow's own threads are busy with."""
        if self._is_closed:
            return 0
        feeds = {self._interrupts.place: place}
        try:
            return self._session.run(node, feeds, options=_IN_THE_CALLERS_THREAD)
        except RuntimeError:
            if self._is_closed:  # meanwhile
                return 0
            raise

    def _find(self, alias: str, name: str) -> tf.Tensor:
        try:
            return self._graph.get_tensor_by_name(name if ":" in name else f"{name}:0")
        except (KeyError, ValueError) as error:
            # Of a sparse or composite tensor a signature has no one name.
            wanted = f"the tensor {name!r}" if name else "one dense tensor"
            raise ServingError(
                Code.FAILED_PRECONDITION,
                f"The signature says that {alias} is {wanted}, which the graph does not have",
            ) from error

    def _run(
        self, feeds: dict[Any, Array], fetch: list[Any], targets: list[Any], place: int
    ) -> list[Array]:
        feeds[self._place] = self._places[place]
        return self._session._call_tf_sessionrun(self._options, feeds, fetch, targets, None)  # noqa: SLF001


def _find_meta_graph(loader: Any, tags: tuple[str, ...]) -> meta_graph_pb2.MetaGraphDef:
    try:
        return loader.get_meta_graph_def_from_tags(tags)
    except RuntimeError as error:  # raised for nothing else
        wanted = f"{{ {' '.join(tags)} }}"
        raise ServingError(
            Code.NOT_FOUND,
            f"Could not find meta graph def matching supplied tags: {wanted}. {error}",
        ) from error


def _check_distinct(inputs: Mapping[str, str]) -> None:
    tensors = list(inputs.values())
    for name in tensors:
        if tensors.count(name) > 1:
            raise invalid_argument(f'Endpoint "{name}" fed more than once.')


def _check_values(outputs: Iterable[tuple[str, tf.Tensor]]) -> None:
    for name, tensor in outputs:
        if tensor.dtype.base_dtype == tf.variant:
            raise ServingError(
                Code.UNIMPLEMENTED, f"The output {name} is of type variant, which can't be sent"
            )


def _check_types(types: Mapping[str, tf.DType], arrays: Arrays) -> None:
    for number, (name, dtype) in enumerate(types.items()):
        if arrays[name].dtype != dtype.as_numpy_dtype:
            raise invalid_argument(
                f"Expects arg[{number}] to be {dtype_name(dtype.as_datatype_enum)} but "
                f"{type_name(arrays[name])} is provided (input {name})"
            )


def _make_config(options: SessionOptions) -> config_pb2.ConfigProto:
    config = config_pb2.ConfigProto(
        intra_op_parallelism_threads=options.intra_op_parallelism,
        inter_op_parallelism_threads=options.inter_op_parallelism,
        allow_soft_placement=True,
        # One model's operations never wait for another's.
        use_per_session_threads=True,
    )
    config.gpu_options.per_process_gpu_memory_fraction = options.gpu_memory_fraction
    return config


def _make_run_options(options: SessionOptions) -> Any:
    if options.inter_op_parallelism > 1:
        return None
    return pywrap_tf_session.TF_NewBufferFromString(_IN_THE_CALLERS_THREAD.SerializeToString())

"""Starts a process that serves the candidate, and reads what it answered."""

import sys
import tempfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tfx.dsl.io import fileio

from components.child_process import ChildError, HostFaultError, run_child
from components.servability_validator import replay
from components.servability_validator.requests import WARMUP_PATH
from components.signature_defs import read_signature_defs

_TIMEOUT_SECONDS = 300


class CannotServeError(Exception):
    """The model can't be loaded, or it can't answer a well-formed request."""


class Signature(NamedTuple):
    """What a signature takes and gives: its one input, and the names of its outputs."""

    input: tf.TensorSpec
    outputs: frozenset[str]


def read_signatures(model_path: str) -> dict[str, Signature]:
    """Returns the signatures of a SavedModel by name, `serving_default` first.

    Read from the file alone: the model is first loaded where it is served.
    """
    path = f"{model_path}/saved_model.pb"
    if not fileio.exists(path):
        raise CannotServeError(f"{path}: is missing")
    signatures = {}
    for name, signature in read_signature_defs(model_path).items():
        if len(signature.inputs) != 1:
            raise CannotServeError(
                f"signature {name}: expected one input, received {sorted(signature.inputs)}"
            )
        [(input_name, info)] = signature.inputs.items()
        signatures[name] = Signature(
            tf.TensorSpec(info.tensor_shape, info.dtype, name=input_name),
            frozenset(signature.outputs),
        )
    if replay.DEFAULT_SIGNATURE not in signatures:
        raise CannotServeError(
            f"expected a signature {replay.DEFAULT_SIGNATURE!r}, received {sorted(signatures)}"
        )
    return dict(sorted(signatures.items(), key=lambda item: item[0] != replay.DEFAULT_SIGNATURE))


def replay_warmup_file(
    model_path: str, timed_calls: int, *, timeout_seconds: float = _TIMEOUT_SECONDS
) -> Mapping[str, npt.NDArray[Any]]:
    """Replays the model's own warmup file in a fresh process and returns its answers.

    Args:
      model_path: A SavedModel on this machine, with a warmup file in it.
      timed_calls: How many calls to measure the latency of.
      timeout_seconds: How long all of it may take.

    Raises:
      CannotServeError: The model failed.
      HostFaultError: The process was killed, had no memory or disk space, or took too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        answers_path = f"{folder}/answers.npz"
        command = [
            *(sys.executable, "-m", replay.__name__, model_path),
            *(f"{model_path}/{WARMUP_PATH}", answers_path, str(timed_calls)),
        ]
        try:
            run_child(command, timeout_seconds=timeout_seconds)
        except ChildError as error:
            raise CannotServeError(f"the serving process ended with {error}") from error
        except HostFaultError as error:
            raise HostFaultError(
                f"Expected answers from the serving process, received {error}. The model has not "
                "been judged: see to memory, disk space and load of this machine, and run again. "
                "If that does not help, the model is too large for this machine, or never answers."
            ) from error
        with np.load(answers_path) as answers:
            return dict(answers)

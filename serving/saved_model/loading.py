"""Reads a version of a model into memory and lets it answer its warmup requests."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import tensorflow as tf

from serving.config_files import BatchingParameters
from serving.errors import Code, ServingError
from serving.inference.served_model import ServedModel
from serving.metrics import Metrics
from serving.models.config import ModelConfig
from serving.models.lifecycle import ModelVersion
from serving.saved_model.batching_file import read_batching
from serving.saved_model.servable import Servable, load_servable
from serving.saved_model.session import SessionOptions
from serving.saved_model.warmup import replay_warmup_requests

logger = logging.getLogger(__name__)


def list_folder(path: str) -> list[str]:
    """Returns the names in a folder on any file system that TensorFlow knows.

    Raises:
      ServingError: There is no such folder, or it can't be read.
    """
    try:
        return list(tf.io.gfile.listdir(path))
    except tf.errors.OpError as error:
        raise ServingError(Code(error.error_code), error.message) from error


@dataclass(frozen=True, kw_only=True)
class LoadingOptions:
    """How models are loaded.

    Attributes:
      session: How they run.
      warmup_iterations: How often each warmup request is sent, 0 for no warmup.
      batching: How requests are joined, None for not at all.
      per_model_batching: Join requests as a file beside each version says, or not at all.
    """

    session: SessionOptions = field(default_factory=SessionOptions)
    warmup_iterations: int = 1
    batching: BatchingParameters | None = None
    per_model_batching: bool = False


class Loader:
    """Loads SavedModels and measures how long that takes."""

    def __init__(self, metrics: Metrics, options: LoadingOptions) -> None:
        self._metrics = metrics
        self._options = options

    def load(self, config: ModelConfig, version: ModelVersion) -> ServedModel:
        """Returns a version that is ready to answer.

        Raises:
          ServingError: The folder holds no SavedModel that works.
          Exception: TensorFlow could not read it; it raises many kinds.
        """
        logger.info("Loading {name: %s version: %d}", config.name, version.number)
        # The file is read first: if it is wrong, all that takes time would be in vain.
        with self._count_attempt(version.path):
            batching = self._find_batching(version.path)
            servable = load_servable(version.path, self._options.session)
        try:
            self._warm_up(servable, version.path)
        except Exception:
            servable.close()
            raise
        return ServedModel(
            servable,
            num_places=self._options.session.num_places,
            batching=batching,
            metrics=self._metrics,
        )

    @contextmanager
    def _count_attempt(self, path: str) -> Iterator[None]:
        """Counts how the attempt to load ends that is made within, and times one that succeeds."""
        started = time.perf_counter()
        outcome = "fail"
        try:
            yield
            outcome = "success"
            self._metrics.load_latency.add(path, amount=_microseconds_since(started))
        except tf.errors.OpError as error:
            raise ServingError(Code(error.error_code), error.message) from error
        finally:
            self._metrics.load_attempt_count.add(path, outcome)

    def _find_batching(self, path: str) -> BatchingParameters | None:
        if self._options.per_model_batching:
            return read_batching(path)
        return self._options.batching

    def _warm_up(self, servable: Servable, path: str) -> None:
        iterations = self._options.warmup_iterations
        if not iterations:
            return
        started = time.perf_counter()
        num_records = replay_warmup_requests(servable, path, iterations=iterations)
        if not num_records:
            return
        elapsed = _microseconds_since(started)
        self._metrics.warmup_latency.add(path, "OK", value=elapsed)
        self._metrics.warmup_records_read.add(path, "OK", amount=num_records)
        logger.info("Warmed up %s with %d requests in %.1f ms", path, num_records, elapsed / 1000)


def _microseconds_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1e6)

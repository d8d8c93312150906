"""Counts how calls end and times those that a model answers; REST and gRPC are measured alike."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from serving.errors import Code, ServingError
from serving.metrics import Metrics
from serving.models.manager import Manager

logger = logging.getLogger(__name__)


@dataclass
class MeasuredCall:
    """What is known of a call so far.

    Attributes:
      model_name: The model that it is for; "" while that is unknown, or if it is for none.
      api: The method that a model answers, which is timed; "" for all other calls.
    """

    model_name: str = ""
    api: str = ""


class CallMeter:
    """Measures the calls of both protocols.

    Attributes:
      num_calls: How many have ever come.
    """

    def __init__(self, metrics: Metrics, manager: Manager) -> None:
        self.num_calls = 0
        self._metrics = metrics
        self._manager = manager

    @contextmanager
    def measure(self, entrypoint: str, description: str) -> Iterator[MeasuredCall]:
        """Measures the call that is answered within.

        Args:
          entrypoint: TF Serving's name of the protocol: "REST" or "GRPC".
          description: Names the call in the log.

        Raises:
          ServingError: The call ended with it. An error that nobody foresaw is logged, and the
            client is told INTERNAL and no more.
        """
        self.num_calls += 1
        call = MeasuredCall()
        started = time.perf_counter()
        code = Code.INTERNAL
        try:
            yield call
            code = Code.OK
            self._record_time(call, entrypoint, time.perf_counter() - started)
        except ServingError as error:
            code = error.code
            raise
        except asyncio.CancelledError:
            code = Code.CANCELLED
            raise
        except Exception as error:
            logger.exception("%s failed", description)
            raise ServingError(code, "Internal error; the server's log says more") from error
        finally:
            self.count(call.model_name, code)

    def count(self, model_name: str, code: Code) -> None:
        """Counts how a call ended, also one that was refused before it was known what it is."""
        self._metrics.count_request(self._label(model_name), code)

    def _record_time(self, call: MeasuredCall, entrypoint: str, seconds: float) -> None:
        if call.api:
            labels = self._label(call.model_name), call.api, entrypoint
            self._metrics.request_latency.add(*labels, value=seconds * 1e6)

    def _label(self, model_name: str) -> str:
        """Returns the name of a model; names that are no model of ours would fill the memory."""
        return model_name if self._manager.is_configured(model_name) else ""

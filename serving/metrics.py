"""Counts what happens, and shows it to Prometheus under TF Serving's own names.

TF Serving's names begin with a colon and its counters have no suffix _total, which the Prometheus
client library does not write; so the page is rendered here (prometheus_exporter.cc).
"""

import math
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TypeVar

from serving.errors import Code

CONTENT_TYPE = "text/plain"


class Counter:
    """A number for each combination of label values, which only grows.

    Attributes:
      name: What Prometheus calls it.
    """

    def __init__(self, name: str, labels: Sequence[str]) -> None:
        self.name = name
        self._labels = labels
        self._lock = threading.Lock()
        self._cells: dict[tuple[str, ...], int] = {}

    def add(self, *label_values: str, amount: int = 1) -> None:
        """Counts `amount` more."""
        with self._lock:
            self._cells[label_values] = self._cells.get(label_values, 0) + amount

    def value(self) -> int:
        """Returns the sum over all label values."""
        return sum(self._cells.values())

    def render(self) -> Iterator[str]:
        """Yields the lines of the page."""
        yield f"# TYPE {self.name} counter"
        for label_values, value in sorted(self._cells.items()):
            yield f"{self.name}{{{_render_labels(self._labels, label_values)}}} {value}"


class Histogram:
    """How many values fell below each of a row of limits, for each combination of label values.

    Attributes:
      name: What Prometheus calls it.
    """

    def __init__(
        self, name: str, labels: Sequence[str], *, scale: float, growth: float, count: int
    ) -> None:
        """Makes a histogram whose limits begin at `scale` and grow by the factor `growth`."""
        self.name = name
        self._labels = labels
        self._limits = [scale * growth**power for power in range(count)]
        self._lock = threading.Lock()
        self._cells: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def add(self, *label_values: str, value: float) -> None:
        """Records one value."""
        with self._lock:
            counts = self._cells.get(label_values)
            if counts is None:
                counts = self._cells[label_values] = [0] * (len(self._limits) + 1)
            counts[bisect_left(self._limits, value)] += 1
            self._sums[label_values] = self._sums.get(label_values, 0.0) + value

    def render(self) -> Iterator[str]:
        """Yields the lines of the page."""
        yield f"# TYPE {self.name} histogram"
        for label_values, counts in sorted(self._cells.items()):
            labels = _render_labels(self._labels, label_values)
            cumulative = 0
            for limit, number in zip([*self._limits, math.inf], counts, strict=True):
                cumulative += number
                text = "+Inf" if math.isinf(limit) else f"{limit:g}"
                separator = "," if labels else ""
                yield f'{self.name}_bucket{{{labels}{separator}le="{text}"}} {cumulative}'
            yield f"{self.name}_sum{{{labels}}} {self._sums[label_values]}"
            yield f"{self.name}_count{{{labels}}} {cumulative}"


_Metric = TypeVar("_Metric", Counter, Histogram)


class Metrics:
    """What the server counts; times are in microseconds, as in TF Serving."""

    def __init__(self) -> None:
        self._metrics: dict[str, Counter | Histogram] = {}
        serving = ":tensorflow:serving:"
        self.request_count = self._add_counter(f"{serving}request_count", "model_name", "status")
        self.request_latency = self._add_latency(
            f"{serving}request_latency", "model_name", "API", "entrypoint"
        )
        self.runtime_latency = self._add_latency(
            f"{serving}runtime_latency", "model_name", "API", "runtime"
        )
        self.example_counts = self._add(
            Histogram(f"{serving}request_example_counts", ["model"], scale=1, growth=2, count=15)
        )
        self.example_count_total = self._add_counter(
            f"{serving}request_example_count_total", "model"
        )
        self.warmup_latency = self._add_latency(
            f"{serving}model_warmup_latency", "model_path", "status"
        )
        self.warmup_records_read = self._add_counter(
            f"{serving}model_warmup_records_read", "model_path", "status"
        )
        self.queuing_latency = self._add(
            Histogram(
                f"{serving}batching_session:queuing_latency",
                ["thread_pool_name"],
                scale=100,
                growth=1.2,
                count=52,
            )
        )
        self.wrapped_run_count = self._add_counter(f"{serving}batching_session:wrapped_run_count")
        saved_model = ":tensorflow:cc:saved_model:"
        self.load_attempt_count = self._add_counter(
            f"{saved_model}load_attempt_count", "model_path", "status"
        )
        self.load_latency = self._add_counter(f"{saved_model}load_latency", "model_path")

    def count_request(self, model_name: str, code: Code) -> None:
        """Records how a request ended."""
        self.request_count.add(model_name, code.name)

    def count_examples(self, model_name: str, num_examples: int) -> None:
        """Records how many rows a request had."""
        self.example_counts.add(model_name, value=num_examples)
        self.example_count_total.add(model_name, amount=num_examples)

    def render(self) -> str:
        """Returns the page that Prometheus reads."""
        lines = (line for metric in self._metrics.values() for line in metric.render())
        return "\n".join(lines) + "\n"

    def read_counter(self, name: str) -> int:
        """Returns a counter by its name with slashes, as TF Serving has it; 0 if unknown."""
        metric = self._metrics.get(name.replace("/", ":"))
        return metric.value() if isinstance(metric, Counter) else 0

    def _add_counter(self, name: str, *labels: str) -> Counter:
        return self._add(Counter(name, labels))

    def _add_latency(self, name: str, *labels: str) -> Histogram:
        return self._add(Histogram(name, labels, scale=10, growth=1.8, count=33))

    def _add(self, metric: _Metric) -> _Metric:
        self._metrics[metric.name] = metric
        return metric


def _render_labels(names: Sequence[str], values: Sequence[str]) -> str:
    escaped = (
        value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for value in values
    )
    return ",".join(f'{name}="{value}"' for name, value in zip(names, escaped, strict=True))

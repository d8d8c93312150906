"""The axes of a chart: marks at round values, and what they are of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.run_report.charts import svg
from components.run_report.charts.scale import Scale, scale_of

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 38
_MOST_TICKS = 5


@dataclass(frozen=True)
class Axes:
    """A chart's two scales.

    Attributes:
      x: From left to right.
      y: From bottom to top.
      width: Of the whole drawing.
      height: Of the whole drawing.
    """

    x: Scale
    y: Scale
    width: float
    height: float

    def draw(self, x_label: str, x_ticks: Sequence[float] | None = None) -> Iterator[Markup]:
        """Yields lines at round values, and numbers beside them.

        Args:
          x_label: What the x axis is of.
          x_ticks: Which values of x have a mark; without them, round ones.
        """
        for value in self.y.ticks(_MOST_TICKS):
            y = self.y(value)
            yield svg.line((self.x.start, y), (self.x.end, y), "grid")
            yield svg.text(self.x.start - 6, y + 4, f"{value:.6g}", "tick end")
        for value in self.x.ticks(_MOST_TICKS) if x_ticks is None else x_ticks:
            yield svg.text(self.x(value), self.y.start + 16, f"{value:.6g}", "tick middle")
        yield svg.line((self.x.start, self.y.start), (self.x.end, self.y.start), "axis")
        yield svg.text((self.x.start + self.x.end) / 2, self.height - 4, x_label, "label middle")


def make_axes(
    x_range: tuple[float, float],
    ys: Sequence[float],
    *,
    width: float = 480,
    height: float = 240,
) -> Axes:
    """Returns axes that hold a range of x, and all values of y between round ones."""
    return Axes(
        Scale(*x_range, _LEFT, width - _RIGHT),
        scale_of(ys, height - _BOTTOM, _TOP, most_ticks=_MOST_TICKS),
        width,
        height,
    )

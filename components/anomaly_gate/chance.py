"""How far apart two samples of one population come to be by chance (no TensorFlow).

Where one of the two has no values, chance explains nothing.
"""

import math
from typing import Final

from scipy.special import chdtri
from tensorflow_metadata.proto.v0.statistics_pb2 import FeatureNameStatistics, Histogram

from components.anomaly_gate.report import count_categories, count_values

_FALSE_ALARMS: Final = 1e-4
"""How often two samples of one population may be further apart than what is returned here."""


def find_chance_of_l_infinity(one: FeatureNameStatistics, other: FeatureNameStatistics) -> float:
    """Returns the largest difference of any category's share that chance explains, 0 to 1.

    By Bernstein's inequality, which also holds for few values. With V the variance of the
    difference of two shares, p (1 - p) (1 / n + 1 / m), and b = 1 / min(n, m) the most that one
    value changes it, a difference of t comes up with a probability of at most
    2 exp(-t^2 / (2 V + 2 b t / 3)). Each category is another chance to differ.

    Args:
      one: Of a categorical feature.
      other: Of the same feature in other data.
    """
    counts = count_categories(one), count_categories(other)
    sizes = [sum(each.values()) for each in counts]
    if not all(sizes):
        return 0.0
    categories = counts[0].keys() | counts[1].keys()
    shares = [sum(each.get(name, 0.0) for each in counts) / sum(sizes) for name in categories]
    variance = max(share * (1 - share) for share in shares) * sum(1 / size for size in sizes)
    exponent = math.log(2 * len(categories) / _FALSE_ALARMS)
    linear = exponent / min(sizes) / 3
    return min(1.0, linear + math.sqrt(linear**2 + 2 * exponent * variance)) if variance else 0.0


def find_chance_of_jensen_shannon(
    one: FeatureNameStatistics, other: FeatureNameStatistics
) -> float:
    """Returns the largest Jensen-Shannon divergence that chance explains, in bits, 0 to 1.

    The divergence of two distributions p and q is at most the sum of (p - q)^2 / (p + q) / 2. For
    samples of n and m values in k cells, that sum times 4 / (1 / n + 1 / m) is chi-squared with
    k - 1 degrees of freedom.

    Args:
      one: Of a feature with a histogram, or a categorical one.
      other: Of the same feature in other data.
    """
    sizes = [count_values(each) for each in (one, other)]
    # TFDV lays two histograms over each other, which adds cells, but spreads counts evenly in them.
    cells = max(_count_cells(each) for each in (one, other)) or len(
        count_categories(one).keys() | count_categories(other).keys()
    )
    if cells <= 1 or not all(sizes):
        return 0.0
    chi_squared = float(chdtri(cells - 1, _FALSE_ALARMS))
    return min(1.0, chi_squared / 4 * sum(1 / size for size in sizes))


def _count_cells(feature: FeatureNameStatistics) -> int:
    """Returns the buckets of the histogram that TFDV compares; 0 if there is none."""
    return next(
        (
            len(histogram.buckets)
            for histogram in feature.num_stats.histograms
            if histogram.type == Histogram.STANDARD
        ),
        0,
    )

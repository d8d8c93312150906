"""How far apart two samples of one population come to be by chance (no TensorFlow).

Where one of the two has no values, chance explains nothing.
"""

import math
from collections.abc import Sequence
from typing import Final

from scipy.special import chdtri, ndtri
from tensorflow_metadata.proto.v0.statistics_pb2 import FeatureNameStatistics, Histogram

_FALSE_ALARMS: Final = 1e-4
"""How often two samples of one population come to be further apart than what is returned here."""


def find_chance_of_l_infinity(one: FeatureNameStatistics, other: FeatureNameStatistics) -> float:
    """Returns the largest difference of any category's share that chance explains, 0 to 1.

    A share p of n values has the variance p (1 - p) / n, and two samples add theirs; each category
    is another chance to differ (Bonferroni's correction).

    Args:
      one: Of a categorical feature.
      other: Of the same feature in other data.
    """
    counts = _count_categories(one), _count_categories(other)
    categories = counts[0].keys() | counts[1].keys()
    totals = [sum(each.values()) for each in counts]
    if not all(totals):
        return 0.0
    shares = [sum(each.get(name, 0.0) for each in counts) / sum(totals) for name in categories]
    deviation = math.sqrt(max(share * (1 - share) for share in shares) * _both(one, other))
    return min(1.0, float(ndtri(1 - _FALSE_ALARMS / (2 * len(categories)))) * deviation)


def find_chance_of_jensen_shannon(
    one: FeatureNameStatistics, other: FeatureNameStatistics
) -> float:
    """Returns the largest Jensen-Shannon divergence that chance explains, in bits, 0 to 1.

    8 ln 2 / (1 / n + 1 / m) times the divergence of two samples of n and m values, counted in k
    cells, is chi-squared with k - 1 degrees of freedom (to the second order of its Taylor series).
    TFDV cuts the histograms of numbers at the edges of both, so that they have up to twice as many
    cells as one. MNIST's own random splits stay below it: of 917 and 83 rows, the worst of 30 has
    0.227 where this returns 0.381.
    """
    cells = _count_cells(one, other)
    if cells <= 1 or not all(map(_count_values, (one, other))):
        return 0.0
    chi_squared = float(chdtri(cells - 1, _FALSE_ALARMS))
    return min(1.0, chi_squared / (8 * math.log(2)) * _both(one, other))


def _both(one: FeatureNameStatistics, other: FeatureNameStatistics) -> float:
    """Returns 1 / n + 1 / m, for n and m values."""
    return 1 / _count_values(one) + 1 / _count_values(other)


def _count_values(feature: FeatureNameStatistics) -> float:
    stats = getattr(feature, feature.WhichOneof("stats"))
    return float(stats.common_stats.tot_num_values or stats.common_stats.num_non_missing)


def _count_cells(one: FeatureNameStatistics, other: FeatureNameStatistics) -> int:
    edges = set()
    for feature in (one, other):
        for histogram in _standard_histograms(feature)[:1]:
            edges |= {bucket.low_value for bucket in histogram.buckets}
            edges |= {bucket.high_value for bucket in histogram.buckets}
    if edges:
        return len(edges) - 1
    return len(_count_categories(one).keys() | _count_categories(other).keys())


def _standard_histograms(feature: FeatureNameStatistics) -> Sequence[Histogram]:
    return [
        histogram
        for histogram in feature.num_stats.histograms
        if histogram.type == Histogram.STANDARD
    ]


def _count_categories(feature: FeatureNameStatistics) -> dict[str, float]:
    buckets = feature.string_stats.rank_histogram.buckets
    return {bucket.label: bucket.sample_count for bucket in buckets}

"""What chance explains, held against samples that were drawn from one population."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0.statistics_pb2 import FeatureNameStatistics, Histogram

from components.anomaly_gate.chance import (
    find_chance_of_jensen_shannon,
    find_chance_of_l_infinity,
)

CELLS = 50
NUM_DRAWS = 20_000

Counts: TypeAlias = NDArray[np.int64]
FindChance: TypeAlias = Callable[[FeatureNameStatistics, FeatureNameStatistics], float]


def make_categories(counts: Counts) -> FeatureNameStatistics:
    feature = FeatureNameStatistics()
    feature.string_stats.common_stats.num_non_missing = int(counts.sum())
    for label, count in enumerate(counts.tolist()):
        if count:
            feature.string_stats.rank_histogram.buckets.add(label=str(label), sample_count=count)
    return feature


def make_numbers(counts: Counts) -> FeatureNameStatistics:
    feature = FeatureNameStatistics()
    feature.num_stats.common_stats.num_non_missing = int(counts.sum())
    histogram = feature.num_stats.histograms.add(type=Histogram.STANDARD)
    for number, count in enumerate(counts.tolist()):
        histogram.buckets.add(low_value=number, high_value=number + 1, sample_count=count)
    return feature


def draw(shares: NDArray[np.float64], sizes: tuple[int, int]) -> tuple[Counts, Counts]:
    """Returns counts of NUM_DRAWS pairs of samples."""
    rng = np.random.default_rng(7)
    one, other = (rng.multinomial(size, shares, size=NUM_DRAWS) for size in sizes)
    return one, other


def jensen_shannon(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the divergence of each pair, in bits."""
    middle = (one + other) / 2

    def relative_entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
        ratio = np.divide(shares, middle, out=np.ones_like(shares), where=shares > 0)
        return np.asarray((shares * np.log2(ratio)).sum(axis=1))

    return (relative_entropy(one) + relative_entropy(other)) / 2


SIZES = [(5496, 504), (5000, 50), (917, 83), (5000, 5000)]


@pytest.mark.parametrize("sizes", SIZES)
def test_samples_of_one_population_stay_within_chance_and_come_near(sizes: tuple[int, int]):
    one, other = draw(np.full(10, 0.1), sizes)
    distances = np.abs(one / sizes[0] - other / sizes[1]).max(axis=1)

    bound = find_chance_of_l_infinity(make_categories(one[0]), make_categories(other[0]))

    assert np.mean(distances > bound) <= 1e-4
    assert distances.max() > 0.7 * bound


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("width", [5, 15, 1000])
def test_histograms_of_one_population_stay_within_chance(sizes: tuple[int, int], width: int):
    shares = np.exp(-(((np.arange(CELLS) - CELLS / 2) / width) ** 2))
    one, other = draw(shares / shares.sum(), sizes)
    divergences = jensen_shannon(one / sizes[0], other / sizes[1])

    bound = find_chance_of_jensen_shannon(make_numbers(one[0]), make_numbers(other[0]))

    assert np.mean(divergences > bound) <= 1e-4
    assert divergences.max() > 0.3 * bound


def test_a_difference_of_populations_is_no_chance_once_there_are_rows_enough():
    shares = np.full(10, 0.1)
    without_seven = np.where(np.arange(10) == 7, 0, 1 / 9)

    for size, explained in ((20, True), (1000, False)):
        one, other = (
            make_categories((each * size).round().astype(int)) for each in (shares, without_seven)
        )
        assert (find_chance_of_l_infinity(one, other) >= 0.1) is explained


@pytest.mark.parametrize("find", [find_chance_of_jensen_shannon, find_chance_of_l_infinity])
def test_of_few_rows_chance_explains_whatever_a_distance_can_be(find: FindChance):
    few = np.ones(2, int)

    assert find(make_categories(few), make_categories(few)) == 1.0


@pytest.mark.parametrize("find", [find_chance_of_jensen_shannon, find_chance_of_l_infinity])
def test_chance_explains_nothing_of_what_has_no_values_or_one_only(find: FindChance):
    nothing, one_value = make_categories(np.zeros(3, int)), make_categories(np.array([9]))

    assert find(FeatureNameStatistics(), one_value) == 0.0
    assert find(nothing, one_value) == 0.0
    assert find(one_value, nothing) == 0.0
    assert find(one_value, one_value) == 0.0

"""What the anomaly gate tells a person, from hand-made TFDV output."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.acceptance import NOBODY
from components.anomaly_gate.next_steps import Kind
from components.anomaly_gate.report import (
    Finding,
    describe_feature,
    find_anomalies,
    render_refusal,
)
from runners.failure import cause_of

DATA = "0123456789ab"
SOURCE = "train-images-idx3-ubyte in /data"
STATISTICS = text_format.Parse(
    """
    datasets {
      num_examples: 4
      features {
        path { step: "label" } type: INT
        string_stats {
          common_stats {
            num_non_missing: 4 min_num_values: 1 max_num_values: 1 tot_num_values: 4
          }
          unique: 3
          rank_histogram {
            buckets { label: "3" sample_count: 2 }
            buckets { label: "10" sample_count: 1 }
            buckets { label: "9" sample_count: 1 }
          }
        }
      }
      features {
        path { step: "ink_fraction" } type: FLOAT
        num_stats {
          common_stats { num_non_missing: 3 num_missing: 1 min_num_values: 1 max_num_values: 2 }
          min: 0 median: 0.25 max: 0.5 mean: 0.25
          histograms { num_nan: 1 }
        }
      }
      features {
        path { step: "image" } type: BYTES
        bytes_stats {
          common_stats { num_non_missing: 4 min_num_values: 1 max_num_values: 1 }
          min_num_bytes: 3 max_num_bytes: 784
        }
      }
    }
    """,
    DatasetFeatureStatisticsList(),
)
LOW_INK = text_format.Parse(
    """
    anomaly_info {
      key: "ink_fraction"
      value {
        path { step: "ink_fraction" } severity: WARNING
        short_description: "Out-of-range values"
        description: "Unexpectedly low values: 0<0.01."
      }
    }
    """,
    Anomalies(),
)


def test_an_anomaly_names_split_feature_both_descriptions_and_the_values_seen():
    (finding,) = find_anomalies("train", LOW_INK, STATISTICS)

    assert str(finding) == (
        "split train, feature ink_fraction: Out-of-range values. Unexpectedly low values: "
        "0<0.01. Seen: FLOAT in 3 of 4 examples, 1 to 2 values each, min 0, median 0.25, "
        "max 0.5, mean 0.25, 1 NaN."
    )


def test_a_split_without_data_or_with_too_few_examples_is_a_finding():
    anomalies = text_format.Parse(
        """
        data_missing: true
        dataset_anomaly_info {
          short_description: "Low num examples in dataset."
          description: "The dataset has 0 examples, which is fewer than expected."
        }
        """,
        Anomalies(),
    )

    missing, too_few = find_anomalies("eval", anomalies, DatasetFeatureStatisticsList())

    assert "split eval, feature the whole data set: No data" in str(missing)
    assert "fewer than expected. Seen: 0 examples." in str(too_few)


def test_no_anomaly_is_no_finding():
    assert list(find_anomalies("train", Anomalies(), STATISTICS)) == []


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (
            "label",
            "INT in 4 of 4 examples, 3 distinct values from 3 to 10 (3 50.0%, 9 25.0%, 10 25.0%)",
        ),
        ("image", "BYTES in 4 of 4 examples, 3 to 784 bytes long"),
        ("age", "no such feature in the data"),
    ],
)
def test_what_was_seen_is_told_by_the_kind_of_feature(feature: str, expected: str):
    assert describe_feature(STATISTICS, feature) == expected


def test_only_the_first_of_many_values_are_listed():
    statistics = DatasetFeatureStatisticsList()
    strings = statistics.datasets.add().features.add(name="word").string_stats
    strings.common_stats.num_non_missing = 100
    strings.unique = 100
    for number in range(100):
        strings.rank_histogram.buckets.add(label=f"word{number}", sample_count=1)

    text = describe_feature(statistics, "word")

    assert "100 distinct values (word0 1.0%, " in text
    assert text.endswith("word11 1.0%, 88 more)")


def make_finding(kind: Kind) -> Finding:
    return Finding(
        where="split train",
        feature="label",
        short_description="Bad",
        description="Very bad.",
        seen="nothing",
        kind=kind,
    )


def refuse(*kinds: Kind, data: str = DATA, acceptance: str = NOBODY) -> str:
    findings = [make_finding(kind) for kind in kinds]
    return render_refusal(findings, SOURCE, data=data, acceptance=acceptance)


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (Kind.VALUES, "tfx-mnist schema accept"),
        (Kind.SKEW, "raise the threshold of that skew_comparator"),
        (Kind.DRIFT, "--set pipeline_name=NAME --set data_root=FOLDER"),
        (Kind.CLASSES, "thresholds.unmeasured_classes"),
        (Kind.ROWS, "examples.min_train_rows"),
    ],
)
def test_a_refusal_says_how_to_go_on_from_each_kind_of_finding(kind: Kind, step: str):
    refusal = refuse(kind)

    assert "in 1 place," in refusal
    assert step in refusal
    others = [each for each in Kind if each != kind]
    assert step not in refuse(*others)


def test_who_accepts_other_data_than_these_is_told_so():
    refusal = refuse(Kind.DRIFT, acceptance="ada@ba9876543210")

    assert "This run was told ada@ba9876543210: that is the name of other data" in refusal
    assert f"--accept-new-data {DATA}`" in refusal


def test_a_name_of_data_holds_until_the_files_are_changed_for_the_other_findings():
    warning = f"{DATA} stands for these files as they are"

    assert warning not in refuse(Kind.DRIFT)
    assert warning in refuse(Kind.DRIFT, Kind.LEAKAGE)
    accepted = refuse(Kind.DRIFT, Kind.LEAKAGE, acceptance=f"ada@{DATA}")
    assert f"The drift of {DATA} is accepted by ada. {warning}" in accepted
    assert "--accept-new-data" not in accepted


def test_data_without_a_name_cannot_be_accepted():
    refusal = refuse(Kind.DRIFT, Kind.ROWS, data="", acceptance=f"ada@{DATA}")

    assert "--accept-new-data" not in refusal
    assert "These data have no name" in refusal
    assert f"This run was told ada@{DATA}" in refusal
    assert "drift_comparator" in refusal


def test_a_refusal_comes_whole_out_of_a_traceback():
    text = refuse(Kind.SKEW, Kind.VALUES)
    traceback = (
        'Traceback (most recent call last):\n\n  File "x.py", line 1\n\n    raise\n\n'
        f"components.anomaly_gate.executor.AnomalyError: {text}\n"
    )

    assert cause_of(traceback) == f"AnomalyError: {text}"

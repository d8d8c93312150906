"""What the anomaly gate makes of TFDV's comparisons, from hand-made TFDV output."""

from google.protobuf import text_format
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.distances import (
    Comparator,
    Comparison,
    find_distances,
    read_distances,
)

STATISTICS = text_format.Parse(
    """
    datasets {
      num_examples: 4
      features {
        path { step: "label" } type: INT
        string_stats { common_stats { num_non_missing: 4 tot_num_values: 4 } unique: 1 }
      }
    }
    """,
    DatasetFeatureStatisticsList(),
)
SCHEMA = text_format.Parse(
    """
    feature {
      name: "label" skew_comparator { infinity_norm { threshold: 0.03 } }
    }
    feature {
      name: "ink_fraction" skew_comparator { jensen_shannon_divergence { threshold: 0.02 } }
      drift_comparator { jensen_shannon_divergence { threshold: 0.02 } }
    }
    feature {
      name: "retired" lifecycle_stage: DEPRECATED
      skew_comparator { jensen_shannon_divergence { threshold: 0.02 } }
    }
    """,
    Schema(),
)


def compare(anomalies: str, comparator: Comparator = Comparator.SKEW) -> Comparison:
    return Comparison(
        where="split train against split eval",
        comparator=comparator,
        statistics=STATISTICS,
        control=STATISTICS,
        anomalies=text_format.Parse(anomalies, Anomalies()),
    )


def test_a_distance_over_its_threshold_is_a_finding_and_other_anomalies_are_not():
    comparison = compare(
        """
        anomaly_info {
          key: "label"
          value {
            path { step: "label" }
            reason { type: INT_TYPE_BIG_INT short_description: "Out-of-range values" }
            reason {
              type: COMPARATOR_L_INFTY_HIGH short_description: "High Linfty distance"
              description: "The distance is 0.5, above the threshold 0.03."
            }
          }
        }
        drift_skew_info {
          path { step: "label" }
          skew_measurements { type: L_INFTY value: 0.5 threshold: 0.03 }
        }
        drift_skew_info {
          path { step: "ink_fraction" }
          skew_measurements { type: JENSEN_SHANNON_DIVERGENCE value: 0.004 threshold: 0.02 }
        }
        """
    )

    (finding,) = find_distances(comparison, SCHEMA)

    assert "split train against split eval, feature label: High Linfty distance." in str(finding)
    assert "above the threshold 0.03. Seen: INT in 4 of 4 examples" in str(finding)
    assert [str(distance) for distance in read_distances(comparison)] == [
        "label: L-infinity distance 0.5000, threshold 0.0300, by chance up to 0.0000",
        "ink_fraction: Jensen-Shannon distance 0.0040, threshold 0.0200, by chance up to 0.0000",
    ]


def test_a_distance_that_was_not_measured_is_a_finding_but_not_for_a_retired_feature():
    findings = list(find_distances(compare(""), SCHEMA))

    assert [finding.feature for finding in findings] == ["label", "ink_fraction"]
    assert "has a skew_comparator, but TFDV could not measure" in str(findings[0])


def test_only_the_comparators_of_the_comparison_are_asked_for():
    (finding,) = find_distances(compare("", Comparator.DRIFT), SCHEMA)

    assert finding.feature == "ink_fraction"


def test_a_change_of_the_number_of_examples_is_a_finding():
    comparison = compare(
        """
        dataset_anomaly_info {
          reason {
            type: COMPARATOR_LOW_NUM_EXAMPLES
            short_description: "Low num examples" description: "The ratio is 0.1."
          }
        }
        """
    )

    (finding,) = find_distances(comparison, Schema())

    assert str(finding).endswith("The ratio is 0.1. Seen: 4 examples against 4 examples.")

"""Which statistics the current data are compared with."""

from pathlib import Path

from tfx.types.standard_artifacts import ExampleStatistics

from components.anomaly_gate.acceptance import ACCEPTED_BY_PROPERTY
from components.anomaly_gate.accepted_statistics import SOURCE_STATISTICS_PROPERTY
from components.previous_statistics.strategy import PreviousStatisticsStrategy


def make_artifact(artifact_id: int, uri: Path, source_id: int | None = None) -> ExampleStatistics:
    uri.mkdir(exist_ok=True)
    statistics = ExampleStatistics()
    statistics.id = artifact_id
    statistics.uri = str(uri)
    if source_id:
        statistics.set_int_custom_property(SOURCE_STATISTICS_PROPERTY, source_id)
    return statistics


def test_the_latest_accepted_statistics_that_still_exist_are_resolved(tmp_path: Path):
    current = make_artifact(9, tmp_path / "9")
    candidates = [
        make_artifact(3, tmp_path / "3", source_id=2),
        make_artifact(5, tmp_path / "5", source_id=4),
        make_artifact(7, tmp_path / "7", source_id=6),  # deleted below
        make_artifact(8, tmp_path / "8"),  # never accepted
        make_artifact(10, tmp_path / "10", source_id=9),  # accepted from the current ones
    ]
    (tmp_path / "7").rmdir()

    resolved = PreviousStatisticsStrategy().resolve_artifacts(
        None, {"statistics": [current], "accepted_statistics": candidates}
    )

    assert [statistics.id for statistics in resolved["accepted_statistics"]] == [5]
    assert resolved["statistics"] == [current]


def test_current_statistics_whose_drift_was_accepted_are_what_they_are_compared_with(
    tmp_path: Path,
):
    current = make_artifact(9, tmp_path / "9")
    before = make_artifact(5, tmp_path / "5", source_id=4)
    by_hand = make_artifact(10, tmp_path / "10", source_id=9)
    by_hand.set_string_custom_property(ACCEPTED_BY_PROPERTY, "ada")
    by_the_gate_alone = make_artifact(11, tmp_path / "11", source_id=9)

    resolved = PreviousStatisticsStrategy().resolve_artifacts(
        None,
        {"statistics": [current], "accepted_statistics": [before, by_hand, by_the_gate_alone]},
    )

    assert [statistics.id for statistics in resolved["accepted_statistics"]] == [10]

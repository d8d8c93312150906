"""The record of a version, as JSON."""

import json

from components.versioned_directory.push_record import (
    PushOrigin,
    PushRecord,
    parse_record,
    render_record,
)


def _record(**origin: object) -> PushRecord:
    return PushRecord(
        origin=PushOrigin(pipeline_name="hats", **origin),
        model_digest="f00d",
        files={"saved_model.pb": "c0de"},
        pushed_at="2026-11-28T00:00:00+00:00",
        pushed_by="ada@host",
    )


def test_the_names_of_classes_are_read_back_as_they_were_recorded():
    record = _record(class_names=("Hat", "Straße"))

    assert parse_record(render_record(record)) == record


def test_without_names_a_record_is_one_of_before_there_were_any():
    text = render_record(_record())

    assert "class_names" not in json.loads(text)["origin"]
    assert parse_record(text) == _record()

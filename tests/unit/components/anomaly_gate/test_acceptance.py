"""How a run says who accepts which data."""

import pytest
from pydantic import ValidationError

from components.anomaly_gate.acceptance import (
    NOBODY,
    find_acceptor,
    make_acceptance,
    note_accepted_drift,
    read_accepted_drift,
)
from pipeline.config import PipelineConfig

DATA = "3f2a9c1b7d04"


@pytest.mark.parametrize("name", ["ada", "ada.l-b_1", "zoë", "x²", "a b@c", '"', "\udcff", ""])
def test_any_name_makes_an_acceptance_that_a_run_takes(name: str):
    acceptance = make_acceptance(name, DATA)

    config = PipelineConfig.model_validate({"examples": {"new_data_accepted_by": acceptance}})
    assert find_acceptor(config.examples.new_data_accepted_by, DATA)


def test_an_acceptance_is_for_one_data_set():
    assert find_acceptor(f"ada@{DATA}", DATA) == "ada"
    assert find_acceptor(f"ada@{DATA}", "0123456789ab") == ""
    assert find_acceptor(NOBODY, DATA) == ""


def test_data_without_a_name_are_accepted_by_nobody():
    assert find_acceptor("ada@", "") == find_acceptor(NOBODY, "") == ""


@pytest.mark.parametrize(
    "text",
    ["", "ada", "none", f"@{DATA}", f"a b@{DATA}", f"x²@{DATA}", "ada@data", "ada@3f2a", "ada@"],
)
def test_what_is_no_acceptance_is_refused(text: str):
    with pytest.raises(ValidationError, match="new_data_accepted_by"):
        PipelineConfig.model_validate({"examples": {"new_data_accepted_by": text}})


def test_what_is_noted_is_read_back():
    notes = note_accepted_drift("ada", "2026-11-27T18:00:00+00:00", ["far", "further"])

    accepted = read_accepted_drift({"span": "0", **notes})

    assert accepted is not None
    assert (accepted.name, accepted.drift) == ("ada", ("far", "further"))
    assert read_accepted_drift({"span": "0"}) is None

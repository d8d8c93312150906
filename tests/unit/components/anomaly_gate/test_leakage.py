"""What the gate says of images that are judged by and trained on."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.leakage import find_leakage
from components.anomaly_gate.report import Finding, render_refusal
from components.idx_example_gen.shared_rows import SharedRows, note_shared_rows

STATISTICS = text_format.Parse("datasets { num_examples: 1000 }", DatasetFeatureStatisticsList())


def find(rows: int, *, max_share: float = 0.01) -> list[Finding]:
    shared = SharedRows(rows, ((3, 17), (5, 99))[:rows], "t10k-images", "train-images")
    properties = dict([note_shared_rows("test", shared)])
    return list(find_leakage("test", STATISTICS, properties, max_share=max_share))


def test_a_finding_names_how_many_rows_and_the_first_of_them_in_both_files():
    (finding,) = find(250)

    text = render_refusal([finding], "t10k-images, train-images in /data")
    assert "split test, feature image: Images that are trained on." in text
    assert "250 images, 25.0% of the split" in text
    assert "row 3 of t10k-images is row 17 of train-images, row 5 of t10k-images is row 99" in text
    assert "at most 1.0% may be" in text
    assert "raise examples.max_shared_rows" in text


@pytest.mark.parametrize(("rows", "num_findings"), [(0, 0), (10, 0), (11, 1), (1000, 1)])
def test_more_than_the_share_is_refused(rows: int, num_findings: int):
    assert len(find(rows)) == num_findings


def test_none_can_be_allowed_and_all_can():
    assert find(1, max_share=0.0)
    assert not find(1000, max_share=1.0)


def test_examples_of_another_example_gen_give_nothing_to_find():
    assert not list(find_leakage("test", STATISTICS, {"span": "0"}, max_share=0.0))

"""What the gate says of images that are judged by and trained on."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.leakage import find_leakage
from components.anomaly_gate.report import Finding, render_refusal
from components.idx_example_gen.shared_rows import SharedRows, note_shared_rows

STATISTICS = text_format.Parse("datasets { num_examples: 1000 }", DatasetFeatureStatisticsList())


def find(
    rows: int,
    *,
    split: str = "test",
    max_share: float = 0.01,
    file: str = "t10k-images",
    trained_on: str = "train",
) -> list[Finding]:
    shared = SharedRows(rows, ((3, 17), (5, 99))[:rows], file, "train-images", trained_on)
    notes = dict([note_shared_rows(split, shared)])
    return list(find_leakage(split, STATISTICS, notes, train_split="train", max_share=max_share))


def test_a_finding_names_how_many_rows_and_the_first_of_them_in_both_files():
    (finding,) = find(250)

    text = render_refusal(
        [finding], "t10k-images, train-images in /data", data="0123456789ab", acceptance="nobody"
    )
    assert "split test, feature image: Images that are trained on." in text
    assert "250 images also stand in split train, whatever their labels; at most 10 may" in text
    assert "row 3 of t10k-images is row 17 of train-images, row 5 of t10k-images is row 99" in text
    assert "raise examples.max_shared_rows" in text


def test_an_image_with_two_labels_in_the_train_files_is_told_as_that():
    (finding,) = find(250, split="eval", file="train-images")

    text = render_refusal(
        [finding], "train-images in /data", data="0123456789ab", acceptance="nobody"
    )
    assert "250 images also stand in split train, with another label" in text
    assert "One image has two labels in one file: correct the labels" in text


@pytest.mark.parametrize(
    ("rows", "max_share", "num_findings"),
    [(0, 0.01, 0), (10, 0.01, 0), (11, 0.01, 1), (290, 0.29, 0), (291, 0.29, 1), (1000, 0.99, 1)],
)
def test_more_than_the_share_is_refused(rows: int, max_share: float, num_findings: int):
    assert len(find(rows, max_share=max_share)) == num_findings


def test_notes_on_another_split_than_the_one_that_is_trained_on_are_an_error():
    with pytest.raises(ValueError, match="in split train, received those on split eval"):
        find(0, trained_on="eval")


def test_none_can_be_allowed_and_all_can():
    assert find(1, max_share=0.0)
    assert not find(1000, max_share=1.0)


def test_examples_of_another_example_gen_give_a_warning_and_nothing_to_find(
    caplog: pytest.LogCaptureFixture,
):
    findings = list(
        find_leakage("test", STATISTICS, {"span": "0"}, train_split="train", max_share=0.0)
    )

    assert not findings
    assert "do not tell which images of test are also trained on" in caplog.text

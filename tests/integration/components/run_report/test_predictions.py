"""What a model answers on a split: counted, and its mistakes kept as pictures."""

from pathlib import Path

import pytest

from components.run_report.charts.pictures import decode_picture
from components.run_report.reading import examples, predictions
from components.run_report.reading.predictions import ask_model
from modules.data_spec import MNIST
from support.run_report.examples import save_model, write_examples

RIGHT = [(0, (82, 9, 9)), (1, (5, 95, 0)), (2, (0, 38, 62))]
MISREAD = [(0, (28, 72, 0)), (2, (91, 0, 9)), (1, (49, 10, 41))]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_model(tmp_path_factory.mktemp("model"))


def test_answers_are_counted_by_what_it_is_and_what_the_model_says(model: str, tmp_path: Path):
    shard = write_examples(tmp_path / "test.gz", [*RIGHT, *MISREAD])

    answered = ask_model(model, shard, "test", MNIST)

    assert answered.confusion == ((1, 1, 0), (1, 1, 0), (1, 0, 1))
    assert (answered.num_rows, answered.num_misread) == (6, 3)
    assert answered.classes == ("0", "1", "2")


def test_the_most_confident_mistakes_come_first_as_pictures(model: str, tmp_path: Path):
    shard = write_examples(tmp_path / "test.gz", [*RIGHT, *MISREAD])

    misread = ask_model(model, shard, "test", MNIST).misread

    assert [(each.row, each.label, each.answer) for each in misread] == [
        (4, "2", "0"),
        (3, "0", "1"),
        (5, "1", "0"),
    ]
    assert [each.probability for each in misread] == pytest.approx([0.91, 0.72, 0.49])
    assert misread[0].probability_of_label == pytest.approx(0.09)
    assert decode_picture(misread[0].picture)[0, :3].tolist() == [91, 0, 9]


def test_how_sure_the_model_was_is_held_against_how_often_it_was_right(model: str, tmp_path: Path):
    shard = write_examples(tmp_path / "test.gz", [*RIGHT, *MISREAD])

    buckets = ask_model(model, shard, "test", MNIST).reliability

    assert [(bucket.rows, bucket.accuracy) for bucket in buckets] == [
        (1, 0.0),
        (1, 1.0),
        (1, 0.0),
        (1, 1.0),
        (2, 0.5),
    ]
    assert [bucket.confidence for bucket in buckets] == pytest.approx(
        [0.49, 0.62, 0.72, 0.82, 0.93]
    )


def test_rows_are_numbered_over_batches_and_shards(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(examples, "_READ_AT_ONCE", 2)
    write_examples(tmp_path / "test-00000-of-00002.gz", RIGHT)
    write_examples(tmp_path / "test-00001-of-00002.gz", MISREAD)

    misread = ask_model(model, f"{tmp_path}/test-*", "test", MNIST).misread

    assert sorted(each.row for each in misread) == [3, 4, 5]


def test_of_too_many_mistakes_the_worst_are_kept_and_all_are_counted(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(predictions, "MAX_MISREAD", 2)
    shard = write_examples(tmp_path / "test.gz", MISREAD)

    answered = ask_model(model, shard, "test", MNIST)

    assert [each.row for each in answered.misread] == [1, 0]
    assert answered.num_misread == 3


def test_a_label_that_is_no_class_of_the_model_is_one_error(model: str, tmp_path: Path):
    shard = write_examples(tmp_path / "test.gz", [(7, (0, 0, 100))])

    with pytest.raises(ValueError, match="expected labels from 0 to 2, received 7 to 7"):
        ask_model(model, shard, "test", MNIST)


def test_an_empty_split_is_one_error(model: str, tmp_path: Path):
    shard = write_examples(tmp_path / "test.gz", [])

    with pytest.raises(ValueError, match="expected examples to ask the model about"):
        ask_model(model, shard, "test", MNIST)

"""Statistics as tables, from hand-made TFDV output."""

from google.protobuf import text_format
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatistics

from runners.report.statistics_tables import render_statistics
from support.markdown_reader import read_paragraphs, read_tables


def _statistics(text: str) -> DatasetFeatureStatistics:
    return text_format.Parse(text, DatasetFeatureStatistics())


def _label(**counts: int) -> str:
    buckets = "".join(
        f'buckets {{ label: "{value.removeprefix("_")}" sample_count: {count} }}'
        for value, count in counts.items()
    )
    return (
        'features { path { step: "label" } type: INT string_stats { common_stats { num_non_missing:'
        f" {sum(counts.values())} }} rank_histogram {{ {buckets} }} }} }}"
    )


INK = """
features {
  path { step: "ink_fraction" } type: FLOAT
  num_stats {
    common_stats { num_non_missing: 3 num_missing: 1000 }
    mean: 0.123456 std_dev: 0.5 min: 0 median: 0.25 max: 1
  }
}
"""


def test_the_examples_of_each_split_come_first():
    splits = {
        "train": _statistics("num_examples: 55064"),
        "eval": _statistics("num_examples: 4936"),
    }

    assert read_tables(render_statistics(splits))[0] == [
        ["split", "examples"],
        ["train", "55,064"],
        ["eval", "4,936"],
    ]


def test_a_feature_has_a_row_for_each_split_that_it_occurs_in():
    splits = {
        "train": _statistics(INK + _label(_1=2)),
        "eval": _statistics(_label(_1=2)),
    }

    _, features, _ = read_tables(render_statistics(splits))
    assert features == [
        ["feature", "split", "type", "missing", "mean", "std", "min", "median", "max"],
        ["ink_fraction", "train", "FLOAT", "1,000", "0.1235", "0.5", "0", "0.25", "1"],
        ["label", "train", "INT", "0", "", "", "", "", ""],
        ["label", "eval", "INT", "0", "", "", "", "", ""],
    ]


def test_classes_stand_in_their_order_with_count_and_share_of_each_split():
    splits = {
        "train": _statistics(_label(_10=3, _9=1)),
        "eval": _statistics(_label(_9=1500)),
    }

    assert read_tables(render_statistics(splits))[-1] == [
        ["label", "train", "eval"],
        ["9", "1 (25.0%)", "1,500 (100.0%)"],
        ["10", "3 (75.0%)", ""],
    ]


def test_words_stand_by_their_frequency_over_all_splits():
    splits = {
        "train": _statistics(_label(cat=3, dog=2)),
        "eval": _statistics(_label(dog=2, cow=1)),
    }

    values = [row[0] for row in read_tables(render_statistics(splits))[-1]]
    assert values == ["label", "dog", "cat", "cow"]


def test_words_that_are_as_frequent_stand_by_the_numbers_in_them():
    counts = {f"kind{number}": 1 for number in (10, 9, 1, 11, 2)}

    values = [
        row[0]
        for row in read_tables(render_statistics({"train": _statistics(_label(**counts))}))[-1]
    ]
    assert values == ["label", "kind1", "kind2", "kind9", "kind10", "kind11"]


def test_of_many_values_the_most_frequent_are_shown_and_the_others_counted():
    counts = {f"word{number}": 100 - number for number in range(30)}

    markdown = render_statistics({"train": _statistics(_label(**counts))})

    assert len(read_tables(markdown)[-1]) == 1 + 20
    assert read_paragraphs(markdown)[-1] == "10 more rows are not shown."


def test_a_feature_without_any_value_has_a_row_without_numbers():
    splits = {"train": _statistics('features { path { step: "empty" } type: STRING }')}

    [_, features] = read_tables(render_statistics(splits))
    assert features[1] == ["empty", "train", "STRING", "", "", "", "", "", ""]


def test_only_labels_are_told_with_the_names_of_classes():
    other = _label(_1=1).replace('"label"', '"height"')
    splits = {"train": _statistics(f"num_examples: 3 {_label(_0=1, _1=2)} {other}")}

    *_, labels, heights = read_tables(render_statistics(splits, ("Hat", "Bag|Box")))

    assert [row[0] for row in labels] == ["label", "0 (Hat)", "1 (Bag|Box)"]
    assert [row[0] for row in heights] == ["height", "1"]

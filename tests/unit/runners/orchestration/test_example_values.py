"""The values of the examples in deploy/ are told from people's own."""

import re

import pytest
import yaml

from runners.orchestration.example_values import find_example_values
from support.project import PROJECT


@pytest.mark.parametrize(
    "value",
    [
        "registry.example.com/tfx-mnist:0.1.0",
        "example.org:5000/digits",
        "us-docker.pkg.dev/my-project/ml/tfx-mnist:0.1.0",
        "gs://my-bucket",
        "my-project",
        "data_root=gs://my-bucket/data",
        "--sdk_container_image=us-docker.pkg.dev/my-project/ml/tfx-mnist:0.1.0",
        "gs://my-bucket/data/mnist",
        "--project=my-project",
        "--temp_location=gs://my-bucket/temporary",
        "--sdk_container_image=registry.example.com/tfx-mnist:0.1.0",
    ],
)
def test_an_examples_value_is_found_wherever_it_stands(value: str):
    content = [{"a": {"b": ["c", value], "d": value}}, ({"e": value}, None, 3, True)]

    assert find_example_values(content) == [value]


@pytest.mark.parametrize(
    "value",
    [
        "registry.mine.com/example.com-mirror:1",
        "registry.myexample.com/tfx-mnist:1",
        "gs://my-bucket-2026/runs",
        "europe-docker.pkg.dev/my-project-7/ml/digits:2",
        "gs://mine/my-buckets",
        "ada@example.com",
        "/home/me/my-project/data/mnist",
        "/tfx/my-bucket/data",
        "The card says: see https://example.com/ for more, and gs://my-bucket/ too",
    ],
)
def test_a_value_of_ones_own_is_left_alone(value: str):
    assert find_example_values({"image": value}) == []


@pytest.mark.parametrize(
    "file", sorted((PROJECT / "deploy").glob("*/*.yaml")), ids=lambda path: path.name
)
def test_every_registry_project_and_bucket_of_the_examples_is_found(file: str):
    content = list(yaml.safe_load_all(PROJECT.joinpath(file).read_text()))

    words = re.findall(r"[^\s\"']*(?:example\.|my-)[^\s\"']*", str(content))

    assert set(words) <= set(find_example_values(content))

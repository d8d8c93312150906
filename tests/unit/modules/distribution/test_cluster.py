"""TF_CONFIG: who trains together, and which of them this process is."""

import json

import pytest

from modules.distribution.cluster import Cluster, read_cluster

WORKERS = ["127.0.0.1:2001", "127.0.0.1:2002"]


def in_cluster(addresses: dict[str, list[str]], task: str, index: int) -> Cluster | None:
    content = {"cluster": addresses, "task": {"type": task, "index": index}}
    return read_cluster({"TF_CONFIG": json.dumps(content)})


@pytest.mark.parametrize("environ", [{}, {"TF_CONFIG": ""}])
def test_process_that_was_told_nothing_is_in_no_cluster(environ: dict[str, str]):
    assert read_cluster(environ) is None


def test_what_one_process_is_told_is_what_it_reads():
    cluster = Cluster(addresses={"worker": WORKERS}, task="worker", index=1)

    assert read_cluster(cluster.to_environment()) == cluster


def test_first_worker_is_the_chief():
    assert in_cluster({"worker": WORKERS}, "worker", 0).is_chief
    assert not in_cluster({"worker": WORKERS}, "worker", 1).is_chief


def test_a_chief_of_its_own_is_the_chief_and_trains_along():
    addresses = {"chief": ["127.0.0.1:2000"], "worker": WORKERS}

    assert in_cluster(addresses, "chief", 0).is_chief
    assert not in_cluster(addresses, "worker", 0).is_chief
    assert in_cluster(addresses, "worker", 0).workers == ["127.0.0.1:2000", *WORKERS]


def test_all_but_the_chief_serve_where_there_are_parameter_servers():
    addresses = {"chief": ["h:1"], "worker": ["h:2"], "ps": ["h:3"]}

    serving = [task for task in addresses if in_cluster(addresses, task, 0).serves]

    assert serving == ["worker", "ps"]
    assert not in_cluster({"worker": WORKERS}, "worker", 1).serves


def test_only_workers_that_serve_can_be_done_without():
    served = {"chief": ["h:1"], "worker": ["h:2", "h:3"], "ps": ["h:4"]}

    assert [task for task in served if in_cluster(served, task, 0).is_expendable] == ["worker"]
    assert not in_cluster({"worker": WORKERS}, "worker", 1).is_expendable


def test_a_chief_that_is_served_does_not_count_among_the_workers():
    served = {"chief": ["h:1"], "worker": ["h:2", "h:3"], "ps": ["h:4"]}

    assert in_cluster(served, "worker", 1).workers == ["h:2", "h:3"]
    assert in_cluster(served, "worker", 1).rank_on_machine == (1, 2)


def test_workers_count_their_neighbours_on_the_same_machine():
    workers = ["one:2001", "two:2001", "one:2002", "two:2002", "two:2003"]

    ranks = [in_cluster({"worker": workers}, "worker", index).rank_on_machine for index in range(5)]

    assert ranks == [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_a_platform_may_say_more():
    text = json.dumps(
        {
            "cluster": {"worker": WORKERS},
            "task": {"type": "worker", "index": "1", "trial": ""},
            "job": {"workerPoolSpecs": []},
        }
    )

    assert read_cluster({"TF_CONFIG": text}).index == 1


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        "{}",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": -1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}',
        '{"cluster": {"worker": [1]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": null}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": [], "task": {"type": "worker", "index": 0}}',
    ],
)
def test_what_is_no_cluster_is_refused_with_what_was_expected_and_received(text: str):
    with pytest.raises(ValueError, match="TF_CONFIG: expected") as refused:
        read_cluster({"TF_CONFIG": text})

    assert repr(text) in str(refused.value)

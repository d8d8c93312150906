"""TF_CONFIG: who trains together, and which of them this process is (standard library only)."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_VARIABLE = "TF_CONFIG"
_CHIEF = "chief"
_WORKER = "worker"
_PARAMETER_SERVER = "ps"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The processes of one training.

    Attributes:
      addresses: `host:port` of each process, by its kind of task: chief, worker, ps.
      task: The kind of this process.
      index: Which one of its kind it is.
    """

    addresses: Mapping[str, Sequence[str]]
    task: str
    index: int

    @property
    def name(self) -> str:
        """What messages call this process: "worker 1"."""
        return f"{self.task} {self.index}"

    @property
    def workers(self) -> list[str]:
        """The addresses of those that train; a chief trains, too, unless the others serve it."""
        chiefs = [] if _PARAMETER_SERVER in self.addresses else self.addresses.get(_CHIEF, [])
        return [*chiefs, *self.addresses.get(_WORKER, [])]

    @property
    def size(self) -> int:
        """How many processes there are."""
        return sum(len(each) for each in self.addresses.values())

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that writes: the chief, or the first worker."""
        return (self.task, self.index) == (_CHIEF if _CHIEF in self.addresses else _WORKER, 0)

    @property
    def chief_address(self) -> str:
        """Where the one listens that writes."""
        return (self.addresses.get(_CHIEF) or self.addresses[_WORKER])[0]

    @property
    def serves(self) -> bool:
        """Whether this process does what a chief tells it: all others do, of parameter servers."""
        return _PARAMETER_SERVER in self.addresses and not self.is_chief

    @property
    def is_expendable(self) -> bool:
        """Whether the others can do without this process: without some workers that serve."""
        return self.serves and self.task == _WORKER

    @property
    def own_address(self) -> str:
        """Where this process listens."""
        return self.addresses[self.task][self.index]

    @property
    def rank_on_machine(self) -> tuple[int, int]:
        """Which worker of its machine this process is, and how many there are."""
        host = _host(self.own_address)
        neighbours = [each for each in self.workers if _host(each) == host]
        return neighbours.index(self.own_address), len(neighbours)

    def to_environment(self) -> dict[str, str]:
        """Returns the variable that tells TensorFlow and `read_cluster` the same."""
        content = {
            "cluster": {task: list(each) for task, each in self.addresses.items()},
            "task": {"type": self.task, "index": self.index},
        }
        return {_VARIABLE: json.dumps(content)}

    def enter(self) -> None:
        """Makes this process the one that it is there, for TensorFlow and for `read_cluster`."""
        os.environ.update(self.to_environment())


def make_clusters(addresses: Mapping[str, Sequence[str]]) -> list[Cluster]:
    """Returns the cluster as each of its processes sees it, in the order of the addresses."""
    return [
        Cluster(addresses=addresses, task=task, index=index)
        for task, of_task in addresses.items()
        for index in range(len(of_task))
    ]


def read_cluster(environ: Mapping[str, str] = os.environ) -> Cluster | None:
    """Reads who trains together with this process; None if it was not told.

    Raises:
      ValueError: TF_CONFIG is set, and is no description of a cluster that has this process.
    """
    text = environ.get(_VARIABLE, "")
    if not text:
        return None
    try:
        content = json.loads(text)
        addresses = {task: list(each) for task, each in content["cluster"].items()}
        task, index = content["task"]["type"], int(content["task"]["index"])
        own_address = addresses[task][index]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f'{_VARIABLE}: expected JSON as {{"cluster": {{"worker": ["host:port", ...]}}, "task": '
            f'{{"type": "worker", "index": 0}}}} that names this process, received {text!r} '
            f"({type(error).__name__}: {error})."
        ) from error
    if not isinstance(own_address, str) or index < 0:
        raise ValueError(f"{_VARIABLE}: expected the address of this process, received {text!r}.")
    return Cluster(addresses=addresses, task=task, index=index)


def require_cluster() -> Cluster:
    """As `read_cluster`, for a process that cannot do without.

    Raises:
      ValueError: As for `read_cluster`, or TF_CONFIG is not set.
    """
    cluster = read_cluster()
    if cluster is None:
        raise ValueError(f"{_VARIABLE}: expected who trains together, but it is not set.")
    return cluster


def _host(address: str) -> str:
    return address.rpartition(":")[0]

"""Loading and unloading, with folders and models that exist in the test only."""

import gc
import weakref
from collections.abc import Sequence
from typing import Any

import pytest

from serving.errors import ServingError
from serving.models.config import ModelConfig
from serving.models.lifecycle import ModelVersion
from serving.models.manager import Manager
from serving.models.manager_options import ManagerOptions
from serving.models.model_spec import ModelSpec
from serving.models.policy import All, Latest, Specific
from serving.tensors import Arrays


class Memory:
    """What a thread may hold, without the model; it holds itself, as TensorFlow's graphs do."""

    def __init__(self) -> None:
        self.itself = self


class Model:
    """Answers with the number of its version."""

    def __init__(self, version: int) -> None:
        self.memory = Memory()
        self.signatures: dict[str, Any] = {}
        self.signature_defs: dict[str, Any] = {}
        self.version = version

    async def call(
        self, signature_name: str, inputs: Arrays, *, deadline: float | None = None
    ) -> dict[str, Any]:
        raise AssertionError((signature_name, inputs, deadline))

    def close(self) -> None:
        """Holds nothing."""


class Storage:
    """Folders by base path, and what is wrong with some of the versions in them."""

    def __init__(self, **folders: Sequence[str]) -> None:
        self.folders = {f"/{name}": list(children) for name, children in folders.items()}
        self.broken: set[int] = set()
        self.loaded: list[int] = []
        self.now = 0.0

    def list_children(self, path: str) -> Sequence[str]:
        if path not in self.folders:
            raise FileNotFoundError(path)
        return self.folders[path]

    def load(self, config: ModelConfig, version: ModelVersion) -> Model:
        assert version.path.startswith(f"{config.base_path}/")
        if version.number in self.broken:
            raise ValueError("no graph in here")
        self.loaded.append(version.number)
        return Model(version.number)

    def manager(self, *configs: ModelConfig, **options: Any) -> Manager:
        manager = Manager(
            self.load, self.list_children, ManagerOptions(**options), clock=lambda: self.now
        )
        manager.configure(configs or [ModelConfig(name="m", base_path="/m")])
        manager.reconcile()
        return manager


def answer(manager: Manager, version: int | None = None, label: str | None = None) -> int:
    with manager.acquire(ModelSpec("m", version, label)) as handle:
        return handle.version


def states(manager: Manager) -> dict[int, str]:
    return {status.version: status.state.name for status in manager.read_status("m")}


def test_newest_version_answers_and_folders_without_a_number_are_ignored():
    storage = Storage(m=["1", "3", ".tmp-9", "latest", "2.5"])
    manager = storage.manager()
    assert answer(manager) == 3
    assert storage.loaded == [3]


def test_new_version_takes_over_and_the_old_one_ends():
    storage = Storage(m=["1"])
    manager = storage.manager()
    storage.folders["/m"].append("2")
    manager.reconcile()
    assert answer(manager) == 2
    assert states(manager) == {2: "AVAILABLE", 1: "END"}


def test_old_version_is_unloaded_only_when_its_last_request_is_done():
    storage = Storage(m=["1"])
    manager = storage.manager()
    with manager.acquire(ModelSpec("m")) as handle:
        storage.folders["/m"].append("2")
        manager.reconcile()
        assert answer(manager) == 2
        assert states(manager) == {2: "AVAILABLE", 1: "UNLOADING"}
        assert handle.loaded.version == 1  # type: ignore[attr-defined]
    assert states(manager) == {2: "AVAILABLE", 1: "END"}


def test_memory_that_a_thread_holds_while_its_version_ends_is_freed_later():
    storage = Storage(m=["1"])
    manager = storage.manager()
    with manager.acquire(ModelSpec("m")) as handle:
        held: Any = handle.loaded.memory
    del handle
    memory = weakref.ref(held)
    gc.disable()
    try:
        storage.folders["/m"] = ["2"]
        manager.reconcile()
        assert states(manager)[1] == "END"
        assert memory() is held
        del held
        manager.reconcile()
        assert memory() is None
    finally:
        gc.enable()


def test_broken_version_never_replaces_a_good_one_and_says_why():
    storage = Storage(m=["1"])
    manager = storage.manager(max_num_load_retries=0)
    storage.broken.add(2)
    storage.folders["/m"] = ["2"]
    manager.reconcile()
    assert answer(manager) == 1
    [broken, _] = manager.read_status("m")
    assert (broken.version, broken.state.name) == (2, "END")
    assert broken.error is not None
    assert broken.error.message == "ValueError: no graph in here"


def test_loading_is_tried_again_after_the_interval():
    storage = Storage(m=["1"])
    storage.broken.add(1)
    manager = storage.manager(max_num_load_retries=2, load_retry_interval_seconds=60)
    storage.broken.clear()
    manager.reconcile()
    assert storage.loaded == []
    storage.now = 60.0
    manager.reconcile()
    assert answer(manager) == 1


def test_version_that_failed_for_good_is_tried_again_when_its_folder_comes_back():
    storage = Storage(m=["1"])
    storage.broken.add(1)
    manager = storage.manager(max_num_load_retries=0)
    assert [str(error) for error in manager.find_failures()] == [
        (
            "UNKNOWN: 1 model(s) did not become available: {{name: m version: 1} due to error: "
            "UNKNOWN: ValueError: no graph in here}"
        )
    ]
    storage.broken.clear()
    manager.reconcile()
    assert states(manager) == {1: "END"}
    storage.folders["/m"] = []
    manager.reconcile()
    storage.folders["/m"] = ["1"]
    manager.reconcile()
    assert answer(manager) == 1


def test_missing_base_path_unloads_nothing():
    storage = Storage(m=["1"])
    manager = storage.manager()
    del storage.folders["/m"]
    manager.reconcile()
    assert answer(manager) == 1


def test_model_without_any_version_is_unloaded():
    storage = Storage(m=["1"])
    manager = storage.manager()
    storage.folders["/m"] = []
    manager.reconcile()
    with pytest.raises(ServingError, match=r"Servable not found for request: Latest\(m\)"):
        answer(manager)


@pytest.mark.parametrize(
    ("policy", "served"),
    [
        (Latest(), {4}),
        (Latest(2), {3, 4}),
        (All(), {1, 3, 4}),
        (Specific(frozenset({1, 9})), {1}),
    ],
)
def test_policy_chooses_versions(policy: Latest | All | Specific, served: set[int]):
    storage = Storage(m=["1", "3", "4"])
    manager = storage.manager(ModelConfig(name="m", base_path="/m", policy=policy))
    assert set(states(manager)) == served
    for version in served:
        assert answer(manager, version) == version


def test_label_points_to_a_loaded_version():
    storage = Storage(m=["1", "2"])
    manager = storage.manager(ModelConfig(name="m", base_path="/m", policy=All()))
    manager.configure(
        [ModelConfig(name="m", base_path="/m", policy=All(), labels={"stable": 1, "canary": 2})]
    )
    assert (answer(manager, label="stable"), answer(manager, label="canary")) == (1, 2)
    with pytest.raises(ServingError, match="Unrecognized servable version label: beta"):
        answer(manager, label="beta")


def test_label_for_a_version_that_is_not_loaded_changes_nothing():
    manager = Storage(m=["1"]).manager()
    with pytest.raises(
        ServingError,
        match="Request to assign label to version 2 of model m, which is not currently available",
    ):
        manager.configure([ModelConfig(name="m", base_path="/elsewhere", labels={"stable": 2})])
    manager.reconcile()
    assert answer(manager) == 1


def test_label_may_come_before_its_version_if_that_is_allowed():
    storage = Storage(m=["1"])
    config = ModelConfig(name="m", base_path="/m", labels={"stable": 1})
    manager = storage.manager(config, allow_version_labels_for_unavailable_models=True)
    assert answer(manager, label="stable") == 1


def test_label_in_use_stays_but_never_moves_to_a_version_that_is_not_loaded():
    storage = Storage(m=["1"])
    config = ModelConfig(name="m", base_path="/m", labels={"stable": 1})
    manager = storage.manager(config, allow_version_labels_for_unavailable_models=True)
    storage.folders["/m"] = []
    manager.reconcile()
    manager.configure([config])
    moved = ModelConfig(name="m", base_path="/m", labels={"stable": 2})
    with pytest.raises(ServingError, match="Request to assign label to version 2 of model m"):
        manager.configure([moved])
    storage.folders["/m"] = ["1"]
    manager.reconcile()
    assert answer(manager, label="stable") == 1


def test_model_that_is_not_configured_any_more_is_unloaded():
    storage = Storage(m=["1"], other=["1"])
    manager = storage.manager()
    manager.configure([ModelConfig(name="other", base_path="/other")])
    manager.reconcile()
    assert states(manager) == {1: "END"}
    assert manager.model_names == ["other"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ModelSpec("x"), r"Servable not found for request: Latest\(x\)"),
        (ModelSpec("m", 7), r"Servable not found for request: Specific\(m, 7\)"),
    ],
)
def test_what_is_not_there_is_not_found(spec: ModelSpec, message: str):
    manager = Storage(m=["1"]).manager()
    with pytest.raises(ServingError, match=message) as error, manager.acquire(spec):
        pass
    assert error.value.http_status == 404


def test_status_of_what_never_was_is_not_found():
    manager = Storage(m=["1"]).manager()
    with pytest.raises(ServingError, match="Could not find any versions of model x"):
        manager.read_status("x")
    with pytest.raises(ServingError, match="Could not find version 9 of model m"):
        manager.read_status("m", 9)

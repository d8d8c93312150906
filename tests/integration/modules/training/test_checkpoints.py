"""The state of a training on disk: wherever a kill lands, it is that of one epoch and whole."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.distribution.strategy import make_distribution
from modules.hyperparameters import Hyperparameters
from modules.training.checkpoints import Checkpoints, EpochStates

EPOCHS = 3

# Trains in a process of its own; arguments: directory, epoch of the kill, its place.
PROGRAM = "import sys; import test_checkpoints; test_checkpoints.train_and_die(*sys.argv[1:])"


def train(directory: str, *callbacks: keras.callbacks.Callback, epochs: int = EPOCHS) -> None:
    """Trains a model with an optimizer and a dropout that remember, or goes on with it."""
    keras.utils.set_random_seed(1)
    with make_distribution(Hyperparameters()).strategy.scope():
        layers = [keras.layers.Dense(8), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.compile(keras.optimizers.Adam(), loss="mse")
    tf.io.gfile.makedirs(directory)
    states = EpochStates(directory)
    rows = np.random.default_rng(0).normal(size=(32, 5)).astype(np.float32)
    model.fit(
        tf.data.Dataset.from_tensor_slices((rows[:, :4], rows[:, 4:])).batch(8),
        epochs=epochs,
        initial_epoch=states.epochs_done,
        callbacks=[*callbacks, states],
        shuffle=False,
        verbose=0,
    )


class KillInSave(keras.callbacks.Callback):
    """Has the system kill this process while the state of an epoch is saved."""

    def __init__(self, epoch: int, place: str) -> None:
        super().__init__()
        self.epoch = epoch
        self.place = place

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras passes it by name
        if epoch + 1 != self.epoch:
            return
        if self.place.isdigit():  # Linux kills the process that writes past the limit
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(self.place), int(self.place)))
        else:
            setattr(tf.io.gfile, self.place, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))


def train_and_die(directory: str, epoch: str, place: str) -> None:
    train(directory, KillInSave(int(epoch), place))


def _read_state(directory: Path | str, epoch: int = EPOCHS) -> list[np.ndarray]:
    with (
        tf.io.gfile.GFile(f"{directory}/state-{epoch:04d}.npz", "rb") as file,
        np.load(file) as arrays,
    ):
        return list(arrays.values())


def _assert_equal_states(one: Path | str, other: Path | str) -> None:
    for value, other_value in zip(_read_state(one), _read_state(other), strict=True):
        np.testing.assert_array_equal(value, other_value)


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training leaves that nobody killed."""
    directory = tmp_path_factory.mktemp("unharmed")
    train(str(directory))
    return directory


def test_the_last_two_states_stay_and_nothing_beside_them(unharmed: Path):
    assert {path.name for path in unharmed.iterdir()} == {"state-0002.npz", "state-0003.npz"}
    assert EpochStates(str(unharmed)).epochs_done == EPOCHS


@pytest.mark.parametrize(
    ("epoch", "share", "epochs_done"),
    [(1, 0.0, 0), (1, 0.5, 0), (2, 1.0, 1)],
    ids=["at the first byte", "in the middle", "of the second, at its last byte"],
)
def test_a_kill_while_a_state_is_written_leaves_the_one_before(
    unharmed: Path, tmp_path: Path, epoch: int, share: float, epochs_done: int
):
    num_bytes = (unharmed / f"state-{EPOCHS:04d}.npz").stat().st_size
    place = int(share * (num_bytes - 1))

    assert _train_apart(tmp_path, epoch, str(place)) == -signal.SIGXFSZ

    [partial] = tmp_path.glob("*.partial")
    assert partial.stat().st_size == place
    assert EpochStates(str(tmp_path)).epochs_done == epochs_done
    train(str(tmp_path))
    _assert_equal_states(tmp_path, unharmed)


@pytest.mark.parametrize(
    ("epoch", "place", "epochs_done"),
    [(1, "rename", 0), (3, "remove", 3)],
    ids=["before it has its name", "before an old one goes"],
)
def test_a_kill_after_a_state_is_written_leaves_it_or_the_one_before(
    unharmed: Path, tmp_path: Path, epoch: int, place: str, epochs_done: int
):
    assert _train_apart(tmp_path, epoch, place) == -signal.SIGKILL

    assert EpochStates(str(tmp_path)).epochs_done == epochs_done
    train(str(tmp_path))
    _assert_equal_states(tmp_path, unharmed)


def test_states_in_a_remote_storage_are_found_and_restored(unharmed: Path):
    # TensorFlow's file system in memory, which no other library can read.
    train("ram://states", epochs=2)
    assert EpochStates("ram://states").epochs_done == 2

    train("ram://states")

    _assert_equal_states("ram://states", unharmed)


@pytest.mark.parametrize("damage", ["empty", "half", "zeros"])
def test_a_damaged_state_is_told_and_the_one_before_it_goes_on(
    unharmed: Path, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
):
    train(str(tmp_path), epochs=2)
    newest = tmp_path / "state-0002.npz"
    content = newest.read_bytes()
    newest.write_bytes(
        {
            "empty": b"",
            "half": content[: len(content) // 2],
            "zeros": bytes(len(content)),
        }[damage]
    )

    train(str(tmp_path))

    assert f"{newest} is damaged" in caplog.text
    _assert_equal_states(tmp_path, unharmed)


def test_a_training_whose_state_is_half_deleted_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    train(str(tmp_path))
    (tmp_path / "history.json").write_text("[]")

    def interrupt(path: str) -> None:
        raise KeyboardInterrupt(path)

    monkeypatch.setattr(tf.io.gfile, "rmtree", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Checkpoints(str(tmp_path)).delete()

    assert Checkpoints(str(tmp_path)).epochs_done == 0


def _train_apart(directory: Path, epoch: int, place: str) -> int:
    """Returns how a process ended that trains and is killed in an epoch's save."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, directory, str(epoch), place],
        check=False,
        cwd=Path(__file__).parent,
    )
    return process.returncode


class InterruptedInSave(keras.layers.Dense):
    """Somebody presses Ctrl-C while its weights are written."""

    def save_own_variables(self, store: dict[str, np.ndarray]) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        super().save_own_variables(store)


def test_an_interrupt_while_weights_are_written_is_raised_when_they_are_whole(tmp_path: Path):
    model = keras.Sequential([keras.Input((4,)), InterruptedInSave(1)])
    model.compile(loss="mse")
    [best_weights, _] = Checkpoints(str(tmp_path)).make_callbacks()
    best_weights.set_model(model)

    with pytest.raises(KeyboardInterrupt):
        best_weights.on_epoch_end(0, {"val_accuracy": 0.5})

    [file] = tmp_path.glob("*.weights.h5")
    other = keras.Sequential([keras.Input((4,)), InterruptedInSave(1)])
    other.load_weights(file)
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)

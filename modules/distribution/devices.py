"""The devices of this machine: which of them TensorFlow sees, and which are there."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import tensorflow as tf

from modules.hyperparameters import Hyperparameters

logger = logging.getLogger(__name__)

_Device = TypeVar("_Device")

_NVIDIA_GPUS_OF_HOST = Path("/proc/driver/nvidia/gpus")


def prepare_devices(*, logical_cpus: int = 0, hide_gpus: bool = False) -> None:
    """Sets up TensorFlow's devices; a second call that asks for the same changes nothing.

    TensorFlow fixes its devices when it first runs an operation. A process that runs other nodes
    before the Trainer therefore calls this at its start; a Trainer alone need not.

    Args:
      logical_cpus: Split the CPU into so many devices; 0 leaves it whole.
      hide_gpus: Keep TensorFlow from using any GPU.

    Raises:
      RuntimeError: TensorFlow is initialised in this process and its devices are not as asked.
    """
    if hide_gpus:
        _hide_gpus()
    for gpu in tf.config.get_visible_devices("GPU"):
        _let_memory_grow(gpu)
    if logical_cpus:
        _split_cpu(logical_cpus)


def list_training_devices(hyperparameters: Hyperparameters) -> list[str]:
    """Returns the devices of this process to train on, and logs them.

    They are all logical CPUs if `logical_cpus` asks for them, else all visible GPUs, else the CPU.
    """
    has_gpus = tf.config.list_logical_devices("GPU") and not hyperparameters.logical_cpus
    kind = "GPU" if has_gpus else "CPU"
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    log_devices(devices, hide_gpus=hyperparameters.hide_gpus)
    return devices


def take_share_of_gpus(rank: int, count: int) -> None:
    """Leaves this process its share of the machine's GPUs, which other processes train on, too.

    Args:
      rank: Which of the processes of this machine it is.
      count: How many there are.

    Raises:
      ValueError: There are GPUs, and not one for each process.
      RuntimeError: TensorFlow is initialised in this process.
    """
    gpus = tf.config.get_visible_devices("GPU")
    if gpus and count > 1:
        tf.config.set_visible_devices(find_share(gpus, rank, count), "GPU")


def find_share(gpus: Sequence[_Device], rank: int, count: int) -> Sequence[_Device]:
    """Returns the devices of one of several processes: as many as each of the others has.

    Args:
      gpus: All of the machine.
      rank: Which of the processes it is.
      count: How many there are.

    Raises:
      ValueError: There is not one for each.
    """
    share = len(gpus) // count
    if not share:
        raise ValueError(
            f"Expected a GPU for each of the {count} processes on this machine, or none; found "
            f"{len(gpus)}. Lower training.workers, or set training.hide_gpus=true."
        )
    return gpus[rank * share : (rank + 1) * share]


def find_gpus_of_host(folder: Path = _NVIDIA_GPUS_OF_HOST) -> list[str]:
    """Returns the PCI addresses of the NVIDIA GPUs whose driver is loaded, used or not."""
    return sorted(gpu.name for gpu in folder.iterdir()) if folder.is_dir() else []


def log_devices(devices: Sequence[str], *, hide_gpus: bool) -> None:
    """Logs what a training runs on; warns if the host has GPUs that it leaves alone.

    Args:
      devices: TensorFlow's names of the devices that train.
      hide_gpus: Whether GPUs are left alone on purpose.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(gpu)
        logger.info("Found GPU %s: %s", gpu.name, details.get("device_name", "of unknown kind"))
    logger.info("Training on %d device(s): %s", len(devices), ", ".join(devices))

    gpus_of_host = find_gpus_of_host()
    num_used = sum("GPU" in device for device in devices)
    if hide_gpus:
        logger.info("GPUs are hidden by training.hide_gpus=True")
    elif len(gpus_of_host) > num_used:
        logger.warning(
            "This host has %d NVIDIA GPU(s), %s, but training uses %d. Is TensorFlow installed "
            "with CUDA (pip install 'tensorflow[and-cuda]'), is CUDA_VISIBLE_DEVICES right and "
            "is training.logical_cpus 0?",
            len(gpus_of_host),
            ", ".join(gpus_of_host),
            num_used,
        )


def _hide_gpus() -> None:
    if not tf.config.get_visible_devices("GPU"):
        return
    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError as error:
        raise _initialised_error("hide_gpus=True", "hide_gpus=False") from error


def _let_memory_grow(gpu: tf.config.PhysicalDevice) -> None:
    if tf.config.experimental.get_memory_growth(gpu):
        return
    try:
        tf.config.experimental.set_memory_growth(gpu, enable=True)
    except (RuntimeError, ValueError) as error:
        # Training works without it; only other processes find the GPU's memory taken.
        logger.warning("%s: TensorFlow takes all of its memory: %s", gpu.name, error)


def _split_cpu(logical_cpus: int) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    wanted = [tf.config.LogicalDeviceConfiguration() for _ in range(logical_cpus)]
    try:
        # TensorFlow accepts this after initialisation too, if it changes nothing.
        tf.config.set_logical_device_configuration(cpu, wanted)
    except RuntimeError as error:
        raise _initialised_error(f"logical_cpus={logical_cpus}", "logical_cpus=0") from error


def _initialised_error(wanted: str, way_out: str) -> RuntimeError:
    devices = ", ".join(device.name for device in tf.config.list_logical_devices())
    return RuntimeError(
        f"Expected to set {wanted} before TensorFlow's first operation, but TensorFlow is already "
        f"initialised in this process with {devices}. Call "
        "modules.distribution.devices.prepare_devices at the start of the process, train in a "
        f"process of its own, or set {way_out}."
    )

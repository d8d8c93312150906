"""Whether programs on this machine can share memory, which Beam needs (no TensorFlow)."""

import multiprocessing


class SharedMemoryError(OSError):
    """Nothing can be shared; the message says what to do."""


def check_shared_memory() -> None:
    """Makes what Beam's workers synchronise by, which takes a file in /dev/shm.

    Raises:
      SharedMemoryError: It cannot be made, as in a container without a /dev/shm of its own.
    """
    try:
        multiprocessing.Lock()
    except OSError as error:
        raise SharedMemoryError(
            f"Shared memory: expected a /dev/shm to write to, received {error.strerror}. "
            "StatisticsGen and other nodes on Beam need it: mount a tmpfs there that this user may "
            "write to (docker run --tmpfs /dev/shm; in a pod, an emptyDir of medium Memory)."
        ) from error

"""Ends a process with the one that started it (standard library only)."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
"""From linux/prctl.h. Linux takes the thread that started a process for its parent."""


def end_with_parent(parent_pid: int) -> None:
    """Has the kernel kill this process when its parent ends, in whichever way.

    Args:
      parent_pid: The parent's process.

    Raises:
      OSError: The kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:  # it was gone before it could take this process with it
        os._exit(1)

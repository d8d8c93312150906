"""Runs a program that is not ours, such as Node, and ends it with its parent.

    python -m components.parent_bound PROGRAM ARGUMENT ...

What the kernel was asked for outlives the change of the program.
"""

import os
import sys

from components.child_process import end_with_caller

if __name__ == "__main__":
    end_with_caller()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the caller's own program

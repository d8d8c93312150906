"""Files without permission, also for root, as whom tests may run."""

import os
import subprocess

import pytest


def bound_to_permissions() -> list[str]:
    """Returns the command that runs another one which permissions bind, whoever runs the test.

    Root keeps its name, and loses what lets it pass them over. The test is skipped where that
    cannot be done.
    """
    if os.geteuid() != 0:
        return []
    command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine lets root not go without its rights: {error}")
    return command

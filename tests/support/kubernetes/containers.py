"""Runs the container of a pod as a process of this machine, as a kubelet would."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_Json = dict[str, Any]

_REFERENCE = re.compile(r"\$(\$|\((\w+)\))")
_BYTES_OF_LOG_IN_STATUS = 2048


class Container:
    """A container that runs, or has ended.

    Attributes:
      words: What runs.
      log: What it has written.
    """

    def __init__(
        self,
        spec: _Json,
        *,
        folder: Path,
        environment: Mapping[str, str],
        program: Sequence[str],
        hosts: Mapping[str, str],
    ) -> None:
        """Starts it.

        Args:
          spec: The container in the pod's specification.
          folder: For its log and its termination message.
          environment: What the image has set, and what Kubernetes adds for this pod.
          program: What the image has under the command's first word.
          hosts: Where names and ports lead to, as DNS would tell.
        """
        folder.mkdir(parents=True)
        self._policy = spec["terminationMessagePolicy"]
        self._message = folder / "termination-log"
        self._message.touch()
        self._log = folder / "log"
        own = {entry["name"]: entry["value"] for entry in spec.get("env", ())}
        environment = {**environment, **own}
        words = [_expand(word, environment) for word in spec["command"]]
        for name, address in hosts.items():
            words = [word.replace(name, address) for word in words]
        # The file is mounted at this path.
        path = spec["terminationMessagePath"]
        self.words = [str(self._message) if word == path else word for word in words]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*program, *self.words[1:]],
                cwd=spec.get("workingDir"),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> bytes:
        return self._log.read_bytes()

    @property
    def state(self) -> _Json:
        """The state as in a pod's status."""
        exit_code = self._process.poll()
        if exit_code is None:
            return {"running": {"startedAt": "2026-11-25T10:00:00Z"}}
        message = self._message.read_text()
        if not message and exit_code and self._policy == "FallbackToLogsOnError":
            message = self.log[-_BYTES_OF_LOG_IN_STATUS:].decode(errors="replace")
        return {
            "terminated": {
                # A container's first process that a signal ends.
                "exitCode": exit_code if exit_code >= 0 else 128 - exit_code,
                "reason": "Error" if exit_code else "Completed",
                "message": message,
            }
        }

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends it; returns when it is no more."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _expand(word: str, environment: Mapping[str, str]) -> str:
    """Returns a word of a command as Kubernetes reads it; what is not set stays."""

    def replace(found: re.Match[str]) -> str:
        return "$" if found[1] == "$" else environment.get(found[2], found[0])

    return _REFERENCE.sub(replace, word)

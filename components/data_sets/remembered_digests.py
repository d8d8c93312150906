"""Remembers digests, so that a file that has not changed is not read again (no TensorFlow)."""

import json
import logging
from pathlib import Path

from components.data_sets.storage import digest_file, is_remote
from components.whole_file import write_whole_file

logger = logging.getLogger(__name__)


def memory_of_node(node_folder: str) -> Path:
    """Returns where digests of a node's input are kept.

    Args:
      node_folder: The node's folder in a pipeline root of this machine.
    """
    # TFX keeps there what belongs to a node and is no artifact.
    return Path(node_folder) / ".system" / "source_digests.json"


class RememberedDigests:
    """The SHA-256 of files as they are stored, kept in a file between runs.

    A file is taken for unchanged if its size, its inode and the times of its content and of its
    inode are what they were. Nobody can set the last of these: where the content was exchanged and
    the time put back, as `rsync -t`, `tar` and reproducible builds do, the file is read again.
    """

    def __init__(self, path: Path | None) -> None:
        """Reads what was remembered.

        Args:
          path: Where; None, and a file that is missing or damaged, remember nothing.
        """
        self._path = path
        self._digests: dict[str, str] = _read(path) if path else {}

    def digest(self, path: str) -> str:
        """Returns the SHA-256 of a file; of a remote one, it is always read.

        Raises:
          DataSetError: It cannot be read.
        """
        if is_remote(path):
            return digest_file(path)
        key = _describe(path)
        if key not in self._digests:
            self._digests[key] = digest_file(path)
        return self._digests[key]

    def keep(self, paths: list[str]) -> None:
        """Writes down the digests of these files, and forgets all others."""
        if self._path is None:
            return
        keys = {_describe(path) for path in paths if not is_remote(path)}
        kept = {key: digest for key, digest in self._digests.items() if key in keys}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole_file(self._path, json.dumps(kept, indent=2))
        except OSError:  # the files will be read again
            logger.warning("%s: digests are not remembered", self._path, exc_info=True)


def _describe(path: str) -> str:
    """Names a file and its present state."""
    try:
        found = Path(path).stat()
    except OSError:  # whoever reads it says so
        return path
    state = (found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
    return " ".join([*map(str, state), path])


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}

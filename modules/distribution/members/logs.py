"""Where the logs of the members are: with the checkpoints, or with the run when it is trained."""

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from modules.distribution.members.causes import ClusterFault
from modules.training.job import TrainingJob

logger = logging.getLogger(__name__)


def folder_of_failed(job: TrainingJob) -> str:
    """Returns where logs are kept of a training that has failed; else that is the model run."""
    return f"{job.checkpoint_dir}/logs"


def log_name(member: str) -> str:
    """Returns the file name of the log of "worker 1"."""
    return f"{member.replace(' ', '-')}.log"


@contextlib.contextmanager
def keep_logs(job: TrainingJob) -> Iterator[Path]:
    """Yields a folder of this machine for members to log to, and keeps what they have written.

    The logs are worth neither a training that is done nor the fault of one that is not: where they
    cannot be copied, that is logged, and the fault names the files of this machine.
    """
    kept = folder_of_failed(job)
    is_remote = "://" in kept
    folder = Path(tempfile.mkdtemp() if is_remote else kept)
    folder.mkdir(exist_ok=True)
    is_needed_here = not is_remote
    try:
        yield folder
    except ClusterFault as fault:
        if is_needed_here:
            raise
        is_needed_here = not _copy_files(folder, kept)
        if is_needed_here:
            raise
        raise ClusterFault(
            str(fault).replace(str(folder), kept), may_pass=fault.may_pass
        ) from fault
    else:
        _copy_files(folder, job.model_run_dir)
    finally:
        if not is_needed_here:
            shutil.rmtree(folder, ignore_errors=True)


def _copy_files(source: Path, target: str) -> bool:
    """Copies all files of a folder, and returns whether that could be done."""
    try:
        tf.io.gfile.makedirs(target)
        for file in source.iterdir():
            tf.io.gfile.copy(str(file), f"{target}/{file.name}", overwrite=True)
    except (OSError, tf.errors.OpError) as error:
        logger.warning("Logs could not be copied from %s to %s: %s", source, target, error)
        return False
    return True

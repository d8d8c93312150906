"""Runs `tfx-mnist` in a process of its own, with all that it writes in one folder."""

import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from benchmarks.measuring.process_tree import Usage, measure
from pipeline.config import PipelineConfig
from runners.local.outcome import DONE

_NO_MORE: Mapping[str, object] = {}


def make_config(folder: Path) -> PipelineConfig:
    """Returns where a run in the folder writes; all else has its default."""
    return PipelineConfig(
        pipeline_root=f"{folder}/root",
        metadata_path=f"{folder}/root/metadata.db",
        serving_model_dir=f"{folder}/serving",
    )


def make_command(
    folder: Path, *arguments: str, settings: Mapping[str, object] = _NO_MORE
) -> list[str]:
    """Returns a command line of tfx-mnist, to be started by whoever must do more than wait."""
    config = make_config(folder)
    places = {
        key: getattr(config, key) for key in ("pipeline_root", "metadata_path", "serving_model_dir")
    }
    return [
        str(Path(sys.executable).parent / "tfx-mnist"),
        *arguments,
        *(f"--set={key}={value}" for key, value in {**places, **settings}.items()),
    ]


def call(
    folder: Path,
    *arguments: str,
    settings: Mapping[str, object] = _NO_MORE,
    allowed: Collection[int] = (DONE,),
) -> Usage:
    """Runs a command to its end; one that ends otherwise than allowed ends the benchmark.

    Args:
      folder: For all that it writes.
      *arguments: The command and its options.
      settings: Of the configuration, by key.
      allowed: The exit codes that are no failure.
    """
    log = folder / "log"
    usage = measure(make_command(folder, *arguments, settings=settings), log=log, environment={})
    if usage.exit_code not in allowed:
        sys.exit(f"exit code {usage.exit_code}; the end of its log:\n{log.read_text()[-3000:]}")
    return usage

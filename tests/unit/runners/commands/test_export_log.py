"""The log of `tfx-mnist export`: kept if something has gone wrong that it may explain."""

from pathlib import Path

import click
import pytest

from components.child_process import HostFaultError
from runners.commands.export_log import export_log


def export_with(error: Exception | None, *, is_kept: bool = False) -> Path:
    """Returns where the log of an export was that ends with an error, or without one."""
    paths: list[Path] = []
    try:
        with export_log() as log:
            paths.append(log.path)
            log.is_kept = is_kept
            if error:
                raise error
    except click.ClickException:
        pass
    return paths[0]


@pytest.mark.parametrize("error", [None, click.ClickException("data are missing")])
def test_log_that_explains_nothing_is_removed(error: Exception | None):
    assert not export_with(error).exists()


@pytest.mark.parametrize("error", [None, click.ClickException("the disk of the demo is full")])
def test_log_of_a_refused_format_is_kept_whatever_happens_then(error: Exception | None):
    log = export_with(error, is_kept=True)

    assert log.exists()
    log.unlink()


def test_log_of_a_converter_that_was_kept_from_its_work_is_named_by_the_error():
    with pytest.raises(click.ClickException, match=r"^killed Log: ") as caught, export_log() as log:
        raise HostFaultError("killed")

    assert caught.value.message.endswith(str(log.path))
    assert log.path.exists()
    log.path.unlink()


def test_log_of_an_error_that_nobody_foresaw_is_kept_and_named_with_it():
    with pytest.raises(ZeroDivisionError) as caught, export_log() as log:
        raise ZeroDivisionError

    assert caught.value.__notes__ == [f"Log: {log.path}"]
    assert log.path.exists()
    log.path.unlink()

"""Says what to do where kfp is not installed."""

import importlib.util

import click


def require_kfp() -> None:
    """Refuses to go on without kfp.

    Raises:
      click.ClickException: It is not installed.
    """
    if importlib.util.find_spec("kfp") is None:
        raise click.ClickException(
            "kfp is not installed: the release that TFX needs is for Python 3.11 only. Use Python "
            "3.11, or the project's image: make image, then docker run --rm --volume "
            '"$PWD:/out" tfx-mnist tfx-mnist ... with files in /out.'
        )

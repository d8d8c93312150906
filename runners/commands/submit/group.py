"""`tfx-mnist submit`: start a compiled pipeline on a cluster."""

import click

from runners.commands.submit.kubeflow import kubeflow
from runners.commands.submit.vertex import vertex


@click.group(name="submit")
def submit() -> None:
    """Start a compiled pipeline on a cluster."""


submit.add_command(kubeflow)
submit.add_command(vertex)

"""`tfx-mnist compile`: the pipeline in the form that an orchestrator takes."""

import click

from runners.commands.compile.airflow import airflow
from runners.commands.compile.kubeflow import kubeflow
from runners.commands.compile.vertex import vertex


@click.group(name="compile")
def compile_group() -> None:
    """Compile the pipeline for an orchestrator."""


compile_group.add_command(airflow)
compile_group.add_command(kubeflow)
compile_group.add_command(vertex)

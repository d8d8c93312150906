"""`tfx-mnist compile`: the pipeline in the form that an orchestrator takes."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from pipeline.config_sources import ConfigError
from runners.airflow import settings as airflow_settings
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.kfp_requirement import require_kfp
from runners.commands.quiet_imports import quiet_imports
from runners.kubeflow import settings as kubeflow_settings
from runners.vertex import settings as vertex_settings
from runners.whole_file import write_whole_file

_SettingsT = TypeVar("_SettingsT")


@click.group(name="compile")
def compile_group() -> None:
    """Compile the pipeline for an orchestrator."""


@compile_group.command()
@configuration_options
@click.option(
    "--settings",
    "settings_file",
    metavar="FILE",
    help="YAML file: schedule, retries, where tasks run; docs/airflow.md lists them all.",
)
@click.option(
    "--output", required=True, metavar="DIR", help="Folder to write to: Airflow's DAG folder."
)
def airflow(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    settings_file: str | None,
    output: str,
) -> None:
    """Write an Airflow DAG, and the compiled pipeline that its tasks run."""
    config = read_configuration(config_file, preset, overrides)
    settings = _read_settings(airflow_settings.read_settings, settings_file)
    with quiet_imports():  # TensorFlow comes with these
        from runners.airflow.dag import render_dag  # noqa: PLC0415
        from runners.orchestration.compiled import compile_pipeline  # noqa: PLC0415

    folder = Path(output).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    name = config.pipeline_name.replace("-", "_")
    try:
        compiled = compile_pipeline(config)
        dag = render_dag(compiled.graph, settings, f"{name}.ir.json", compiled.digest)
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    # The DAG comes last: until then Airflow keeps the one that it has.
    compiled.write(str(folder / name))
    write_whole_file(folder / f"{name}.py", dag)
    for suffix in (".py", ".ir.json", ".graph.json"):
        click.echo(folder / f"{name}{suffix}")


@compile_group.command()
@configuration_options
@click.option(
    "--settings",
    "settings_file",
    required=True,
    metavar="FILE",
    help="YAML file: image, volumes, ML Metadata, resources; docs/kubeflow.md lists them all.",
)
@click.option("--output", required=True, metavar="FILE.yaml", help="File to write.")
def kubeflow(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    settings_file: str,
    output: str,
) -> None:
    """Write a pipeline for Kubeflow Pipelines 2, and the compiled pipeline that its steps run."""
    require_kfp()
    path = _output_path(output, ".yaml")
    config = read_configuration(config_file, preset, overrides)
    settings = _read_settings(kubeflow_settings.read_settings, settings_file)
    with quiet_imports():  # TensorFlow and kfp come with these
        from runners.kubeflow.specification import render_pipeline  # noqa: PLC0415
        from runners.orchestration.compiled import compile_pipeline  # noqa: PLC0415
        from runners.pipeline_spec.lint import check_kubeflow  # noqa: PLC0415

    try:
        compiled = compile_pipeline(config)
        spec = render_pipeline(compiled.graph, settings, f"{path.stem}.ir.json", compiled.digest)
        check_kubeflow(spec)
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    compiled.write(str(path.with_suffix("")))
    write_whole_file(path, spec)
    for suffix in (".yaml", ".ir.json", ".graph.json"):
        click.echo(path.with_suffix(suffix))


@compile_group.command()
@configuration_options
@click.option(
    "--settings",
    "settings_file",
    required=True,
    metavar="FILE",
    help="YAML file: image, machines, retries; docs/vertex.md lists them all.",
)
@click.option("--output", required=True, metavar="FILE.json", help="File to write.")
def vertex(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    settings_file: str,
    output: str,
) -> None:
    """Write a pipeline job for Vertex AI."""
    require_kfp()
    path = _output_path(output, ".json")
    config = read_configuration(config_file, preset, overrides)
    settings = _read_settings(vertex_settings.read_settings, settings_file)
    with quiet_imports():  # TensorFlow and kfp come with these
        from absl import logging  # noqa: PLC0415

        from runners.pipeline_spec.lint import check_vertex  # noqa: PLC0415
        from runners.vertex.job import render_job  # noqa: PLC0415

    logging.set_verbosity(logging.ERROR)  # TFX warns of a default image that is there
    try:
        job = render_job(config, settings)
        check_vertex(job)
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole_file(path, job)
    click.echo(path)


def _output_path(output: str, suffix: str) -> Path:
    if not output.endswith(suffix):
        raise click.UsageError(
            f"--output: expected a name that ends in {suffix}, received {output}"
        )
    return Path(output).absolute()


def _read_settings(read: Callable[[str | None], _SettingsT], path: str | None) -> _SettingsT:
    try:
        return read(path)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error

"""`tfx-mnist compile airflow`: the pipeline as an Airflow DAG."""

from pathlib import Path

import click

from runners.airflow import settings as airflow_settings
from runners.commands.compile.options import (
    faults_as_messages,
    make_folder,
    name_example_values,
    place_in_pods,
    read_files,
    read_settings,
    settings_option,
    write_files,
)
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.quiet import quiet_stderr


@click.command()
@configuration_options
@settings_option(
    "schedule, retries, where tasks run; docs/airflow.md lists them all.", required=False
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
    settings = read_settings(airflow_settings.read_settings, settings_file)
    folder = Path(output).absolute()
    make_folder(folder)
    files = read_files(config)
    if settings.kubernetes:
        config = place_in_pods(config, settings.kubernetes)
    with quiet_stderr():  # TensorFlow comes with these
        from runners.airflow.dag import render_dag  # noqa: PLC0415
        from runners.orchestration.compiled import add_ir_suffix, compile_pipeline  # noqa: PLC0415

    # Airflow imports the file, so that its name is one of Python's.
    name = config.pipeline_name.replace("-", "_")
    with faults_as_messages():
        compiled = compile_pipeline(config, files)
        dag = render_dag(compiled.graph, settings, add_ir_suffix(name), compiled.digest)
    write_files(folder / f"{name}.py", dag, compiled)
    name_example_values([settings.model_dump(mode="json"), config.model_dump(mode="json")])

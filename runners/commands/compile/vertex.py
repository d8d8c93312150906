"""`tfx-mnist compile vertex`: the pipeline as a job for Vertex AI."""

import click

from runners.commands.compile.options import (
    faults_as_messages,
    make_folder,
    name_example_values,
    output_file_option,
    place_in_pods,
    read_files,
    read_output_file,
    read_settings,
    settings_option,
    write_files,
)
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.kfp_requirement import require_kfp
from runners.commands.quiet import quiet_stderr
from runners.vertex import settings as vertex_settings


@click.command()
@configuration_options
@settings_option("image, machines, retries; docs/vertex.md lists them all.", required=True)
@output_file_option(".json")
def vertex(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    settings_file: str,
    output: str,
) -> None:
    """Write a pipeline job for Vertex AI."""
    require_kfp()
    path = read_output_file(output, ".json")
    config = read_configuration(config_file, preset, overrides)
    settings = read_settings(vertex_settings.read_settings, settings_file)
    make_folder(path.parent)
    files = read_files(config)
    config = place_in_pods(config, settings)
    with quiet_stderr():  # TensorFlow and kfp come with these
        from absl import logging  # noqa: PLC0415

        from runners.pipeline_spec.lint import check_vertex  # noqa: PLC0415
        from runners.vertex.job import render_job  # noqa: PLC0415

    logging.set_verbosity(logging.ERROR)  # TFX warns of a default image that is there
    with faults_as_messages():
        job = render_job(config, settings, files)
        check_vertex(job)
    write_files(path, job)
    name_example_values([settings.model_dump(mode="json"), config.model_dump(mode="json")])

"""`tfx-mnist compile kubeflow`: the pipeline for Kubeflow Pipelines."""

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
from runners.kubeflow import settings as kubeflow_settings


@click.command()
@configuration_options
@settings_option(
    "image, volumes, ML Metadata, resources; docs/kubeflow.md lists them all.", required=True
)
@output_file_option(".yaml")
def kubeflow(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    settings_file: str,
    output: str,
) -> None:
    """Write a pipeline for Kubeflow Pipelines 2, and the compiled pipeline that its steps run."""
    require_kfp()
    path = read_output_file(output, ".yaml")
    config = read_configuration(config_file, preset, overrides)
    settings = read_settings(kubeflow_settings.read_settings, settings_file)
    make_folder(path.parent)
    files = read_files(config)
    config = place_in_pods(config, settings)
    with quiet_stderr():  # TensorFlow and kfp come with these
        from runners.kubeflow.specification import render_pipeline  # noqa: PLC0415
        from runners.orchestration.compiled import add_ir_suffix, compile_pipeline  # noqa: PLC0415
        from runners.pipeline_spec.lint import check_kubeflow  # noqa: PLC0415

    with faults_as_messages():
        compiled = compile_pipeline(config, files)
        spec = render_pipeline(compiled.graph, settings, add_ir_suffix(path.stem), compiled.digest)
        check_kubeflow(spec)
    write_files(path, spec, compiled)
    name_example_values([settings.model_dump(mode="json"), config.model_dump(mode="json")])

"""The option sets in deploy/beam, read by Beam's own parser, validator and stager; nothing runs."""

import re
import shutil
import tarfile
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, WorkerOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.portability.stager import Stager
from apache_beam.runners.runner import create_runner

from pipeline.config import PipelineConfig
from pipeline.config_sources import load_config
from runners.kubeflow.settings import read_settings
from support.project import PACKAGES, PROJECT

_GUIDE = PROJECT / "docs" / "scaling.md"
_SETS = sorted((PROJECT / "deploy" / "beam").glob("*.yaml"))
# The validator asks Google Cloud Storage about a bucket unless nothing is going to run.
_OFFLINE = "--dry_run=True"
_FLAGS_OF_OTHERS = {"worker_pool"}  # of the boot program in a worker's image

every_set = pytest.mark.parametrize("path", _SETS, ids=lambda path: path.stem)


def _load(path: Path) -> PipelineConfig:
    return load_config(config_file=str(path))


def _unknown(*arguments: str) -> set[str]:
    options = PipelineOptions(list(arguments))
    everything = options.get_all_options(retain_unknown_options=True)
    return set(everything) - set(options.get_all_options())


def _faults(*arguments: str) -> list[str]:
    options = PipelineOptions([*arguments, _OFFLINE])
    runner = create_runner(options.view_as(StandardOptions).runner)
    return PipelineOptionsValidator(options, runner).validate()


@every_set
def test_beam_knows_every_option(path: Path):
    arguments = _load(path).beam_pipeline_args

    assert _unknown(*arguments) == set()
    assert _unknown(*arguments, "--flink_mastre=flink:8081") == {"flink_mastre"}


@every_set
def test_beam_s_validator_finds_no_fault(path: Path):
    assert _faults(*_load(path).beam_pipeline_args) == []


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("--project=My Project", "Invalid Project ID"),
        ("--environment_type=EXTERNAL", "external_service_address is required"),
        ("--num_workers=9", "cannot exceed max_num_workers"),
    ],
)
def test_beam_s_validator_finds_planted_faults_on_dataflow(option: str, fault: str):
    arguments = _load(PROJECT / "deploy" / "beam" / "dataflow.yaml").beam_pipeline_args

    assert re.search(fault, "\n".join(_faults(*arguments, option)))


@every_set
def test_an_image_is_named_so_that_tfx_does_not_pack_itself_up(path: Path):
    options = PipelineOptions(list(_load(path).beam_pipeline_args))

    assert options.view_as(WorkerOptions).sdk_container_image


def test_dataflow_finds_data_and_artifacts_in_a_bucket():
    config = _load(PROJECT / "deploy" / "beam" / "dataflow.yaml")

    paths = [config.pipeline_root, config.data_root, config.serving_model_dir]
    assert [path for path in paths if not path.startswith("gs://")] == []


@pytest.mark.parametrize("name", ["flink.yaml", "spark.yaml"])
def test_clusters_and_kubeflow_s_steps_share_one_volume(name: str):
    config = _load(PROJECT / "deploy" / "beam" / name)
    folders = read_settings(str(PROJECT / "deploy" / "kubeflow" / "settings.yaml")).folders
    steps = folders.place(PipelineConfig(), str(Path.cwd()))

    assert config.pipeline_root == steps.pipeline_root
    assert config.serving_model_dir == steps.serving_model_dir
    assert config.data_root.startswith(f"{folders.outputs}/")


def test_the_guide_names_every_set_and_no_option_that_beam_lacks():
    text = _GUIDE.read_text()
    flags = set(re.findall(r"--([a-z]+(?:_[a-z]+)+)", text))
    known = PipelineOptions([]).get_all_options().keys()

    assert [path.name for path in _SETS if f"](../deploy/beam/{path.name})" not in text] == []
    assert flags
    assert flags - known - _FLAGS_OF_OTHERS == set()


def test_beam_stages_exactly_the_packages_from_the_setup_file(tmp_path: Path):
    project = tmp_path / "project"
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / package, project / package, ignore=ignore)
    for name in ("requirements", "data/schema", "docs"):
        shutil.copytree(PROJECT / name, project / name)
    for name in ("setup.py", "MANIFEST.in", "pyproject.toml", "LICENSE"):
        shutil.copy(PROJECT / name, project)
    expected = {
        str(path.relative_to(project))
        for package in PACKAGES
        for path in (project / package).rglob("*")
        if path.is_file()
    }
    options = PipelineOptions(
        [
            f"--setup_file={project / 'setup.py'}",
            "--experiments=disable_logging_submission_environment",
        ]
    )

    resources = Stager.create_job_resources(options, str(tmp_path))

    ((archive, name, _),) = Stager.extract_staging_tuple_iter(resources)
    with tarfile.open(archive) as sdist:
        files = {member.name.partition("/")[2] for member in sdist if member.isfile()}
    assert name == "workflow.tar.gz"
    assert {file for file in files if file.startswith(tuple(f"{p}/" for p in PACKAGES))} == expected
    assert {"setup.py", "requirements/pipeline.in"} <= files

"""The files that TensorFlow Serving is given are read by our own server's parser too."""

import yaml

from runners.commands.serve import serve
from serving.config_files import (
    DEFAULT_METRICS_PATH,
    parse_batching_parameters,
    parse_model_server_config,
    parse_monitoring_config,
)
from serving.models.policy import Latest
from support.project import PROJECT

FOLDER = PROJECT / "deploy" / "tf-serving"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())


def test_models_config_serves_the_folder_that_is_mounted():
    [model] = parse_model_server_config((FOLDER / "models.config").read_text())
    assert model.name == "tfx-mnist"
    assert model.policy == Latest(2)
    mounts = [volume.split(":")[-2] for volume in COMPOSE["services"]["model-server"]["volumes"]]
    assert model.base_path in mounts


def test_batching_and_monitoring_are_read():
    parameters = parse_batching_parameters((FOLDER / "batching.config").read_text())
    assert (parameters.max_batch_size, parameters.batch_timeout_micros) == (32, 1000)
    assert (
        parse_monitoring_config((FOLDER / "monitoring.config").read_text()) == DEFAULT_METRICS_PATH
    )


def test_compose_file_mounts_files_that_exist_and_names_flags_of_the_server():
    service = COMPOSE["services"]["model-server"]
    named = [flag.partition("=/config/")[2] for flag in service["command"] if "=/config/" in flag]
    assert len(named) == 3
    assert [name for name in named if not (FOLDER / name).is_file()] == []
    # A file that is mounted by itself would stay the old one when `tfx-mnist labels` replaces it.
    assert [volume for volume in service["volumes"] if ".config" in volume] == []
    assert ".:/config:ro" in service["volumes"]
    flags = {flag.partition("=")[0] for flag in service["command"] + service["entrypoint"][1:]}
    ours = {option for parameter in serve.params for option in parameter.opts}
    assert flags - ours == set()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_prometheus_reads_the_page_that_monitoring_turns_on():
    [job] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert job["metrics_path"] == DEFAULT_METRICS_PATH
    assert job["static_configs"] == [{"targets": ["model-server:8501"]}]

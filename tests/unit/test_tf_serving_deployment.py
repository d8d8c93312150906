"""The files that TensorFlow Serving is given are read by our own server's parser too."""

import re
from pathlib import Path

import yaml

from serving.model_config import (
    DEFAULT_METRICS_PATH,
    parse_batching_parameters,
    parse_model_server_config,
    parse_monitoring_config,
)
from serving.versions import Latest

FOLDER = Path(__file__).parents[2] / "deploy" / "tf-serving"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())


def test_models_config_serves_the_folder_that_is_mounted():
    [model] = parse_model_server_config((FOLDER / "models.config").read_text())
    assert model.name == "tfx-mnist"
    assert model.policy == Latest(2)
    mounts = [volume.split(":")[-2] for volume in COMPOSE["services"]["model-server"]["volumes"]]
    assert model.base_path in mounts


def test_labels_that_the_comments_propose_are_legal():
    text = (FOLDER / "models.config").read_text()
    proposed = "\n".join(
        re.findall(r"^#   (version_labels .*|model_version_policy .*)$", text, re.MULTILINE)
    )
    [model] = parse_model_server_config(
        'model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" '
        f"{proposed} }} }}"
    )
    assert set(model.labels) == {"stable", "canary"}


def test_batching_and_monitoring_are_read():
    parameters = parse_batching_parameters((FOLDER / "batching.config").read_text())
    assert (parameters.max_batch_size, parameters.batch_timeout_micros) == (32, 1000)
    assert (
        parse_monitoring_config((FOLDER / "monitoring.config").read_text()) == DEFAULT_METRICS_PATH
    )


def test_compose_file_mounts_files_that_exist_and_names_flags_of_the_server():
    service = COMPOSE["services"]["model-server"]
    for volume in service["volumes"]:
        if volume.startswith("./"):
            assert (FOLDER / volume.split(":")[0]).is_file()
    flags = {flag.partition("=")[0] for flag in service["command"] + service["entrypoint"][1:]}
    ours = (Path(__file__).parents[2] / "runners" / "serve_command.py").read_text()
    assert [flag for flag in flags if f'"{flag.removeprefix("--")}"' not in ours] == []
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_prometheus_reads_the_page_that_monitoring_turns_on():
    [job] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert job["metrics_path"] == DEFAULT_METRICS_PATH
    assert job["static_configs"] == [{"targets": ["model-server:8501"]}]

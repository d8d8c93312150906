"""The configuration: which source wins, and what a wrong key or value is told."""

import os
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from pipeline.config import PipelineConfig
from pipeline.config_sources import ConfigError, describe_keys, load_config


def test_defaults_come_from_the_model():
    assert load_config() == PipelineConfig()


def test_each_source_wins_over_the_one_before_it(tmp_path: Path):
    file = tmp_path / "config.yaml"
    file.write_text("training: {epochs: 7, seed: 7, filters: 7}\n")

    config = load_config(
        preset="quick",
        config_file=str(file),
        environ={"TFX_MNIST_TRAINING__SEED": "8", "TFX_MNIST_TRAINING__FILTERS": "8"},
        overrides=["training.filters=9"],
    )

    assert config.training.augment is False  # preset
    assert (config.training.epochs, config.training.seed, config.training.filters) == (7, 8, 9)


def test_yaml_may_use_dotted_keys(tmp_path: Path):
    file = tmp_path / "config.yaml"
    file.write_text("thresholds.accuracy: 0.5\n")

    assert load_config(config_file=str(file)).thresholds.accuracy == 0.5


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ({"overrides": ["training.epoch=3"]}, "--set training.epoch=3"),
        ({"environ": {"TFX_MNIST_EPOCHS": "3"}}, "environment variable TFX_MNIST_EPOCHS"),
    ],
)
def test_unknown_key_names_its_source_and_lists_every_legal_key(source: dict, where: str):
    with pytest.raises(ConfigError) as raised:
        load_config(**source)

    message = str(raised.value)
    assert message.startswith(f"{where}: unknown key")
    assert all(key in message for key in describe_keys())


def test_unknown_key_in_a_file_names_the_file(tmp_path: Path):
    file = tmp_path / "config.yaml"
    file.write_text("traning: {epochs: 3}\n")

    with pytest.raises(ConfigError, match=r"config\.yaml: unknown key 'traning\.epochs'"):
        load_config(config_file=str(file))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.epochs=0", "greater than or equal to 1"),
        ("training.epochs=many", "valid integer"),
        ("thresholds.accuracy=1.5", "less than or equal to 1"),
        ("pipeline_name=My Pipeline", "match pattern"),
    ],
)
def test_bad_value_says_where_what_was_expected_and_what_came(override: str, expected: str):
    with pytest.raises(ConfigError) as raised:
        load_config(overrides=[override])

    message = str(raised.value)
    assert f"--set {override}" in message
    assert expected in message
    assert repr(override.partition("=")[2]) in message
    assert len(message.splitlines()) == 1


def test_override_without_equals_sign_is_an_error():
    with pytest.raises(ConfigError, match="expected key=value"):
        load_config(overrides=["training.epochs"])


@pytest.mark.parametrize("value", ["[--x", "{a: [}", "[2026-13-01]"])
def test_a_list_that_is_no_yaml_names_its_source(value: str):
    with pytest.raises(ConfigError, match=r"--set beam_pipeline_args=.*: expected a list"):
        load_config(overrides=[f"beam_pipeline_args={value}"])
    with pytest.raises(ConfigError, match="variable TFX_MNIST_BEAM_PIPELINE_ARGS: expected a list"):
        load_config(environ={"TFX_MNIST_BEAM_PIPELINE_ARGS": value})


def test_unknown_preset_lists_the_presets():
    with pytest.raises(ConfigError, match="there are: default, quick"):
        load_config(preset="fast")


def test_unreadable_and_malformed_files_are_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read"):
        load_config(config_file=str(tmp_path / "absent.yaml"))
    broken = tmp_path / "broken.yaml"
    broken.write_text("training: [")
    with pytest.raises(ConfigError, match=r"broken\.yaml: is not YAML"):
        load_config(config_file=str(broken))
    broken.write_text("pipeline_name: 2026-13-01\n")
    with pytest.raises(ConfigError, match=r"broken\.yaml: is not YAML: month"):
        load_config(config_file=str(broken))
    broken.write_text("- a list\n")
    with pytest.raises(ConfigError, match="expected a mapping of keys, received list"):
        load_config(config_file=str(broken))


def test_lists_can_be_given_as_one_value():
    config = load_config(overrides=["beam_pipeline_args=[--runner=X, --streaming]"])

    assert config.beam_pipeline_args == ("--runner=X", "--streaming")


def test_a_search_beside_a_strategy_that_trains_in_other_processes_is_refused():
    overrides = ["training.strategy=multi_worker_mirrored", "training.workers=2"]
    assert not load_config(overrides=overrides).tuning.enabled

    with pytest.raises(
        ConfigError, match=r"tuning: .*strategy=multi_worker_mirrored in others\. Tune"
    ):
        load_config(overrides=[*overrides, "tuning.enabled=true"])


def test_paths_follow_the_pipeline_name_and_are_absolute():
    config = load_config(overrides=["pipeline_name=other"])

    assert config.pipeline_root == str(Path.cwd() / "runs" / "other")
    assert config.metadata_path == f"{config.pipeline_root}/metadata.db"
    assert Path(config.serving_model_dir).name == "other"
    assert os.path.isabs(config.data_root)  # noqa: PTH117 - it is a string


def test_remote_paths_stay_as_they_are():
    config = load_config(overrides=["pipeline_root=gs://bucket/root"])

    assert config.pipeline_root == "gs://bucket/root"


def test_the_configuration_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        load_config().pipeline_name = "other"


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("TRAINING_EPOCHS", "training.epochs, in the environment TFX_MNIST_TRAINING__EPOCHS"),
        ("EPOCHS", "training.epochs, in the environment TFX_MNIST_TRAINING__EPOCHS"),
        ("TRANING__EPOCH", "training.epochs, in the environment TFX_MNIST_TRAINING__EPOCHS"),
        ("DATAROOT", "data_root, in the environment TFX_MNIST_DATA_ROOT"),
        ("SERVICE_HOSTS", ""),
    ],
)
def test_a_misspelt_variable_is_told_the_key_that_is_nearest(key: str, nearest: str):
    with pytest.raises(ConfigError) as error:
        load_config(environ={f"TFX_MNIST_{key}": "3"})

    first_line = str(error.value).partition("\n")[0]
    assert f"environment variable TFX_MNIST_{key}: unknown key" in first_line
    assert ("The nearest is" in first_line) is bool(nearest)
    assert nearest in first_line


@pytest.mark.parametrize("service", ["TFX_MNIST", "TFX_MNIST_PREDICTOR", "TFX_MNIST_V2_SERVER"])
@pytest.mark.parametrize("address", ["10.96.0.17", "fd00:10:96::a1"])
def test_what_kubernetes_tells_every_pod_of_a_service_sets_no_key(service: str, address: str):
    environ = {
        f"{service}_SERVICE_HOST": address,
        f"{service}_SERVICE_PORT": "8501",
        f"{service}_SERVICE_PORT_REST": "8501",
        f"{service}_SERVICE_PORT_GRPC_H2C": "8500",
        f"{service}_PORT": f"tcp://{address}:8501",
    }
    for port, protocol in ((8501, "tcp"), (8500, "udp"), (53, "sctp")):
        prefix = f"{service}_PORT_{port}_{protocol.upper()}"
        environ |= {
            prefix: f"{protocol}://{address}:{port}",
            f"{prefix}_PROTO": protocol,
            f"{prefix}_PORT": str(port),
            f"{prefix}_ADDR": address,
        }

    assert load_config(environ=environ) == load_config()


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "8501"), ("SERVICE_HOST", "here"), ("PORT_8501_TCP", "yes")]
)
def test_a_key_that_is_only_called_as_a_services_is_still_unknown(name: str, value: str):
    with pytest.raises(ConfigError, match=f"TFX_MNIST_{name}: unknown key"):
        load_config(environ={f"TFX_MNIST_{name}": value})


@pytest.mark.parametrize("key", ["pipeline_root", "serving_model_dir"])
@pytest.mark.parametrize("sign", ["*", "?", "[", "\\"])
def test_a_root_in_which_tfx_would_find_nothing_is_refused_at_once(sign: str, key: str):
    with pytest.raises(ConfigError) as error:
        load_config(overrides=[f"{key}=/runs/a{sign}1"])

    assert f"{key}: Value error, expected a path without {sign}, since" in str(error.value)


def test_a_working_folder_in_which_tfx_would_find_nothing_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a[1]").mkdir()
    monkeypatch.chdir(tmp_path / "a[1]")

    with pytest.raises(ConfigError, match="configuration: pipeline_root: Value error, expected a"):
        load_config()
    elsewhere = ["pipeline_root=/runs", "serving_model_dir=/models"]
    assert load_config(overrides=elsewhere).data_root == f"{tmp_path}/a[1]/data/mnist"


@pytest.mark.parametrize("key", ["data_root", "schema_path", "metadata_path", "model_card_path"])
@pytest.mark.parametrize("name", ["a[1]", "*", "x?y", "x#1", "x%201", "a b", "ü"])
def test_any_other_path_is_taken_as_it_is(key: str, name: str):
    config = load_config(overrides=[f"{key}=/in/{name}"])

    assert getattr(config, key) == f"/in/{name}"


@pytest.mark.parametrize("key", ["data_root", "schema_path", "serving_model_dir", "pipeline_root"])
def test_no_path_at_all_is_not_the_working_folder(key: str):
    with pytest.raises(ConfigError, match=f"--set {key}=: {key}: .*at least 1 character"):
        load_config(overrides=[f"{key}="])


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("Hat\nBag\nShoe\n")
    return path


def test_names_of_classes_are_read_from_their_file_and_counted(names: Path):
    data = load_config(environ={"TFX_MNIST_DATA__CLASS_NAMES_PATH": str(names)}).data

    assert data.class_names == data.spec.class_names == ("Hat", "Bag", "Shoe")
    assert data.num_classes == 3
    assert data.class_names_path == str(names)


def test_a_printed_configuration_holds_where_the_file_of_names_is_not(names: Path, tmp_path: Path):
    config = load_config(overrides=[f"data.class_names_path={names}"])
    printed = tmp_path / "config.yaml"
    printed.write_text(yaml.safe_dump(config.model_dump(mode="json")))

    assert load_config(config_file=str(printed)) == config
    names.unlink()
    assert load_config(config_file=str(printed)) == config
    assert PipelineConfig.model_validate(config.model_dump()) == config


def test_names_beside_a_file_of_others_are_refused(names: Path):
    overrides = [f"data.class_names_path={names}", "data.class_names=[Hat, Cap, Shoe]"]

    with pytest.raises(ConfigError) as raised:
        load_config(overrides=overrides)

    assert str(raised.value) == (
        f"--set data.class_names=[Hat, Cap, Shoe]: data.class_names: expected the names in {names},"
        f" which --set data.class_names_path={names} sets: Hat, Bag, Shoe; received "
        "['Hat', 'Cap', 'Shoe']. Leave one of the two out."
    )


@pytest.mark.parametrize("spelt", ["[7, Bag, Shoe]", "['7', ' Bag', 'Shoe ']"])
def test_names_beside_their_file_are_the_same_however_they_are_spelt(names: Path, spelt: str):
    names.write_text("7\nBag\nShoe\n")
    overrides = [f"data.class_names_path={names}", f"data.class_names={spelt}"]

    assert load_config(overrides=overrides).data.class_names == ("7", "Bag", "Shoe")


def test_a_number_of_classes_that_is_not_that_of_the_names_is_refused(names: Path):
    with pytest.raises(ConfigError, match="as many as there are names, received 10 and 3 names"):
        load_config(overrides=[f"data.class_names_path={names}", "data.num_classes=10"])


def test_a_file_of_names_that_cannot_be_read_is_named_with_what_to_do(tmp_path: Path):
    override = f"data.class_names_path={tmp_path}/absent.txt"

    with pytest.raises(ConfigError) as raised:
        load_config(overrides=[override])

    assert str(raised.value) == (
        f"--set {override}: {tmp_path}/absent.txt: cannot be read (No such file or directory); "
        "expected a file with the names of the classes. Correct data.class_names_path, or the "
        "permission."
    )


def test_a_wrong_line_in_a_file_of_names_is_named_with_who_asked_for_the_file(names: Path):
    names.write_text("Hat\nHat\n")

    with pytest.raises(ConfigError, match=rf"^--set .*: {names}, line 2: expected each name once"):
        load_config(overrides=[f"data.class_names_path={names}"])


def test_more_names_than_there_can_be_labels_are_refused_with_their_file(names: Path):
    names.write_text("".join(f"class {number}\n" for number in range(257)))

    with pytest.raises(ConfigError, match=rf"^{names}: data\.class_names: .* at most 256 items"):
        load_config(overrides=[f"data.class_names_path={names}"])


def test_a_file_of_names_that_nobody_has_read_is_no_configuration(names: Path):
    with pytest.raises(ValidationError, match=r"expected data\.class_names with it"):
        PipelineConfig.model_validate({"data": {"class_names_path": str(names)}})


@pytest.mark.parametrize("content", ["data:", "data: mnist"])
def test_a_section_without_keys_is_told_which_it_may_have(tmp_path: Path, content: str):
    path = tmp_path / "config.yaml"
    path.write_text(content)

    with pytest.raises(ConfigError, match=r"data: expected keys below it: data\.height, data\."):
        load_config(config_file=str(path))

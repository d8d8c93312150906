import pytest

from serving.config_files import (
    BatchingParameters,
    parse_batching_parameters,
    parse_model_server_config,
    parse_monitoring_config,
)
from serving.errors import ServingError
from serving.models.config import ModelConfig
from serving.models.policy import All, Latest, Specific, index_versions


def model(fields: str) -> str:
    return f'model_config_list {{ config {{ model_platform: "tensorflow" {fields} }} }}'


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("", Latest(1)),
        ("model_version_policy { latest { num_versions: 2 } }", Latest(2)),
        ("model_version_policy { all {} }", All()),
        (
            "model_version_policy { specific { versions: 3 versions: 5 } }",
            Specific(frozenset({3, 5})),
        ),
    ],
)
def test_policy_of_a_model_is_read(text: str, policy: object):
    [config] = parse_model_server_config(model(f'name: "m" base_path: "/m" {text}'))
    assert (config.name, config.base_path, config.policy) == ("m", "/m", policy)


@pytest.mark.parametrize("label", ["stable", "v1.2", "canary-eu", "a b", "größer"])
def test_any_label_that_a_url_can_name_is_read(label: str):
    text = f'version_labels {{ key: "{label}" value: 1 }} version_labels {{ key: "b" value: 2 }}'
    [config] = parse_model_server_config(model(f'name: "m" base_path: "gs://b/m" {text}'))
    assert config.labels == {label: 1, "b": 2}


@pytest.mark.parametrize("text", ["", " \n\t", "# nothing yet\n", "model_config_list {}"])
def test_an_empty_configuration_lists_no_models(text: str):
    assert parse_model_server_config(text) == []


@pytest.mark.parametrize("text", ["", " \n", "# being written\n"])
def test_an_empty_text_takes_nothing_away_but_an_empty_list_does(text: str):
    current = [ModelConfig(name="m", base_path="/m")]

    with pytest.raises(ServingError, match=r"^FAILED_PRECONDITION: Cannot transition to requested"):
        parse_model_server_config(text, current=current)

    assert parse_model_server_config("model_config_list {}", current=current) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "model_config_list { config: }",
            "Error parsing text-format tensorflow.serving.ModelServerConfig: 1:",
        ),
        ("custom_model_config {}", "does not yet support custom model config"),
        (model('name: "m" base_path: "m"'), "to have an absolute path or URI; got base_path"),
        (model('base_path: "/m"'), "has no name"),
        (
            model('name: "m" base_path: "/m" version_labels { key: "a/b" value: 1 }'),
            "expected a label without / and :, received 'a/b'",
        ),
        (
            model('name: "m" base_path: "/m" version_labels { key: "a:b" value: 1 }'),
            "expected a label without / and :, received 'a:b'",
        ),
        (
            model('name: "m" base_path: "/m" version_labels { key: "" value: 1 }'),
            "expected a label without / and :, received ''",
        ),
        (
            model('name: "m" base_path: "/m" logging_config {}'),
            "No request-logger-creator provided. Model m has a logging_config",
        ),
        (
            model('name: "m" base_path: "/m" model_type: TENSORFLOW'),
            "Illegal setting both ModelServerConfig::model_type (deprecated) and",
        ),
        (
            'model_config_list { config { name: "m" base_path: "/m" } }',
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor",
        ),
        (
            'model_config_list { config { name: "m" base_path: "/m" model_type: OTHER } }',
            "ModelServerConfig::model_type choice 2 not supported.",
        ),
        (
            'model_config_list { config { name: "m" base_path: "/m" model_platform: "torch" } }',
            'Model m requests unsupported platform torch; expected "tensorflow"',
        ),
        (
            "model_config_list {"
            + 2 * 'config { name: "m" base_path: "/m" model_platform: "tensorflow" }'
            + "}",
            "Illegal to list model m multiple times in config list",
        ),
    ],
)
def test_bad_configuration_says_what_is_wrong(text: str, message: str):
    with pytest.raises(ServingError) as error:
        parse_model_server_config(text)
    assert message in error.value.message


def test_batching_parameters_are_read_and_the_rest_is_tf_servings_default():
    parameters = parse_batching_parameters(
        "max_batch_size { value: 32 } batch_timeout_micros { value: 1000 } "
        'thread_pool_name { value: "x" } allowed_batch_sizes: 8 allowed_batch_sizes: 32'
    )
    assert parameters == BatchingParameters(
        max_batch_size=32, batch_timeout_micros=1000, allowed_batch_sizes=(8, 32)
    )
    assert (parameters.max_enqueued_batches, BatchingParameters().max_batch_size) == (10, 1000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch_size: 32", "Error parsing text-format tensorflow.serving.BatchingParameters"),
        ("allowed_batch_sizes: 8", "must match max_batch_size; last entry was 8; expected 1000"),
        ("allowed_batch_sizes: 8 allowed_batch_sizes: 8", "must be monotonically increasing"),
        ("max_batch_size { value: 0 }", "received max_batch_size: 0"),
        ("max_enqueued_batches { value: 0 }", "received max_enqueued_batches: 0"),
        (
            "batch_timeout_micros { value: -1 } num_batch_threads { value: -2 }",
            "received batch_timeout_micros: -1, num_batch_threads: -2",
        ),
        (
            "allowed_batch_sizes: -8 allowed_batch_sizes: 1000",
            "received allowed_batch_sizes: -8",
        ),
        ("pad_variable_length_inputs: true", "are not supported"),
        ("max_execution_batch_size { value: 8 }", "are not supported"),
        ("mixed_priority_batching_policy: 1", "no field named"),
    ],
)
def test_bad_batching_parameters_say_what_is_wrong(text: str, message: str):
    with pytest.raises(ServingError) as error:
        parse_batching_parameters(text)
    assert message in error.value.message


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", None),
        ('prometheus_config { path: "/m" }', None),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/m" }', "/m"),
    ],
)
def test_monitoring_config_turns_the_metrics_page_on(text: str, path: str | None):
    assert parse_monitoring_config(text) == path


def test_of_two_names_for_one_number_the_last_in_the_alphabet_counts(
    caplog: pytest.LogCaptureFixture,
):
    assert index_versions(["1", "001", "2/", "x", "-3", "9" * 30]) == {1: "1", 2: "2"}
    assert "Version 1 will be loaded from 1, 001 will be ignored" in caplog.text

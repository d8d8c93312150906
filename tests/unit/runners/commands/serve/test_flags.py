"""The flags of `tfx-mnist serve` and `tensorflow_model_server`, without a server."""

import logging
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from runners.commands.serve import serve
from runners.commands.serve_flags import WITHOUT_EFFECT, server_flags
from runners.commands.serve_options import make_options, warn_of_flags_without_effect
from runners.commands.tensorflow_model_server import tensorflow_model_server
from serving.address import format_address
from serving.options import ServerOptions
from support.markdown_reader import read_tables
from support.project import PROJECT

_CONFIGURATION = {"config", "preset", "set", "help"}


@pytest.fixture
def read_flags() -> Any:
    """Returns a function from a command line to the values of its flags."""

    def read(*arguments: str) -> dict[str, Any]:
        @click.command()
        @server_flags(rest_api_port=8501, host="127.0.0.1", enable_page=True)
        def command(**flags: Any) -> dict[str, Any]:
            return flags

        flags: dict[str, Any] = command(
            ["--model_name=m", "--model_base_path=/m", *arguments], standalone_mode=False
        )
        return flags

    return read


def names(command: click.Command) -> set[str]:
    return {
        option.removeprefix("--")
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }


def tables() -> tuple[dict[str, str], dict[str, str]]:
    """Returns what the document says of TensorFlow Serving's flags, and of our own."""
    [stock, own] = [
        {row[0].strip("`").removeprefix("--"): row[1] for row in table[1:]}
        for table in read_tables((PROJECT / "docs" / "serving.md").read_text())
        if table[0][0] == "flag"
    ]
    return stock, own


def test_the_document_lists_every_flag_of_both_programs_and_no_other():
    stock, own = tables()

    assert len(stock) == 48
    assert names(serve) - _CONFIGURATION == stock.keys() | own.keys()
    assert names(tensorflow_model_server) - {"help"} == stock.keys() | own.keys()
    assert {name for name, text in stock.items() if text.startswith("no effect")} == {
        *WITHOUT_EFFECT
    }


def options_of(flags: dict[str, Any]) -> ServerOptions:
    return make_options(flags, listen_when_ready=False)


def test_flags_without_effect_are_taken_in_every_form_and_named_in_one_warning(
    read_flags: Any, caplog: pytest.LogCaptureFixture
):
    for name in WITHOUT_EFFECT:
        for value in ("", "=false", "=0"):
            flags = read_flags(f"--{name}{value}", "--port=1234")
            assert flags["port"] == 1234
    with caplog.at_level(logging.WARNING):
        warn_of_flags_without_effect(read_flags("--num_tflite_pools=3", "--enable_profiler"))
        warn_of_flags_without_effect(read_flags())

    [record] = caplog.records
    assert record.message.endswith("change nothing here: --enable_profiler, --num_tflite_pools")


def test_a_flag_that_nobody_knows_is_one_error_with_the_nearest_name():
    answer = CliRunner().invoke(tensorflow_model_server, ["--model_base_pth=/m"])

    assert answer.exit_code == 2
    assert "No such option '--model_base_pth'. (Did you mean" in answer.output
    assert "--model_base_path" in answer.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (0, 0)),
        (["--tensorflow_session_parallelism=3"], (3, 3)),
        (["--tensorflow_session_parallelism=3", "--tensorflow_intra_op_parallelism=2"], (2, 0)),
        (["--tensorflow_session_parallelism=3", "--tensorflow_inter_op_parallelism=2"], (0, 2)),
        (["--tensorflow_intra_op_parallelism=1", "--tensorflow_inter_op_parallelism=2"], (1, 2)),
    ],
)
def test_the_parallelism_of_a_session_is_that_of_both_kinds_unless_one_is_set(
    read_flags: Any, arguments: list[str], expected: tuple[int, int]
):
    options = options_of(read_flags(*arguments))

    assert expected == (
        options.tensorflow_intra_op_parallelism,
        options.tensorflow_inter_op_parallelism,
    )


def test_every_flag_reaches_the_options(read_flags: Any):
    options = options_of(
        read_flags(
            "--rest_api_num_threads=3",
            "--grpc_max_threads=4",
            "--grpc_channel_arguments=grpc.max_connection_age_ms=2000,a=b",
            "--grpc_socket_path=relative.sock",
            "--num_load_threads=5",
            "--saved_model_tags=serve,gpu",
            "--enable_batching",
            "--enable_per_model_batching_parameters=true",
            "--per_process_gpu_memory_fraction=0.5",
            "--enable_grpc_healthcheck_service=false",
            "--max_request_values=7",
        )
    )

    assert (options.rest_api_num_threads, options.grpc_max_threads) == (3, 4)
    assert options.grpc_channel_arguments == (("grpc.max_connection_age_ms", 2000), ("a", "b"))
    assert options.grpc_socket_path == "relative.sock"
    assert options.manager.num_load_threads == 5
    assert options.saved_model_tags == ("serve", "gpu")
    assert options.enable_per_model_batching_parameters
    assert options.per_process_gpu_memory_fraction == 0.5
    assert not options.enable_grpc_healthcheck_service
    assert options.max_request_values == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port=0", "--rest_api_port=0"], "expected a port or a socket to listen on"),
        (["--port=8501"], "expected two ports, received 8501 twice"),
        (["--port=70000"], "70000 is not in the range"),
        (["--num_load_threads=-1"], "-1 is not in the range"),
        (["--per_process_gpu_memory_fraction=1.5"], "1.5 is not in the range"),
        (["--use_alts_credentials"], "ALTS is not there"),
        (["--use_alts_credentials=true"], "ALTS is not there"),
        (["--grpc_channel_arguments=a"], "expected KEY=VALUE,KEY=VALUE, received 'a'"),
        (["--batching_parameters_file=x"], "of no use without --enable_batching"),
        (["--ssl_config_file=x", "--tls_certificate_file=y"], "name one of them"),
        (["--ssl_config_file=nowhere"], "ssl_config_file: nowhere can't be read"),
        (
            [f"--tensorflow_{name}_parallelism=1" for name in ("session", "intra_op", "inter_op")],
            "You cannot configure all",
        ),
    ],
)
def test_a_value_of_no_use_is_one_error(read_flags: Any, arguments: list[str], message: str):
    with pytest.raises(click.UsageError) as error:
        options_of(read_flags(*arguments))

    assert message in error.value.format_message()


@pytest.mark.parametrize("command", [serve, tensorflow_model_server])
@pytest.mark.parametrize("argument", ["--version", "--version=true"])
def test_version_names_this_package_and_tensorflow(command: click.Command, argument: str):
    answer = CliRunner().invoke(command, [argument])

    assert answer.exit_code == 0
    assert answer.output.startswith("TensorFlow ModelServer: 0.1.0 (tfx-mnist)\n")
    assert "\nTensorFlow Library: 2." in answer.output


def test_tensorflow_model_server_wants_to_be_told_what_to_serve():
    answer = CliRunner().invoke(tensorflow_model_server, [])

    assert answer.exit_code == 2
    assert "model_base_path and server_options.model_config_file are empty!" in answer.output


def test_an_ssl_config_without_pem_is_refused_before_anything_listens(
    read_flags: Any, tmp_path: Path
):
    file = tmp_path / "ssl.config"
    for text, message in (
        ("", "received nothing in server_key, server_cert"),
        ('server_key: "k" server_cert: "c" client_verify: true', "nothing in custom_ca"),
        ('server_key: "k" server_cert: "c"', "expected PEM texts: in server_cert a certificate"),
        ("server_key: k", "Error parsing text-format tensorflow.serving.SSLConfig"),
    ):
        file.write_text(text)
        with pytest.raises(click.UsageError) as error:
            options_of(read_flags(f"--ssl_config_file={file}"))
        assert message in error.value.format_message()


@pytest.mark.parametrize(
    ("host", "address"),
    [("::1", "[::1]:8501"), ("127.0.0.1", "127.0.0.1:8501"), ("localhost", "localhost:8501")],
)
def test_an_ipv6_address_is_printed_in_brackets(host: str, address: str):
    assert format_address(host, 8501) == address

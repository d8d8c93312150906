"""What `tfx-mnist predict` says of options and variables with which no server can be asked."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runners.commands.predict import predict
from support.project import MNIST_FOLDER

ELSEWHERE = "http://model.example.com:8501"

pytestmark = pytest.mark.usefixtures("no_proxies")


def _predict(*arguments: str, **environment: str) -> Result:
    images = MNIST_FOLDER / "t10k-images-idx3-ubyte.gz"
    return CliRunner().invoke(predict, ["--idx", str(images), *arguments], env=environment)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:abc",
        "grpc://127.0.0.1:abc",
        "https://127.0.0.1:70000",
        "grpc://",
        "grpcs://[::1",
        "127.0.0.1:8501",
        "ftp://127.0.0.1",
        "http://127.0.0.1 :80",
        "http://127.0.0.1:8501?x=1",
        "http://127.0.0.1:8501#x",
        "grpc://127.0.0.1:8500/v1",
        "",
    ],
)
def test_a_url_of_no_server_is_bad_usage(url: str):
    answer = _predict("--url", url)

    assert answer.exit_code == 2
    expected = "--url: expected http://, https://, grpc:// or grpcs://HOST:PORT"
    assert f"Error: {expected}, received {url!r}" in answer.stderr


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_password_in_a_url_is_refused_and_not_shown(scheme: str):
    answer = _predict("--url", f"{scheme}://me:hidden@127.0.0.1:1")

    assert answer.exit_code == 2
    assert f"received '{scheme}://...@127.0.0.1:1', which has more to it" in answer.stderr
    assert "hidden" not in answer.output


@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "received nothing"),
        (b"first\nsecond", "received 2 lines"),
        ("schlüssel".encode(), "received other characters"),
        (None, "can't be read: No such file or directory"),
    ],
)
def test_a_file_of_no_token_is_bad_usage(
    content: bytes | None, said: str, scheme: str, tmp_path: Path
):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    answer = _predict("--url", f"{scheme}://127.0.0.1:1", "--token_file", str(file))

    assert answer.exit_code == 2
    assert f"Error: --token_file: {file}" in answer.stderr
    assert said in answer.stderr


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
@pytest.mark.parametrize("name", ["missing", "garbage", "."])
def test_a_file_of_no_certificates_is_bad_usage(name: str, scheme: str, tmp_path: Path):
    (tmp_path / "garbage").write_text("no PEM")
    path = tmp_path / name

    answer = _predict("--url", f"{scheme}://127.0.0.1:1", "--ca_file", str(path))

    assert answer.exit_code == 2
    problem = f"--ca_file: expected a PEM file of certificates, received {path}: "
    assert f"Error: {problem}" in answer.stderr


def test_certificates_without_encryption_are_bad_usage():
    answer = _predict("--url", ELSEWHERE, "--ca_file", "missing")

    assert answer.exit_code == 2
    assert "Error: --ca_file: expected an encrypted server for it" in answer.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_time_that_nobody_can_wait_is_bad_usage(seconds: str):
    answer = _predict("--timeout_seconds", seconds)

    assert answer.exit_code == 2
    assert "Error: --timeout_seconds: expected a number of seconds above 0" in answer.stderr


@pytest.mark.parametrize(
    ("url", "name", "value"),
    [
        (ELSEWHERE, "ALL_PROXY", "socks5://127.0.0.1:1"),
        (ELSEWHERE, "http_proxy", "socks4://127.0.0.1:1"),
        ("grpc://model.example.com:8500", "http_proxy", "socks4://127.0.0.1:1"),
        ("https://127.0.0.1:1", "SSL_CERT_FILE", "missing"),
    ],
)
def test_a_variable_with_which_no_server_can_be_asked_is_one_error(url: str, name: str, value: str):
    answer = _predict("--url", url, **{name: value})

    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"Error: {name}: expected ")
    assert value in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_a_proxy_that_refuses_is_named(closed_port: int):
    proxy = f"http://127.0.0.1:{closed_port}"

    answer = _predict("--url", ELSEWHERE, HTTP_PROXY=proxy)

    assert answer.exit_code == 1
    expected = f"{ELSEWHERE} can't be reached through the proxy {proxy} (HTTP_PROXY): "
    assert answer.stderr.startswith(f"Error: {expected}")


def test_what_is_for_another_server_stops_nobody_here(closed_port: int):
    url = f"http://127.0.0.1:{closed_port}"

    answer = _predict(
        "--url", url, ALL_PROXY="socks5://127.0.0.1:1", SSL_CERT_FILE="missing", SSL_CERT_DIR="none"
    )

    assert answer.stderr.startswith(f"Error: {url} can't be reached: ")

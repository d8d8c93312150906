"""How clients get to a server: past proxies or through them, with real ones on this machine."""

from collections.abc import Callable

import pytest

from serving.client.answers import Client, ClientError
from serving.client.grpc import GrpcClient
from serving.client.rest import RestClient
from serving.errors import Code
from support.json_server import serve_json
from support.serving.fixtures import Connection
from support.web.proxy import run_proxy

HOST = "model.example.com"
MODEL = "half_plus_two"
TOKEN = "secret"  # noqa: S105 - of nobody
APIS = ("REST", "gRPC")

pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(api: str, connection: Connection) -> str:
    running = connection.running
    return running.url.removeprefix("http://") if api == "REST" else running.grpc_address


@pytest.fixture
def ask(api: str) -> Callable[..., list[float]]:
    """Returns a function that asks the model at an address."""

    def ask(address: str, **arguments: object) -> list[float]:
        client: Client
        with (
            RestClient(f"http://{address}", MODEL, **arguments)
            if api == "REST"
            else GrpcClient(address, MODEL, **arguments)
        ) as client:
            return client.predict({"x": [1.0]}).outputs["y"].tolist()

    return ask


def _set_proxies(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.upper(), value)


def test_this_machine_is_asked_past_every_proxy(
    ask: Callable[..., list[float]], address: str, monkeypatch: pytest.MonkeyPatch, closed_port: int
):
    for proxy in (f"http://127.0.0.1:{closed_port}", "socks5://127.0.0.1:1", "nonsense://"):
        _set_proxies(monkeypatch, proxy)
        assert ask(address) == [2.5]
        assert ask(address.replace("127.0.0.1", "localhost")) == [2.5]


def test_another_machine_is_asked_through_the_proxy(
    ask: Callable[..., list[float]], address: str, monkeypatch: pytest.MonkeyPatch
):
    port = address.rpartition(":")[2]
    with run_proxy(address) as proxy:
        _set_proxies(monkeypatch, proxy.url)
        assert ask(f"{HOST}:{port}", token=TOKEN) == [2.5]
    assert set(proxy.asked_for) == {f"{HOST}:{port}"}


def test_without_encryption_no_certificates_are_needed(
    ask: Callable[..., list[float]], address: str, monkeypatch: pytest.MonkeyPatch
):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "missing")

    assert ask(address) == [2.5]


def test_a_proxy_that_refuses_is_named(
    ask: Callable[..., list[float]], monkeypatch: pytest.MonkeyPatch, closed_port: int
):
    _set_proxies(monkeypatch, f"http://user:secret@127.0.0.1:{closed_port}")

    with pytest.raises(ClientError, match=f"through the proxy http://127.0.0.1:{closed_port} "):
        ask(f"{HOST}:85")
    with pytest.raises(ClientError, match=r"_proxy\): .*list the server's host in no_proxy"):
        ask(f"{HOST}:85")


def test_a_proxy_that_answers_itself_is_named(monkeypatch: pytest.MonkeyPatch):
    with serve_json(lambda _: (407, b"who are you?")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        with pytest.raises(
            ClientError,
            match=rf"expected JSON .*received through the proxy {proxy} \(HTTP_PROXY\) HTTP 407",
        ):
            RestClient(f"http://{HOST}", MODEL).read_versions()


@pytest.mark.parametrize("token", ["first\nsecond", "schlüssel", "\ufeffsecret", " "])
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(
    ask: Callable[..., list[float]], address: str, token: str
):
    with pytest.raises(ClientError, match=r"^token: expected a token") as refused:
        ask(address, token=token)

    assert refused.value.code is Code.INVALID_ARGUMENT
    assert token.strip() == "" or token not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:abc",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://[::1",
        "http://",
        "http://two words:80",
        "http://\u2603..example",
        "nonsense",
        "ftp://127.0.0.1:1",
    ],
)
def test_what_is_no_url_is_one_error(url: str):
    with pytest.raises(ClientError, match=r"^url: ") as refused:
        RestClient(url, MODEL)

    assert refused.value.code is Code.INVALID_ARGUMENT


def test_with_encryption_what_names_no_certificates_is_one_error(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
):
    monkeypatch.setenv("SSL_CERT_FILE", "missing")

    with pytest.raises(ClientError, match=r"^SSL_CERT_FILE: expected a PEM file"):
        RestClient(f"https://127.0.0.1:{closed_port}", MODEL)

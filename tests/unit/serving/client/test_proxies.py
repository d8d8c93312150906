"""Which proxy a client asks for a server, by the variables of the environment."""

import pytest

from serving.client.answers import ClientError
from serving.client.proxies import find_grpc_proxy, find_proxy

PROXY = "http://proxy.example.com:3128"

pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1",
        "127.8.9.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ],
)
@pytest.mark.parametrize("value", [PROXY, "socks5://127.0.0.1:1"])
def test_this_machine_is_reached_without_any(
    host: str, value: str, monkeypatch: pytest.MonkeyPatch
):
    for name in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.upper(), value)

    assert find_proxy(f"http://{host}:8501") is None
    assert find_proxy(f"https://{host}:8501") is None
    assert find_grpc_proxy(f"{host}:8500") is None


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_is_known_with_the_variable_that_names_it(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(name, "user:secret@proxy.example.com:3128")

    proxy = find_proxy("http://model.example.com")

    assert proxy
    assert proxy.url == "http://user:secret@proxy.example.com:3128"
    assert str(proxy) == f"the proxy {PROXY} ({name})"


def test_a_variable_for_the_protocol_wins_over_that_for_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", PROXY)

    assert find_proxy("https://model.example.com").variable == "HTTPS_PROXY"


def test_grpc_asks_its_own_variables_first(monkeypatch: pytest.MonkeyPatch):
    for name in ("ALL_PROXY", "HTTPS_PROXY"):  # it knows neither
        monkeypatch.setenv(name, "socks5://127.0.0.1:1")
    assert find_grpc_proxy("model.example.com:8500") is None
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, PROXY)
        assert find_grpc_proxy("model.example.com:8500").variable == name


def test_a_header_of_a_cgi_script_names_no_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.setenv("REQUEST_METHOD", "GET")

    assert find_proxy("http://model.example.com") is None


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize(
    ("exceptions", "is_one"),
    [
        ("*", True),
        ("other.example.com, model.example.com", True),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("EXAMPLE.com", True),
        ("model.example.com:8501", True),
        ("model.example.com:80", False),
        ("ample.com", False),
        ("other.example.com", False),
        ("10.0.0.0/8", False),
        ("", False),
    ],
)
def test_exceptions_are_names_and_what_ends_in_them(
    name: str, exceptions: str, *, is_one: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("http_proxy", PROXY)
    monkeypatch.setenv(name, exceptions)

    assert (find_proxy("http://model.example.com:8501") is None) == is_one


@pytest.mark.parametrize(
    ("host", "exceptions", "is_one"),
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "11.0.0.0/8", False),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]", "[fd00::1]", True),
        ("[fd00::1]", "10.0.0.0/8", False),
    ],
)
def test_exceptions_are_addresses_and_networks(
    host: str, exceptions: str, *, is_one: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("http_proxy", PROXY)
    monkeypatch.setenv("no_proxy", exceptions)

    assert (find_proxy(f"http://{host}:8501") is None) == is_one
    assert (find_grpc_proxy(f"{host}:8500") is None) == is_one


@pytest.mark.parametrize(
    "value",
    [
        "socks5://127.0.0.1:1",
        "socks5h://127.0.0.1:1",
        "socks4://127.0.0.1:1",
        "ftp://127.0.0.1:1",
        "http://127.0.0.1:abc",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://",
        "http://two words:1",
        "http://\u2603..example:1",
    ],
)
@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_what_cannot_be_used_is_one_error_with_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(name, value.replace("//", "//user:secret@"))

    with pytest.raises(ClientError, match=f"^{name}: expected a proxy http://HOST:PORT") as refused:
        find_proxy("http://model.example.com")

    assert f"received {value!r}" in str(refused.value)
    assert "or add model.example.com to NO_PROXY" in str(refused.value)


def test_of_grpc_a_proxy_must_be_plain_http(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("https_proxy", "https://proxy.example.com")

    with pytest.raises(ClientError, match=r"^https_proxy: expected a proxy http://HOST:PORT, rec"):
        find_grpc_proxy("model.example.com:8500")

"""Which proxy leads to a server, by the variables that say so (no TensorFlow)."""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from serving.client.answers import ClientError
from serving.errors import Code

_HTTP = {
    "http": ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}
_HTTP_EXCEPTIONS = ("no_proxy", "NO_PROXY")
# gRPC's own, which has no capitals.
_GRPC = ("grpc_proxy", "https_proxy", "http_proxy")
_GRPC_EXCEPTIONS = ("no_grpc_proxy", "no_proxy")
_CGI = "REQUEST_METHOD"


@dataclass(frozen=True)
class Proxy:
    """A proxy on the way to a server.

    Attributes:
      variable: Of the environment, which names it.
      url: Where it is; may hold a password.
    """

    variable: str
    url: str

    @property
    def is_encrypted(self) -> bool:
        """Whether it is spoken to over TLS itself."""
        return self.url.startswith("https://")

    @property
    def advice(self) -> str:
        """What to do if nothing comes through."""
        return f"Correct {self.variable}, or list the server's host in no_proxy to go past it."

    def __str__(self) -> str:
        return f"the proxy {_without_password(self.url)} ({self.variable})"


def find_proxy(url: str) -> Proxy | None:
    """Returns the proxy that leads to an http:// or https:// URL, None if none does.

    This machine is reached without one, whatever the environment says.

    Raises:
      ClientError: The proxy is of a kind that can't be used, or none at all.
    """
    server = urlsplit(url)
    return _find(server, _HTTP[server.scheme], _HTTP_EXCEPTIONS, ("http", "https"))


def find_grpc_proxy(address: str) -> Proxy | None:
    """Returns the proxy that leads to a HOST:PORT over gRPC, None if none does.

    Otherwise as `find_proxy`.
    """
    return _find(urlsplit(f"//{address}"), _GRPC, _GRPC_EXCEPTIONS, ("http",))


def _find(
    server: SplitResult,
    variables: Sequence[str],
    exceptions: Sequence[str],
    schemes: Sequence[str],
) -> Proxy | None:
    variable = _first_set(variables)
    if not variable or is_loopback(server.hostname or ""):
        return None
    listed = os.environ.get(_first_set(exceptions), "")
    if any(_is_for(entry.strip().lower(), server) for entry in listed.split(",")):
        return None
    value = os.environ[variable].strip()
    proxy = Proxy(variable, value if "://" in value else f"http://{value}")
    if not _is_usable(proxy.url, schemes):
        expected = " or ".join(f"{scheme}://HOST:PORT" for scheme in schemes)
        raise ClientError(
            Code.INVALID_ARGUMENT,
            f"{variable}: expected a proxy {expected}, received {_without_password(value)!r}. Set "
            f"it to one, unset it, or add {server.hostname} to {exceptions[-1]}.",
        )
    return proxy


def is_loopback(host: str) -> bool:
    """Returns whether a name or an address is this machine's own."""
    if host.rstrip(".") == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _first_set(variables: Sequence[str]) -> str:
    """Returns the first variable that is not empty, "" if all are."""
    for variable in variables:
        # In a CGI script it is a header of the request.
        forged = variable == "HTTP_PROXY" and _CGI in os.environ
        if os.environ.get(variable, "").strip() and not forged:
            return variable
    return ""


def _is_for(entry: str, server: SplitResult) -> bool:
    """Returns whether an entry of no_proxy is for a server: a name, an address or a network."""
    host = server.hostname or ""
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:  # one of them is a name
        pass
    name = entry.removeprefix("*").removeprefix(".")
    if not name:
        return entry == "*"
    return any(
        each == name or each.endswith(f".{name}") for each in (host, f"{host}:{server.port}")
    )


def _is_usable(url: str, schemes: Sequence[str]) -> bool:
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        proxy = urlsplit(url)
        return proxy.scheme in schemes and bool(proxy.hostname) and proxy.port != 0
    except ValueError:  # of a port, or of an IPv6 address
        return False


def _without_password(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"

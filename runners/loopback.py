"""Keeps what this machine says to itself away from proxies (standard library only)."""

import os
from collections.abc import MutableMapping

_HOSTS = ("localhost", "127.0.0.1", "127.0.0.0/8", "::1")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
# Where each is looked for if it is not set: who reads one does not read the others. gRPC knows no
# wildcard, and not the names in capitals.
_EXCEPTIONS = {
    "no_proxy": ("no_proxy", "NO_PROXY"),
    "NO_PROXY": ("NO_PROXY", "no_proxy"),
    "no_grpc_proxy": ("no_grpc_proxy", "no_proxy", "NO_PROXY"),
}


def spare_loopback_the_proxy(environ: MutableMapping[str, str] | None = None) -> None:
    """Has this process and those that it starts reach this machine without a proxy.

    Workers of Beam and of a distributed training are reached so; gRPC would ask the proxy for them,
    and wait for ever.

    Args:
      environ: The environment to change; this process's by default.
    """
    environ = os.environ if environ is None else environ
    if not any(name.lower() in _PROXIES for name in environ):
        return
    before = dict(environ)
    for name, sources in _EXCEPTIONS.items():
        value = next((before[source] for source in sources if before.get(source)), "")
        listed = [host.strip() for host in value.split(",") if host.strip()]
        if "*" not in listed or name == "no_grpc_proxy":
            listed += [host for host in _HOSTS if host not in listed]
        environ[name] = ",".join(listed)

"""Keeps what this machine says to itself away from proxies (standard library only)."""

import os
from collections.abc import MutableMapping

_HOSTS = ("localhost", "127.0.0.1", "::1")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")


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
    for name in _EXCEPTIONS:
        listed = [host.strip() for host in environ.get(name, "").split(",") if host.strip()]
        missing = [host for host in _HOSTS if host not in listed]
        if "*" not in listed and missing:
            environ[name] = ",".join([*listed, *missing])

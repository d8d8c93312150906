"""Finds ports for programs that cannot take just any port and say which one it is."""

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

_FIRST_PORT = 20_000
_LAST_PORT = 65_535
_TAKEN_BY_THE_KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")

_reservations: list[socket.socket] = []


def find_free_ports(count: int) -> list[int]:
    """Returns that many different ports of 127.0.0.1 on which nobody listens.

    A program may begin to listen seconds later. Until then nobody takes them: the kernel gives
    none of them to a client or to whoever asks for any port, and another test process, of this
    run or of another one, finds others for as long as this process lives.
    """
    ports = list(itertools.islice(filter(_reserve, _candidates()), count))
    assert len(ports) == count, "no free ports"
    return ports


def find_free_addresses(count: int) -> list[str]:
    """Returns `host:port` of as many of `find_free_ports`."""
    return [f"127.0.0.1:{port}" for port in find_free_ports(count)]


def has_ipv6_loopback() -> bool:
    """Returns whether a program of this machine can listen on ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _candidates() -> Iterator[int]:
    """Yields the ports that the kernel never chooses by itself, then, if need be, the others."""
    first, last = map(int, _TAKEN_BY_THE_KERNEL.read_text().split())
    ports = range(_FIRST_PORT, _LAST_PORT + 1)
    yield from (port for port in ports if not first <= port <= last)
    yield from (port for port in ports if first <= port <= last)


def _reserve(port: int) -> bool:
    """Returns whether the port is free and nobody has reserved it; now this process has."""
    # In the abstract namespace: a name for all processes of this machine, without a file, that is
    # free again when its process has ended, however it ended.
    reservation = socket.socket(socket.AF_UNIX)
    try:
        reservation.bind(f"\0tfx-mnist/port/{port}")
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        reservation.close()
        return False
    _reservations.append(reservation)
    return True

"""Finds ports on which nobody listens."""

import socket
from contextlib import ExitStack


def find_free_ports(count: int) -> list[int]:
    """Returns that many different ports of 127.0.0.1; somebody else may take one at any moment."""
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [taken.getsockname()[1] for taken in sockets]

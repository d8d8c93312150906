"""The arguments of gRPC's server, as a command line gives them (standard library only)."""

import re

from serving.errors import invalid_argument

ChannelArguments = tuple[tuple[str, int | str], ...]

_INT32 = range(-(2**31), 2**31)


def parse_channel_arguments(text: str) -> ChannelArguments:
    """Reads `grpc.max_connection_age_ms=2000,grpc.primary_user_agent=x`.

    A value that is a 32-bit integer becomes one, as in TF Serving; gRPC passes over names that it
    does not know.

    Raises:
      ServingError: A part is not KEY=VALUE.
    """
    return tuple(_parse_argument(part) for part in text.split(",") if part.strip())


def _parse_argument(part: str) -> tuple[str, int | str]:
    key, equals, value = part.strip().partition("=")
    if not key or not equals:
        raise invalid_argument(
            f"grpc_channel_arguments: expected KEY=VALUE,KEY=VALUE, received {part!r}"
        )
    if re.fullmatch(r"[+-]?[0-9]+", value) and int(value) in _INT32:
        return key, int(value)
    return key, value

"""Where a server listens, in words (standard library only)."""


def format_address(host: str, port: int) -> str:
    """Returns HOST:PORT as a URL has it: an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

"""Makes what sends a client's HTTP requests, past or through a proxy (no TensorFlow)."""

import httpx

from serving.client.answers import ClientError
from serving.client.authorization import make_authorization
from serving.client.certificates import make_plain_context, make_tls_context
from serving.client.proxies import Proxy, find_proxy
from serving.client.server_url import UrlError, split_url
from serving.errors import Code


def make_http_client(
    url: str, token: str | None, timeout_seconds: float, ca_file: str | None
) -> tuple[httpx.Client, Proxy | None]:
    """Returns what sends requests, and the proxy that it sends them through.

    Raises:
      ClientError: See `serving.client.rest.RestClient`.
    """
    try:
        is_encrypted = split_url(url, ("http", "https")).scheme == "https"
        proxy = find_proxy(url)
        to_proxy = make_tls_context(None) if proxy and proxy.is_encrypted else None
        client = httpx.Client(
            base_url=url,
            headers=make_authorization(token),
            timeout=timeout_seconds,
            verify=make_tls_context(ca_file) if is_encrypted else make_plain_context(),
            proxy=httpx.Proxy(proxy.url, ssl_context=to_proxy) if proxy else None,
            trust_env=False,  # what it would read has been read
        )
    except (UrlError, httpx.InvalidURL) as error:
        raise ClientError(Code.INVALID_ARGUMENT, f"url: {error}") from error
    return client, proxy

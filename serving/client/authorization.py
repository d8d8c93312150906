"""How a client says that it may ask (no TensorFlow)."""

from serving.bearer_token import TokenError, check_token
from serving.client.answers import ClientError
from serving.errors import Code


def make_authorization(token: str | None) -> dict[str, str]:
    """Returns the header, or the metadata of gRPC, that presents a token; nothing without one.

    Raises:
      ClientError: The token can't be sent.
    """
    if not token:
        return {}
    try:
        check_token(token)
    except TokenError as error:
        raise ClientError(Code.INVALID_ARGUMENT, f"token: {error}") from error
    return {"authorization": f"Bearer {token}"}

"""The paths of TF Serving's REST API, after http_rest_api_util.cc (standard library only)."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from serving.errors import invalid_argument
from serving.models.model_spec import ModelSpec

_INFERENCE = re.compile(
    r"/v1/models/([^/:]+)(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?"
    r":(classify|regress|predict)",
    re.IGNORECASE | re.ASCII,
)
_INFORMATION = re.compile(
    r"/v1/models(?:/([^/:]+))?(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?(?:/(metadata))?",
    re.IGNORECASE | re.ASCII,
)
_MAX_VERSION = 2**63 - 1


class RestCall(NamedTuple):
    """What a path asks for.

    Attributes:
      model: The model, with an empty name where the path has none.
      method: "predict", "classify", "regress", "metadata" or "status".
    """

    model: ModelSpec
    method: str


@lru_cache(maxsize=128)
def parse_path(http_method: str, path: str) -> RestCall:
    """Returns the call that `path`, still percent-encoded, stands for.

    As in TF Serving the pattern takes any case, but a method is known in small letters only,
    and /METADATA in another case is read as a question for the status. No path has a query.

    Raises:
      ServingError: There is no such path, or no such version number.
    """
    malformed = invalid_argument(f"Malformed request: {http_method} {path}")
    if http_method == "POST":
        match = _INFERENCE.fullmatch(path)
    elif http_method == "GET":
        match = _INFORMATION.fullmatch(path)
    else:
        raise malformed
    if match is None:
        raise malformed
    name, version, label, method = match.groups()
    model = ModelSpec(
        unquote(name or ""), _parse_version(version), None if label is None else unquote(label)
    )
    if http_method == "GET":
        if not model.name:
            raise invalid_argument("Missing model name in request.")
        return RestCall(model, "metadata" if method == "metadata" else "status")
    if not method.islower():
        raise malformed
    return RestCall(model, method)


def _parse_version(digits: str | None) -> int | None:
    if digits is None:
        return None
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_MAX_VERSION)) or int(significant) > _MAX_VERSION:
        raise invalid_argument(f"Failed to convert version: {digits} to numeric.")
    return int(significant)

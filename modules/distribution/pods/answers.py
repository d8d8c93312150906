"""Has Kubernetes' API answer: asks again while it is in trouble, though not for ever."""

import json
import time
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Any

import urllib3
from kubernetes import client
from kubernetes.config import incluster_config

from modules.distribution.members.causes import ClusterFault

# How long a request may take with all its tries. Four of them are less than the lease of the pods:
# three there are between two renewals, and the last one is the renewal.
_SECONDS_FOR_ANSWER = 180
# The same for one try, and how long to wait for the next one at most.
_SECONDS_FOR_TRY = 30
_LONGEST_PAUSE_SECONDS = 30
_PASSING = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class OutageError(ClusterFault):
    """Kubernetes' API does not answer, or only that it is in trouble; pods train on meanwhile."""

    def __init__(self, seen: str) -> None:
        """Says what was seen last."""
        super().__init__(f"Kubernetes' API does not answer: {seen}", may_pass=True)


def connect() -> client.ApiClient:
    """Returns a client by what every pod is given; it connects when it asks.

    Raises:
      ConfigException: This is no pod.
    """
    configuration = client.Configuration()
    incluster_config.load_incluster_config(configuration)
    # `ask` asks again: urllib3 would have no limit for all its tries, and hands an answer over
    # before it has read it.
    configuration.retries = urllib3.Retry(total=0)
    return client.ApiClient(configuration)


def ask(
    request: Callable[..., Any],
    *,
    absent: Collection[int] = (),
    seconds: float | None = None,
    asks_again: bool = True,
) -> bytes | None:
    """Returns the answer to a request, None if its status is in `absent`.

    Args:
      request: A call of Kubernetes' client without the time that it may take.
      absent: Statuses that say that there is nothing to answer.
      seconds: How long it may take with all its tries; _SECONDS_FOR_ANSWER unless given.
      asks_again: Whether there is more than one try, when a connection or an answer breaks off or
        the API is in trouble: the second at once, others after pauses of 1, 2, 4 ... s.

    Raises:
      OutageError: There was no answer in time.
      ClusterFault: The API refused.
    """
    left = _SECONDS_FOR_ANSWER if seconds is None else seconds
    deadline = time.monotonic() + left
    pause = 0
    while True:
        try:
            body: bytes = request(_request_timeout=min(left, _SECONDS_FOR_TRY)).data
        except client.ApiException as error:
            if error.status in absent:
                return None
            if error.status not in _PASSING:
                raise ClusterFault(_tell_refusal(error), may_pass=False) from error
            outage = OutageError(f"{error.status} {_read_message(error)}")
        except urllib3.exceptions.HTTPError as error:
            outage = OutageError(str(error))
        else:
            return body
        left = deadline - time.monotonic() - pause
        if left <= 0 or not asks_again:
            raise outage
        time.sleep(pause)
        pause = min(2 * pause or 1, _LONGEST_PAUSE_SECONDS)


def _tell_refusal(error: client.ApiException) -> str:
    """Returns what Kubernetes says, which is who may not do what, and what helps."""
    message = f"Kubernetes refused: {error.status} {_read_message(error)}."
    if error.status == HTTPStatus.FORBIDDEN:
        message += (
            " Expected the rights of the Role in deploy/kubernetes/training.yaml, on jobs, "
            "services, pods and their logs: bind it to the ServiceAccount of the Trainer's pod."
        )
    return message


def _read_message(error: client.ApiException) -> Any:
    try:
        return json.loads(error.body)["message"]
    except (ValueError, TypeError, KeyError):
        return error.body or error.reason

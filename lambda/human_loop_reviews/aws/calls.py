"""Calls of AWS: how long they may take, and errors that name the resource.

An event takes at most `CALLS_PER_EVENT` calls. Together they fit into half of the function's
shortest timeout, `contract.MIN_TIMEOUT_SECONDS`. The other half is for reading and reviewing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import botocore.exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

#: Confirmation of an event that was sent again, look-up, output, existence of the output or its
#: corrected document, outcome, record, and dead-letter message.
CALLS_PER_EVENT: Final = 7

#: How often a hub tries to take the role of a spoke, which is one call more. Lambda or SQS delivers
#: the event again.
ATTEMPTS_TO_ASSUME_ROLE: Final = 1

_CONNECT_TIMEOUT: Final = 1
_READ_TIMEOUT: Final = 2.5
_ATTEMPTS: Final = 2
#: The longest that the SDK's mode "standard" waits before its first retry.
_MAX_PAUSE_SECONDS: Final = 1


#: The SDK's errors for a service that was not reached, or did not answer.
NOT_ANSWERED: Final = (botocore.exceptions.ConnectionError, HTTPClientError)

#: The codes with which services deny access.
ACCESS_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
#: How the codes begin with which S3 refuses because of the key.
_KEY_ERRORS: Final = "KMS."
_NOT_FOUND: Final = frozenset({"NoSuchBucket", "QueueDoesNotExist", "ResourceNotFoundException"})


class CallError(Exception):
    """AWS refused a call or did not answer.

    The message names the resource, the reason with the call that AWS refused, and what to do.

    Parameters
    ----------
    resource
        The bucket and key, table, bus or queue.
    cause
        The SDK's error.
    """

    def __init__(self, resource: str, cause: Exception) -> None:
        super().__init__(". ".join([f"{resource}: {cause}".rstrip("."), *_what_to_do(cause)]))
        self.resource = resource
        self.cause = cause


def client_config(*, attempts: int = _ATTEMPTS) -> Config:
    """Return the configuration of a client."""
    return Config(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )


def max_call_seconds(attempts: int = _ATTEMPTS) -> float:
    """Return how long one call can take, with all its attempts."""
    pauses = _MAX_PAUSE_SECONDS * (attempts - 1)
    return attempts * (_CONNECT_TIMEOUT + _READ_TIMEOUT) + pauses


def refusal_code(error: Any) -> str | None:
    """Return the code with which AWS refused a call. None for any other error."""
    if not isinstance(error, ClientError):
        return None
    code: str = error.response.get("Error", {}).get("Code", "Unknown")
    return code


def error_code(error: Exception) -> str:
    """Return the name of an error's class, with AWS's error code if AWS refused a request.

    Examples
    --------
    >>> error_code(TimeoutError())
    'TimeoutError'
    >>> from botocore.exceptions import ClientError
    >>> error_code(ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject"))
    'ClientError.AccessDenied'
    """
    cause = error.cause if isinstance(error, CallError) else error
    code = refusal_code(cause)
    if code is not None:
        # The class does not identify the error: botocore makes subclasses for some codes only.
        return f"ClientError.{code}"
    return type(cause).__name__


def _what_to_do(cause: Exception) -> list[str]:
    code = refusal_code(cause)
    if code in ACCESS_DENIED:
        return [
            "Allow the call in the policy of the function's role, and in those of the resource and "
            "its key"
        ]
    if code in _NOT_FOUND:
        return ["Deploy the stack again if it was deleted, or correct its name"]
    if (code or "").startswith(_KEY_ERRORS):
        return ["Enable the key or cancel its deletion, or use another key"]
    if isinstance(cause, NOT_ANSWERED):
        return ["In a VPC, check the route to the service or its endpoint"]
    return []


@contextmanager
def naming(resource: str) -> Iterator[None]:
    """Let errors of calls in the block name a resource.

    Raises
    ------
    CallError
        If a call fails.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CallError(resource, error) from error

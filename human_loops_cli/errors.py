"""The errors of the command line: the message, the advice, and the exit status."""

from __future__ import annotations

import html
import re
from enum import IntEnum
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)

from human_loops_cli.foreign_answers import ForeignAnswerError


class ExitStatus(IntEnum):
    """The exit status of every command."""

    OK = 0
    #: The command worked, and found something wrong or could not do all of it.
    INCOMPLETE = 1
    USAGE = 2
    AWS = 3
    INTERRUPTED = 130
    #: Standard output was closed, for example by ``head``.
    BROKEN_PIPE = 141


class CommandError(Exception):
    """A command cannot continue.

    Parameters
    ----------
    message
        What is wrong.
    advice
        How to fix it.
    status
        The exit status.
    """

    def __init__(
        self, message: str, *, advice: str = "", status: ExitStatus = ExitStatus.AWS
    ) -> None:
        super().__init__(message)
        self.advice = advice
        self.status = status


#: The error codes of services for a missing permission.
_ACCESS_DENIED: Final = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "KMS.AccessDeniedException",
        "KMSAccessDeniedException",
        "KmsAccessDenied",
        "UnauthorizedOperation",
    }
)

#: The error codes of services for credentials that are invalid or expired.
_CREDENTIALS_REFUSED: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

_DENIAL: Final = re.compile(
    r"(?:User: (?P<who>\S+) )?is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>[^\s\"]+))?(?:.*?\b(?P<because>because .+))?",
    re.DOTALL,
)

#: An answer in XML or HTML.
_MARKUP: Final = re.compile(r"<[!?a-z]", re.IGNORECASE)

#: What botocore calls an error without a code.
_UNKNOWN: Final = "Unknown"

CHECK_ENDPOINT: Final = "Check the network, the proxy, the Region and --endpoint-url."

_SIGN_IN: Final = (
    "Sign in (aws sso login, aws configure), name a profile with --profile, or set "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)


def explain(error: BotoCoreError | ClientError) -> CommandError:
    """Return an error of the AWS SDK as an error of the command line.

    Examples
    --------
    >>> explain(NoRegionError()).advice
    'Name it with --region, set AWS_REGION, or set region in the profile.'
    """
    if isinstance(error, ClientError):
        return _explain_answer(error)
    return _explain_failure(error)


def is_access_denied(error: ClientError) -> bool:
    """Return True if access is denied."""
    return _code(error) in _ACCESS_DENIED


def _explain_failure(error: BotoCoreError) -> CommandError:
    """Explain why there was no response."""
    if isinstance(error, NoCredentialsError):
        return CommandError("no AWS credentials were found", advice=_SIGN_IN)
    if isinstance(error, PartialCredentialsError):
        return CommandError(f"the AWS credentials are incomplete: {error}", advice=_SIGN_IN)
    if isinstance(error, SSOError | TokenRetrievalError):
        return CommandError(f"the sign-in is no longer valid: {error}", advice="Run aws sso login.")
    if isinstance(error, NoRegionError):
        return CommandError(
            "no AWS Region is set",
            advice="Name it with --region, set AWS_REGION, or set region in the profile.",
        )
    if isinstance(error, ProfileNotFound):
        return CommandError(str(error), advice="aws configure list-profiles lists them.")
    if isinstance(error, ReadTimeoutError | ConnectionClosedError):
        return CommandError(f"AWS did not answer: {error}", advice="Run the command again.")
    if isinstance(error, ForeignAnswerError):
        return CommandError(str(error), advice=CHECK_ENDPOINT)
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | HTTPClientError):
        return CommandError(
            f"AWS cannot be reached: {error}",
            advice=CHECK_ENDPOINT,
        )
    return CommandError(f"{type(error).__name__}: {error}")


def _explain_answer(error: ClientError) -> CommandError:
    """Explain an error response."""
    details = error.response.get("Error", {})
    code, message = _code(error), " ".join(str(details.get("Message", "")).split())
    if _MARKUP.match(message) or (not message and code in ("", _UNKNOWN)):
        return _explain_stranger(error.operation_name, message)
    if code in _ACCESS_DENIED:
        return _explain_denial(error.operation_name, message)
    if code in _CREDENTIALS_REFUSED:
        return CommandError(
            f"AWS does not accept the credentials: {code}: {message}", advice=_SIGN_IN
        )
    return CommandError(f"{error.operation_name} failed: {code}: {message}")


def _explain_stranger(operation: str, answer: str) -> CommandError:
    """Explain an answer in the format of another service."""
    found = [re.search(rf"<{tag}>([^<]*)</{tag}>", answer) for tag in ("Code", "Message")]
    texts = [html.unescape(each[1]) for each in found if each]
    return CommandError(
        f"{operation} failed: the answer is not one of this service: "
        f"{': '.join(texts) or 'it names no error'}",
        advice=CHECK_ENDPOINT,
    )


def _explain_denial(operation: str, message: str) -> CommandError:
    denial = _DENIAL.search(message)
    if denial is None:
        return CommandError(
            f"a permission is missing: {operation}: {message or 'access denied'}",
            advice="Ask for it, or name another profile with --profile.",
        )
    lines = [f"a permission is missing: {denial['action']}"]
    if denial["resource"]:
        lines.append(f"  on resource: {denial['resource']}")
    if denial["who"]:
        lines.append(f"  of: {denial['who']}")
    if denial["because"]:
        lines.append(f"  {denial['because']}")
    return CommandError(
        "\n".join(lines), advice="Ask for it, or name another profile with --profile."
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", _UNKNOWN))

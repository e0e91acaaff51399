"""Errors of AWS after which the same call can succeed later, for each API with its authority."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from botocore.exceptions import ClientError

from human_loop_reviews.aws.calls import NOT_ANSWERED, CallError

#: Amazon A2I Runtime.
#: https://docs.aws.amazon.com/augmented-ai/2019-11-07/APIReference/API_ListHumanLoops.html
_A2I: Final = frozenset({"InternalServerException", "ThrottlingException"})

#: SageMaker, which lists flow definitions: the common errors of its API.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
_SAGEMAKER: Final = frozenset({"InternalFailure", "ServiceUnavailable", "ThrottlingException"})

#: DynamoDB: the errors with "OK to retry? Yes" that its calls of one item or one page can have.
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_DYNAMODB: Final = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)

#: EventBridge.
#: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
#: https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
_EVENTBRIDGE: Final = frozenset(
    {"InternalException", "InternalFailure", "ServiceUnavailable", "ThrottlingException"}
)

#: The retryable errors of each call.
RETRYABLE_CODES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("DescribeHumanLoop", "ListHumanLoops", "StartHumanLoop"), _A2I),
    **dict.fromkeys(("ListFlowDefinitions",), _SAGEMAKER),
    **dict.fromkeys(("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query"), _DYNAMODB),
    **dict.fromkeys(("DescribeEventBus", "PutEvents"), _EVENTBRIDGE),
}

_TOO_MANY_REQUESTS: Final = 429


def is_retryable(error: CallError) -> bool:
    """Return whether the same call can succeed later.

    It can if AWS did not answer, or answered with a server error, too many requests or a code of
    `RETRYABLE_CODES`. A call that is not idempotent may have had its effect.

    Examples
    --------
    >>> refusal = {"Error": {"Code": "RequestLimitExceeded"}}
    >>> is_retryable(CallError("table ledger", ClientError(refusal, "GetItem")))
    True
    """
    cause = error.cause
    if not isinstance(cause, ClientError):
        return isinstance(cause, NOT_ANSWERED)
    if http_status(cause) >= 500 or http_status(cause) == _TOO_MANY_REQUESTS:
        return True
    codes = RETRYABLE_CODES.get(cause.operation_name, frozenset())
    return cause.response.get("Error", {}).get("Code") in codes


def http_status(error: ClientError) -> int:
    """Return the HTTP status with which AWS refused a call. 0 if it is unknown."""
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status

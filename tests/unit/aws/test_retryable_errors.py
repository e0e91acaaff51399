"""Errors after which the same call can succeed later, and what errors of calls say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from human_loop_reviews.aws.calls import CallError, naming
from human_loop_reviews.aws.retryable_errors import RETRYABLE_CODES, is_retryable

RUNTIME = Path(__file__).parents[3] / "lambda" / "human_loop_reviews"

#: The service of each call, by the attribute that holds its client.
SERVICES = {
    "_runtime": "sagemaker-a2i-runtime",
    "_sagemaker": "sagemaker",
    "_dynamodb": "dynamodb",
    "events": "events",
    "_events": "events",
}

#: The modules with the calls of the reconciler and the callbacks.
MODULES = ("human_loops", "ledger_table", "callback_table", "event_bus")


def refused(call: str, code: str, status: int = 400) -> CallError:
    response: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return CallError("table ledger", ClientError(response, call))


def calls() -> set[tuple[str, str]]:
    """Return the service and the method of each call in `MODULES`."""
    found = set()
    for module in (*MODULES, "human_loop_bus"):
        text = (RUNTIME / "aws" / f"{module}.py").read_text(encoding="utf-8")
        found |= {
            (SERVICES[client], method)
            for client, method in re.findall(
                rf"\b({'|'.join(SERVICES)})\.([a-z][a-z_0-9]*)[(,]", text
            )
        }
    return found


def test_every_call_of_reconciler_and_callbacks_has_its_retryable_errors() -> None:
    methods = {xform_name(operation) for operation in RETRYABLE_CODES}
    assert {method for _, method in calls()} == methods
    assert len(methods) > 8


def test_models_of_the_services_have_no_other_error_of_throttling() -> None:
    session = botocore.session.get_session()
    checked = 0
    for service, method in calls():
        model = session.get_service_model(service)
        operation = next(each for each in model.operation_names if xform_name(each) == method)
        for shape in model.operation_model(operation).error_shapes:
            if re.search("Throttl|LimitExceeded$|ThroughputExceeded|^Internal", shape.name):
                assert shape.name in RETRYABLE_CODES[operation], (operation, shape.name)
                checked += 1
    assert checked > 10


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("ListHumanLoops", "ThrottlingException"),
        ("ListFlowDefinitions", "ThrottlingException"),
        ("Query", "ProvisionedThroughputExceededException"),
        ("BatchGetItem", "RequestLimitExceeded"),
        ("PutEvents", "InternalException"),
    ],
)
def test_code_of_the_api_is_retryable(call: str, code: str) -> None:
    assert is_retryable(refused(call, code))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_status_of_a_busy_server_is_retryable_whatever_its_code(status: int) -> None:
    assert is_retryable(refused("DescribeHumanLoop", "Unheard", status))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("ListHumanLoops", "AccessDeniedException"),
        ("StartHumanLoop", "ServiceQuotaExceededException"),
        ("PutItem", "ConditionalCheckFailedException"),
        ("AssumeRole", "ThrottlingException"),
    ],
)
def test_other_refusals_are_not_retryable(call: str, code: str) -> None:
    assert not is_retryable(refused(call, code))


def test_silence_is_retryable_and_a_missing_credential_is_not() -> None:
    for error in (ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError):
        assert is_retryable(CallError("table ledger", error(endpoint_url="u", error="e")))
    assert not is_retryable(CallError("table ledger", NoCredentialsError()))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            refused("GetItem", "AccessDeniedException"),
            "table ledger: An error occurred (AccessDeniedException) when calling the GetItem "
            "operation: no. Allow the call in the policy of the function's role, and in those of "
            "the resource and its key",
        ),
        (
            refused("GetItem", "ResourceNotFoundException"),
            "table ledger: An error occurred (ResourceNotFoundException) when calling the GetItem "
            "operation: no. Deploy the stack again if it was deleted, or correct its name",
        ),
        (
            CallError("table ledger", ReadTimeoutError(endpoint_url="https://dynamodb")),
            'table ledger: Read timeout on endpoint URL: "https://dynamodb". In a VPC, check the '
            "route to the service or its endpoint",
        ),
        (
            refused("GetItem", "ThrottlingException"),
            "table ledger: An error occurred (ThrottlingException) when calling the GetItem "
            "operation: no",
        ),
    ],
)
def test_error_has_the_resource_the_call_and_what_to_do(error: CallError, message: str) -> None:
    assert str(error) == message


def test_naming_keeps_the_first_resource() -> None:
    with (
        pytest.raises(CallError, match=r"^table ledger: ") as raised,
        naming("the run"),
        naming("table ledger"),
    ):
        raise NoCredentialsError
    assert isinstance(raised.value.cause, NoCredentialsError)

"""The functions may do what they do with resources that are supplied, and with their keys.

The end-to-end tests record what functions call. Here the same calls meet keys, buses, tables and
buckets of all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from human_loop_reviews.callback_contract import CALLBACKS_ENTRY_POINT
from human_loop_reviews.contract import (
    HUMAN_LOOP_DETAIL_TYPES,
    OUTCOME_DETAIL_TYPE,
    PROJECT_SOURCE,
    RECONCILER_ENTRY_POINT,
    REVIEW_HANDLER_ENTRY_POINT,
)
from tests.infrastructure.cases import ACCOUNT, REGION, synthesize
from tests.permissions.account import Account, Resource
from tests.permissions.evaluator import Request, evaluate
from tests.permissions.recorded_calls import Call, requests_of
from tests.permissions.service_calls import session_of

_Operation = tuple[str, str, dict[str, object]]

#: Cases with a review handler, and an output that it may read.
OUTPUTS = {
    "everything-on": "reviews/claims/2026/03/14/output.json",
    "review-handler-supplied": "invoices/2026/03/14/output.json",
    "reconciler-supplied": "any/2026/03/14/output.json",
    "from-another-stack": "any/2026/03/14/output.json",
    "many-flow-definitions": "reviews/flow-definition-0059/2026/03/14/output.json",
    "callbacks": "invoices/2026/03/14/output.json",
    "corrected-documents": "reviews/any/2026/03/14/output.json",
    "buffered": "any/2026/03/14/output.json",
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_functions_may_do_what_they_do_and_nothing_near_it(case: str) -> None:
    account = account_of(case)
    requests = requests_with(account, OUTPUTS[case])

    assert any(request.action == "kms:Decrypt" for request in requests)
    assert evaluate(account.policies, requests).wrong == []


@pytest.mark.parametrize(
    "case", ["everything-on", "review-handler-supplied", "many-flow-definitions"]
)
def test_output_of_another_flow_definition_is_out_of_reach(case: str) -> None:
    account = account_of(case)
    requests = requests_with(account, "reviews/strangers/2026/03/14/output.json")
    readings = [
        replace(request, must_be_allowed=False)
        for request in requests
        if request.action.startswith("s3:")
    ]

    assert {request.action for request in readings} == {"s3:GetObject", "s3:ListBucket"}
    assert evaluate(account.policies, readings).wrong == []


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:GetObject", "s3:PutObjectAcl"])
def test_corrected_document_can_be_written_only(action: str) -> None:
    account = account_of("corrected-documents")
    denied = [
        replace(request, action=action, must_be_allowed=False) for request in writings(account)
    ]

    assert evaluate(account.policies, denied).wrong == []


@pytest.mark.parametrize("folder", ["", "reviews/", "corrected-too/"])
def test_nothing_else_of_the_bucket_can_be_written(folder: str) -> None:
    account = account_of("corrected-documents")
    denied = [
        replace(
            request,
            resource=request.resource.replace("/corrected/", f"/{folder}"),
            must_be_allowed=False,
        )
        for request in writings(account)
    ]

    assert evaluate(account.policies, denied).wrong == []


def writings(account: Account) -> list[Request]:
    """Return the requests that write a corrected document."""
    requests = requests_with(account, OUTPUTS["corrected-documents"])
    found = [
        request
        for request in requests
        if request.action == "s3:PutObject" and request.must_be_allowed
    ]
    assert found
    return found


def account_of(case: str) -> Account:
    synthesized = synthesize(case)
    return Account(synthesized.resources, account=ACCOUNT, region=REGION, own=synthesized.own)


def requests_with(account: Account, key: str) -> list[Request]:
    """Return what the functions of a case ask of AWS, if the output has a key."""
    (bucket,) = (
        bucket.logical_id
        for bucket in account.of_type("AWS::S3::Bucket")
        if "AccessLogs" not in bucket.logical_id and "OutcomeArchive" not in bucket.logical_id
    )
    return [
        request
        for function in account.of_type("AWS::Lambda::Function")
        for call in calls_of(function, bucket, key)
        for request in requests_of(
            call, account, role=function.properties["Role"], session=session_of(function)
        )
    ]


def calls_of(function: Resource, bucket: str, key: str) -> Iterator[Call]:
    """Yield what a function of the project calls, with the resources of its environment."""
    calls_of_each: dict[str, Callable[..., Iterator[_Operation]]] = {
        REVIEW_HANDLER_ENTRY_POINT: _calls_of_handler,
        RECONCILER_ENTRY_POINT: _calls_of_reconciler,
        CALLBACKS_ENTRY_POINT: _calls_of_callbacks,
    }
    calls = calls_of_each.get(function.properties["Handler"])
    if calls is None:
        return
    variables = function.properties["Environment"]["Variables"]
    for service, operation, parameters in calls(variables, bucket, key):
        yield Call(function.logical_id, service, operation, parameters)


def _calls_of_handler(variables: dict[str, str], bucket: str, key: str) -> Iterator[_Operation]:
    table = variables["LEDGER_ARN"].rpartition("/")[2]
    yield "dynamodb", "GetItem", {"TableName": table}
    yield "dynamodb", "PutItem", {"TableName": table}
    yield from _events(variables["OUTCOME_BUS"], OUTCOME_DETAIL_TYPE)
    yield "sagemaker", "DescribeHumanLoop", {"HumanLoopName": "invoice-1042"}
    yield "s3", "GetObject", {"Bucket": bucket, "Key": key}
    yield "s3", "ListObjectsV2", {"Bucket": bucket, "Prefix": key}
    if "CORRECTED_DOCUMENTS" in variables:
        documents, _, prefix = variables["CORRECTED_DOCUMENTS"].split("/", 2)[2].partition("/")
        document = f"{prefix}invoices/2026/03/14/09/12/44.318/invoice-1042.json"
        yield "s3", "PutObject", {"Bucket": documents, "Key": document}
    if "DEAD_LETTER_QUEUE_URL" in variables:
        yield "sqs", "SendMessage", {"QueueUrl": variables["DEAD_LETTER_QUEUE_URL"]}


def _calls_of_reconciler(variables: dict[str, str], *_: str) -> Iterator[_Operation]:
    for operation in ("GetItem", "PutItem", "Query"):
        yield "dynamodb", operation, {"TableName": variables["LEDGER_TABLE"]}
    yield from _events(variables["EVENT_BUS"], HUMAN_LOOP_DETAIL_TYPES[0])


def _calls_of_callbacks(variables: dict[str, str], *_: str) -> Iterator[_Operation]:
    yield "dynamodb", "Query", {"TableName": variables["LEDGER_TABLE"]}
    for operation in ("DeleteItem", "PutItem", "Query"):
        yield "dynamodb", operation, {"TableName": variables["CALLBACK_TABLE"]}
    yield "states", "SendTaskSuccess", {}
    yield "states", "SendTaskFailure", {}


def _events(bus: str, detail_type: str) -> Iterator[_Operation]:
    entry = {"EventBusName": bus, "Source": PROJECT_SOURCE, "DetailType": detail_type}
    yield "events", "PutEvents", {"Entries": [entry]}
    if not bus.endswith("event-bus/default"):
        yield "events", "DescribeEventBus", {"Name": bus}

"""The store of corrected documents: keys, encryption, and what errors say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from human_loop_reviews.a2i.event import HumanLoopEvent, parse_event
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.aws.document_store import DocumentStore
from tests.unit.conftest import ended_loop

KEY = "arn:aws:kms:eu-west-1:111122223333:key/0123abcd"
ARN = "arn:aws:sagemaker:eu-west-1:111122223333"


@pytest.fixture
def s3() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("s3")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def loop(**detail: Any) -> HumanLoopEvent:
    return parse_event(
        ended_loop(
            **{
                "humanLoopArn": f"{ARN}:human-loop/invoice-1042",
                "humanLoopName": "invoice-1042",
                "flowDefinitionArn": f"{ARN}:flow-definition/invoices",
                "creationTime": "2026-03-14T09:12:44.318Z",
                **detail,
            }
        )
    )


def test_document_is_json_below_the_prefix_with_the_encryption_of_the_bucket(
    s3: tuple[Any, Stubber],
) -> None:
    client, stubber = s3
    stubber.add_response(
        "put_object",
        {},
        {
            "Bucket": "documents",
            "Key": "corrected/invoices/2026/03/14/09/12/44.318/invoice-1042.json",
            "Body": '{"value":"Köln"}'.encode(),
            "ContentType": "application/json",
        },
    )
    store = DocumentStore(client, "documents", "corrected/")
    location = store.write(loop(), {"value": "Köln"})
    assert str(location) == (
        "s3://documents/corrected/invoices/2026/03/14/09/12/44.318/invoice-1042.json"
    )


def test_given_key_encrypts_the_document(s3: tuple[Any, Stubber]) -> None:
    client, stubber = s3
    stubber.add_response(
        "put_object",
        {},
        {
            "Bucket": "documents",
            "Key": ANY,
            "Body": ANY,
            "ContentType": "application/json",
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": KEY,
        },
    )
    DocumentStore(client, "documents", "", encryption_key=KEY).write(loop(), {})


def key_of(event: HumanLoopEvent, *, qualified: bool = False) -> str:
    store = DocumentStore(None, "documents", "", qualified=qualified)
    return store._location(event).key


def test_account_and_region_come_first_in_a_hub() -> None:
    assert key_of(loop(), qualified=True).startswith("111122223333/eu-west-1/invoices/2026/03/")


@pytest.mark.parametrize(
    "other",
    [
        {"creationTime": "2026-03-14T09:12:44.319Z"},
        {"humanLoopArn": f"{ARN}:human-loop/invoice-1043"},
        {"flowDefinitionArn": f"{ARN}:flow-definition/claims"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_loop_has_another_key(other: dict[str, str]) -> None:
    assert key_of(loop()) != key_of(loop(**other))


def test_creation_time_in_another_form_gives_the_same_key() -> None:
    assert key_of(loop(creationTime="2026-03-14T10:12:44.318000+01:00")) == key_of(loop())


def test_name_in_the_event_chooses_no_other_folder() -> None:
    assert key_of(loop(humanLoopName="../../other/name")) == key_of(loop())


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (
            "AccessDenied",
            "Allow the call in the policy of the function's role, and in those of the ",
        ),
        ("NoSuchBucket", "Deploy the stack again if it was deleted, or correct its name"),
        ("KMS.DisabledException", "Enable the key or cancel its deletion, or use another key"),
    ],
)
def test_refusal_names_loop_and_bucket_and_says_what_to_do(
    s3: tuple[Any, Stubber], code: str, advice: str
) -> None:
    client, stubber = s3
    stubber.add_client_error("put_object", code, http_status_code=403)
    store = DocumentStore(client, "documents", "c/")
    with pytest.raises(CallError) as caught:
        store.write(loop(), json.loads('{"value": "secret of the document"}'))
    message = str(caught.value)
    assert message.startswith(
        f"corrected document of human loop {ARN}:human-loop/invoice-1042, s3://documents/c/invoices"
    )
    assert advice in message
    assert "secret" not in message

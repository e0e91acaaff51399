"""The dead-letter queue: what SQS gets, for any error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from human_loop_reviews.aws.calls import CallError, error_code
from human_loop_reviews.aws.dead_letter_queue import DeadLetterQueue, error_message

#: What SQS accepts, as its documentation says.
ACCEPTED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


@pytest.fixture
def queue() -> Iterator[tuple[Any, str]]:
    with mock_aws():
        sqs = boto3.client("sqs")
        yield sqs, sqs.create_queue(QueueName="failed")["QueueUrl"]


def test_body_is_sent_unchanged_with_the_error(queue: tuple[Any, str]) -> None:
    sqs, url = queue
    body = json.dumps({"é": "\u2028 😀"}, ensure_ascii=False) + "\n"
    DeadLetterQueue(sqs, url).send(body, ValueError("expected\x00 text"))
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == body
    assert {name: each["StringValue"] for name, each in message["MessageAttributes"].items()} == {
        "ErrorCode": "ValueError",
        "ErrorMessage": "expected text",
    }


def test_refusal_of_sqs_is_raised(queue: tuple[Any, str]) -> None:
    sqs, url = queue
    with pytest.raises(CallError):
        DeadLetterQueue(sqs, f"{url}-2").send("{}", ValueError())


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimeoutError("late"), "TimeoutError"),
        (refusal("AccessDenied"), "ClientError.AccessDenied"),
        (ClientError({}, "GetObject"), "ClientError.Unknown"),
        (ReadTimeoutError(endpoint_url="https://s3"), "ReadTimeoutError"),
    ],
)
def test_error_code_is_the_class_with_the_code_of_aws(error: Exception, code: str) -> None:
    assert error_code(error) == code


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("", "ValueError"),
        ("\x00\x1b \x7f\x85", "ValueError"),
        ("a\tb\r\nc", "a\tb\r\nc"),
        ("a\ud800b\ufffe\uffffc", "abc"),
        ("x" * 2000, "x" * 1024),
        ("x" + "é" * 600, "x" + "é" * 511),
        ("xx" + "😀" * 300, "xx" + "😀" * 255),
    ],
)
def test_error_message_is_clean_short_and_never_empty(message: str, sent: str) -> None:
    assert error_message(ValueError(message)) == sent


@given(st.text(st.characters(codec=None)))
def test_any_error_message_is_accepted_by_sqs(message: str) -> None:
    sent = error_message(ValueError(message))
    assert sent
    assert len(sent.encode()) <= 1024
    assert ACCEPTED.fullmatch(sent)

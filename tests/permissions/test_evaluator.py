"""The evaluator says what it must, and the checks that rely on it can fail."""

from __future__ import annotations

from typing import Any

from tests.permissions.evaluator import Evaluation, Request, evaluate
from tests.permissions.mutations import mutations_of

ROLE = "arn:aws:iam::111122223333:role/Handler"
TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Ledger"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000001"


def read(**changes: Any) -> Request:
    request: dict[str, Any] = {
        "why": "the handler reads",
        "principal": ROLE,
        "action": "dynamodb:GetItem",
        "resource": TABLE,
        "account": "111122223333",
        "context": {},
        "identity": ("handler",),
    }
    return Request(**{**request, **changes})


def evaluated(statement: dict[str, Any], *requests: Request) -> Evaluation:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    return evaluate({"handler": policy}, requests, list(mutations_of("handler", policy)))


def test_permission_that_no_request_needs_is_named() -> None:
    statement = {"Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": TABLE}
    evaluation = evaluated(statement, read())

    assert evaluation.wrong == []
    assert evaluation.needed == [f"handler: dynamodb:GetItem on {TABLE}"]
    assert evaluation.unneeded == [f"handler: dynamodb:Query on {TABLE}"]


def test_request_that_is_not_allowed_is_named() -> None:
    (wrong,) = evaluated({"Action": "dynamodb:Query", "Resource": TABLE}, read()).wrong

    assert wrong.startswith("the handler reads: must be allowed dynamodb:GetItem")


def test_request_that_is_allowed_and_must_not_be_is_named() -> None:
    statement = {"Action": "dynamodb:*", "Resource": TABLE}
    (wrong,) = evaluated(statement, read(must_be_allowed=False)).wrong

    assert "must not be allowed" in wrong


def test_condition_is_needed_only_if_a_request_must_be_denied_without_it() -> None:
    statement = {
        "Action": "dynamodb:GetItem",
        "Resource": TABLE,
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }
    secure = read(context={"aws:SecureTransport": "true"})
    plain = read(context={"aws:SecureTransport": "false"}, must_be_allowed=False)

    assert [each for each in evaluated(statement, secure).unneeded if "condition" in each]
    assert evaluated(statement, secure, plain).unneeded == []


def test_condition_key_or_action_that_does_not_exist_is_an_error() -> None:
    statement = {"Action": "dynamodb:*", "Resource": TABLE}
    (unknown_key,) = evaluated(statement, read(context={"s3:prefix": "reviews/"})).wrong
    (unknown_action,) = evaluated(statement, read(action="dynamodb:GetItems")).wrong

    assert "AWS does not define the condition keys s3:prefix" in unknown_key
    assert "invalid.action" in unknown_action


def test_encryption_context_is_compared() -> None:
    name = "kms:EncryptionContext:aws:sqs:arn"
    statement = {
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"ArnLike": {name: "arn:aws:sqs:eu-west-1:111122223333:*"}},
    }
    admits_account = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }

    def decrypt(queue: str, *, allowed: bool) -> Request:
        return read(
            action="kms:Decrypt",
            resource=KEY,
            context={name: f"arn:aws:sqs:eu-west-1:{queue}"},
            resource_policy="key",
            must_be_allowed=allowed,
        )

    policies = {
        "handler": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]},
        "key": admits_account,
    }
    requests = [
        decrypt("111122223333:queue", allowed=True),
        decrypt("999999999999:queue", allowed=False),
    ]

    assert evaluate(policies, requests).wrong == []

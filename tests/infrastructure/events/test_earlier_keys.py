"""Another encryption key in a running stack: what the earlier one encrypted stays readable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from human_loop_events import DeliverySettings, HumanLoopEvents, OutputLocation
from tests.infrastructure.cases import ACCOUNT, REGION, new_app

OLD, NEW = (
    f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{n:08}-0000-0000-0000-000000000000" for n in (1, 2)
)


def loops(earlier: Any) -> HumanLoopEvents:
    stack = Stack(new_app(), "Loops")
    keys = [
        kms.Key.from_key_arn(stack, f"Old{n}", each) if isinstance(each, str) else each
        for n, each in enumerate(earlier)
    ]
    return HumanLoopEvents(
        stack,
        "Loops",
        output=OutputLocation(s3.Bucket.from_bucket_name(stack, "Output", "reviews")),
        delivery=DeliverySettings(
            encryption_key=kms.Key.from_key_arn(stack, "New", NEW), earlier_encryption_keys=keys
        ),
    )


def test_functions_and_consumers_may_decrypt_with_the_earlier_key_only() -> None:
    human_loops = loops([OLD])
    human_loops.add_callbacks()
    stack = Stack.of(human_loops)
    consumer = iam.Role(stack, "Consumer", assumed_by=iam.AccountRootPrincipal())
    human_loops.grant_consume(consumer)
    template = Template.from_stack(stack)
    policies = {
        **template.find_resources("AWS::IAM::ManagedPolicy"),
        **template.find_resources("AWS::IAM::Policy"),
    }
    with_key = {
        name: [
            each["Action"]
            for each in policy["Properties"]["PolicyDocument"]["Statement"]
            if OLD in json.dumps(each["Resource"])
        ]
        for name, policy in policies.items()
        if OLD in json.dumps(policy)
    }
    assert len(with_key) == 4, "handler, reconciler, callbacks, consumer"
    assert {action for actions in with_key.values() for action in actions} == {"kms:Decrypt"}
    statements = json.dumps([*policies.values()])
    for service in ("dynamodb", "s3", "sqs"):
        assert f'"kms:ViaService": "{service}.{REGION}.amazonaws.com"' in statements


@pytest.mark.parametrize(
    ("earlier", "says"),
    [
        ([NEW], "expected keys that were used before encryption_key, got encryption_key itself"),
        ([5], "earlier_encryption_keys: expected a list with a key, such as kms.Key"),
        ([None], "earlier_encryption_keys: expected a list with a key, such as kms.Key"),
    ],
)
def test_key_that_was_not_used_before_is_refused(earlier: list[Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        loops(earlier)

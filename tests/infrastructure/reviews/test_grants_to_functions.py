"""A user's grants to the functions of the constructs are in the template, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match, Template

from human_loop_events import HumanLoopEvents
from tests.infrastructure.cases import CASES, new_app, synthesize

FUNCTIONS: dict[str, Callable[[HumanLoopEvents], lambda_.IFunction]] = {
    "handler": lambda loops: loops.handler,
    "reconciler": lambda loops: loops.reconciler.function,
    "callbacks": lambda loops: loops.add_callbacks().function,
}


def _inline_policies(stack: Stack) -> list[dict[str, Any]]:
    found = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    return [policy["Properties"] for policy in found.values()]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_grant_to_a_function_is_one_policy_with_exactly_its_statements(name: str) -> None:
    stack = Stack(new_app(), "Loops")
    loops = HumanLoopEvents(stack, "HumanLoops")
    function = FUNCTIONS[name](loops)
    table = dynamodb.Table(
        stack,
        "Table",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
    )

    table.grant_read_data(function).assert_success()
    function.add_to_role_policy(
        iam.PolicyStatement(actions=["ssm:GetParameter"], resources=["arn:aws:ssm:::parameter/p"])
    )

    (policy,) = _inline_policies(stack)
    reading, parameter = policy["PolicyDocument"]["Statement"]
    assert "dynamodb:Scan" in reading["Action"]
    assert parameter["Action"] == "ssm:GetParameter"
    (role,) = policy["Roles"]
    assert stack.resolve(function.role.role_name if function.role else None) == role


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_keeps_tracing_and_its_dead_letter_queue(name: str) -> None:
    stack = Stack(new_app(), "Loops")
    function = FUNCTIONS[name](HumanLoopEvents(stack, "HumanLoops"))

    resource = Template.from_stack(stack).to_json()["Resources"][
        stack.get_logical_id(function.node.default_child)  # type: ignore[arg-type]
    ]["Properties"]

    assert resource["TracingConfig"] == {"Mode": "Active"}
    assert "Fn::GetAtt" in resource["DeadLetterConfig"]["TargetArn"]


def test_own_function_with_a_dead_letter_queue_raises_no_warning() -> None:
    stack = Stack(new_app(), "Loops")
    HumanLoopEvents(stack, "HumanLoops")

    about_queues = Match.string_like_regexp("has no dead_letter_queue")
    assert Annotations.from_stack(stack).find_warning("*", about_queues) == []


def test_no_case_has_an_inline_policy_of_the_constructs() -> None:
    functions = 0
    for case in CASES:
        synthesized = synthesize(case.name)
        functions += len(set(synthesized.of_type("AWS::Lambda::Function")) & synthesized.own)
        inline = {
            logical_id: json.dumps(policy)[:200]
            for logical_id, policy in synthesized.of_type("AWS::IAM::Policy").items()
            if logical_id in synthesized.own
        }
        assert inline == {}, case.name
    assert functions > len(CASES)

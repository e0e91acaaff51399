"""What is supplied works where AWS can do it: aliases, other accounts, other stacks, own ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import Environment, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Match, Template
from constructs import Construct

from human_loop_events import (
    Alerts,
    AlertsSettings,
    Delivery,
    DeliverySettings,
    HumanLoopEvents,
    HumanLoopFilter,
    OutputLocation,
    StatusEvents,
)
from tests.infrastructure.cases import ACCOUNT, REGION, new_app

OTHER = "999988887777"


def _stack(**environment: str) -> Stack:
    env = Environment(**{"account": ACCOUNT, "region": REGION, **environment})
    return Stack(new_app(), "Loops", env=env)


def _events(scope: Construct, **arguments: Any) -> StatusEvents:
    return StatusEvents(scope, "Loops", filter=HumanLoopFilter(), **arguments)


def _loops(stack: Stack, **arguments: Any) -> HumanLoopEvents:
    output = OutputLocation(s3.Bucket(stack, "Output"))
    return HumanLoopEvents(stack, "HumanLoops", output=output, **arguments)


def _function(scope: Construct, function_id: str) -> lambda_.Function:
    return lambda_.Function(
        scope,
        function_id,
        code=lambda_.Code.from_inline("def handle(event, context): pass"),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
    )


def _resources(stack: Stack) -> Mapping[str, Any]:
    resources: Mapping[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return resources


def test_alias_of_the_app_stands_for_its_key() -> None:
    stack = _stack()
    alias = kms.Alias(stack, "Alias", alias_name="alias/reviews", target_key=kms.Key(stack, "Mine"))
    _loops(stack, delivery=DeliverySettings(encryption_key=alias))

    resources = _resources(stack)
    naming = [
        name
        for name, each in resources.items()
        if "alias/reviews" in json.dumps(each) and each["Type"] != "AWS::KMS::Alias"
    ]
    assert naming == []
    assert [each["Type"] for each in resources.values()].count("AWS::KMS::Key") == 1


def test_key_of_a_supplied_topic_can_be_an_alias_of_the_app() -> None:
    stack = _stack()
    alias = kms.Alias(stack, "Alias", alias_name="alias/reviews", target_key=kms.Key(stack, "Mine"))
    _events(stack).add_topic(sns.Topic(stack, "Topic", master_key=alias))

    policies = [
        json.dumps(each)
        for each in _resources(stack).values()
        if each["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    assert len(policies) == 1
    assert "Mine" in policies[0]
    assert "alias/" not in policies[0]


def test_bus_by_arn_is_accepted_in_a_stack_without_an_environment() -> None:
    stack = Stack(new_app(), "Loops")
    bus = events.EventBus.from_event_bus_arn(
        stack, "Bus", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/reviews"
    )
    _events(stack, event_bus=bus).alert_on_failure()

    Template.from_stack(stack).has_resource_properties(
        "AWS::Events::Rule", {"EventBusName": "reviews"}
    )


@pytest.mark.parametrize(
    ("service", "action"), [("sqs", "sqs:SendMessage"), ("lambda", "lambda:InvokeFunction")]
)
def test_target_of_another_account_is_reached_with_the_role(service: str, action: str) -> None:
    stack = _stack()
    rules = _events(stack)
    if service == "sqs":
        arn = f"arn:aws:sqs:{REGION}:{OTHER}:theirs"
        rules.add_queue(sqs.Queue.from_queue_arn(stack, "Queue", arn))
    else:
        arn = f"arn:aws:lambda:{REGION}:{OTHER}:function:theirs"
        rules.add_function(lambda_.Function.from_function_arn(stack, "Function", arn))

    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::Events::Rule",
        {"Targets": [Match.object_like({"Arn": arn, "RoleArn": Match.any_value()})]},
    )
    template.has_resource_properties(
        "AWS::IAM::ManagedPolicy",
        {
            "PolicyDocument": Match.object_like(
                {"Statement": [Match.object_like({"Action": action, "Resource": arn})]}
            )
        },
    )


def test_key_queue_and_topic_can_be_shared_by_two_stacks() -> None:
    app = new_app()
    first = Stack(app, "First", env=Environment(account=ACCOUNT, region=REGION))
    second = Stack(app, "Second", env=Environment(account=ACCOUNT, region=REGION))
    theirs = _loops(first)
    ours = _loops(
        second,
        delivery=DeliverySettings(
            encryption_key=theirs.delivery.encryption_key,
            dead_letter_queue=theirs.delivery.dead_letter_queue,
        ),
        alerts=AlertsSettings(topic=theirs.alerts.topic),
    )

    app.synth()
    assert [each["Type"] for each in _resources(second).values()].count("AWS::KMS::Key") == 0
    assert ours.alerts.topic.node.path == theirs.alerts.topic.node.path


def test_ids_of_users_do_not_collide_with_those_of_the_construct() -> None:
    stack = _stack()
    loops = _loops(stack)
    page = targets.SnsTopic(sns.Topic(stack, "Page"))
    ours = [each.node.id for each in loops.status_events.node.children]
    assert {"Failed", "StatusChange", "Topic", "Queue"} <= set(ours)

    for each in ours:
        loops.on_failed(each, target=page)
    for outcome in ("Function", "Role", "Policy", "Ledger", "Logs"):
        loops.on_outcome(outcome, target=page)
    loops.add_callbacks()
    loops.on_outcome("CallbacksOutcomes", target=page)
    loops.alerts.add_alarm(
        loops.handler,
        "Errors",
        cloudwatch.Metric(namespace="Mine", metric_name="Mine"),
        description="Mine.",
        section="Mine",
    )


def test_functions_with_one_id_can_be_targets_of_one_rule() -> None:
    stack = _stack()
    loops = _loops(stack)

    for parent in ("First", "Second"):
        loops.status_events.add_function(_function(Construct(stack, parent), "Function"))

    permissions = Template.from_stack(stack).find_resources("AWS::Lambda::Permission")
    assert len(permissions) == 4  # of the handler and the reconciler too


def test_function_can_be_a_target_of_a_rule_twice() -> None:
    stack = _stack()
    function = _function(stack, "Function")
    rules = _events(stack)
    for _ in range(2):
        rules.add_target(rules.delivery.function_target(function))

    assert len(Template.from_stack(stack).find_resources("AWS::Lambda::Permission")) == 1


def test_two_constructs_with_different_loops_raise_no_warning() -> None:
    app = new_app()
    for region in (REGION, "us-east-1"):
        stack = Stack(app, f"Loops-{region}", env=Environment(account=ACCOUNT, region=region))
        alerts = Alerts(stack, "Alerts")
        delivery = Delivery(stack, "Delivery")
        _events(stack, alerts=alerts, delivery=delivery).alert_on_failure()

    messages = [str(each.entry.data) for stack in app.synth().stacks for each in stack.messages]
    assert [each for each in messages if "same human loops" in each] == []

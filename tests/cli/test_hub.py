"""The command line on the stacks of a hub and of a spoke."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.cli.conftest import ACCOUNT, REGION, Stack, event, run, run_json

BUS = f"arn:aws:events:eu-central-1:{ACCOUNT}:event-bus/reviews-hub"


@pytest.fixture
def events(stack: Stack) -> Any:
    """EventBridge with the rule of a spoke, whose events come to a queue here."""
    boto3.client("events", region_name="eu-central-1").create_event_bus(Name="reviews-hub")
    stack.add_rule(BUS, f"arn:aws:sqs:{REGION}:{ACCOUNT}:Queue")
    assert stack.loops_in("Queue") == []
    return stack.events


@pytest.mark.usefixtures("events")
def test_event_that_did_not_reach_the_hub_is_forwarded_again(stack: Stack) -> None:
    body = {**event("lost"), "time": "2026-03-14T11:30:05Z", "resources": ["arn:loop"]}
    stack.put_body(
        "DeadLetterQueue",
        json.dumps(body),
        RULE_ARN=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StatusChange",
        TARGET_ARN=BUS,
        ERROR_CODE="NO_PERMISSIONS",
    )

    (row,) = run_json("dead-letters", "redrive", "--dry-run")
    assert row["destination"] == "event bus default"
    run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue")

    (message,) = stack.messages("Queue")
    forwarded = json.loads(message.body)
    assert forwarded["source"] == "human-loop-events"
    assert forwarded["detail"] == body["detail"]
    assert forwarded["time"] == "2026-03-14T11:30:05Z"
    assert stack.loops_in("DeadLetterQueue") == []


def test_event_stays_if_no_rule_would_forward_it(stack: Stack, events: Any) -> None:
    events.disable_rule(Name="StatusChange")
    stack.put_of_rule("disabled", BUS)
    (report,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert report["notRedriven"][0]["problem"] == "rule StatusChange is disabled"

    stack.rules.remove("StatusChange")
    stack.let_time_pass()
    (report,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert "is no rule of stack HumanLoops" in report["notRedriven"][0]["problem"]
    assert stack.loops_in("DeadLetterQueue") == ["disabled"]


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("body", ["not JSON", "[]", '{"detail-type": "Endpoint State Change"}'])
def test_other_event_cannot_be_put_on_a_bus(stack: Stack, body: str) -> None:
    stack.put_body(
        "DeadLetterQueue",
        body,
        RULE_ARN=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StatusChange",
        TARGET_ARN=BUS,
    )
    (report,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert "only the events of human loops" in report["notRedriven"][0]["problem"]
    assert len(stack.messages("DeadLetterQueue")) == 1


def test_name_of_a_flow_definition_is_not_enough_in_a_hub(stack: Stack) -> None:
    stack.outputs["HubEventBusArn"] = BUS
    result = run("status", "--flow", "invoices")
    assert result.exit_code != 0
    assert "HumanLoops is a hub" in result.output
    assert "Give the ARN" in result.output


def test_status_of_a_spoke_names_the_hub(stack: Stack) -> None:
    stack.outputs = {
        "DeadLetterQueueUrl": stack.outputs["DeadLetterQueueUrl"],
        "HubEventBusArn": BUS,
        "OutputRoleArn": "arn",
    }
    result = run("status")
    assert result.exit_code != 0
    assert "HumanLoops is a spoke and has no output LedgerTableName" in result.output
    assert "reviews-hub" in result.output


def test_stack_of_a_spoke_is_offered(stack: Stack) -> None:
    stack.outputs = {"DeadLetterQueueUrl": "u", "HubEventBusArn": BUS, "OutputRoleArn": "arn"}
    result = run("status", "--stack", "Wrong")
    assert "These look right: HumanLoops." in result.output


@pytest.mark.parametrize("of_spoke", [False, True], ids=["hub", "spoke"])
def test_hub_and_spoke_cannot_be_verified(stack: Stack, of_spoke: bool) -> None:
    stack.outputs |= {"HubEventBusArn": BUS, **({"OutputRoleArn": "arn"} if of_spoke else {})}
    result = run("verify")
    assert result.exit_code == 1
    assert "HumanLoops is a hub or a spoke" in " ".join(result.output.split())


def test_resend_in_a_hub_names_where_to_do_it(stack: Stack) -> None:
    stack.outputs["HubEventBusArn"] = BUS
    result = run("resend", "arn")
    assert result.exit_code != 0
    assert "is a hub and has no output ReconcilerName" in " ".join(result.output.split())

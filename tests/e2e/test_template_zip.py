"""The template without assets, deployed with plain CloudFormation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.cases import human_loop_event
from local.emulator import Emulator
from local.mailbox import Mailbox
from local.sending import send_event
from stacks.events_template import events_template

STACK = "HumanLoopEventsTemplate"


@pytest.fixture(scope="module")
def outputs(emulator: Emulator) -> dict[str, str]:
    """Create the stack as a team without CDK does, and return its outputs."""
    cloudformation = emulator.client("cloudformation")
    parameters = {
        "FlowDefinitionNames": "standalone-a,standalone-b",
        "AlertEmail": "ml-oncall@example.com",
        "FailedLoopsThreshold": "3",
        "Runbook": "https://wiki.example.com/loops",
    }
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(events_template()),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


@pytest.fixture(scope="module")
def arrived(emulator: Emulator, outputs: dict[str, str]) -> dict[str, list[str]]:
    """Return what came to each place after four human loops ended."""
    boxes = {
        "topic": Mailbox.subscribed(emulator, outputs["TopicArn"]),
        "queue": Mailbox(emulator, outputs["QueueUrl"]),
        "alerts": Mailbox.subscribed(emulator, outputs["AlertsTopicArn"]),
    }
    for name, flow, status in (
        ("loop-1", "standalone-a", "Completed"),
        ("loop-2", "standalone-b", "Failed"),
        ("loop-3", "standalone-b", "InProgress"),
        ("loop-4", "another-standalone-a-of-others", "Completed"),
    ):
        send_event(emulator, human_loop_event(name, flow, status))
    return {name: box.collect() for name, box in boxes.items()}


@pytest.mark.parametrize("place", ["topic", "queue"])
def test_ended_loops_of_the_named_flow_definitions_arrive(
    place: str, arrived: dict[str, list[str]]
) -> None:
    details: list[Any] = [json.loads(message)["detail"] for message in arrived[place]]

    assert sorted(each["humanLoopName"] for each in details) == ["loop-1", "loop-2"]


def test_failed_loop_alerts_with_the_runbook_of_the_parameter(
    arrived: dict[str, list[str]],
) -> None:
    (alert,) = arrived["alerts"]

    assert '"Human loop: loop-2"' in alert
    assert "https://wiki.example.com/loops#failedloops" in alert


def test_address_of_the_parameter_is_subscribed(
    emulator: Emulator, outputs: dict[str, str]
) -> None:
    subscriptions = emulator.client("sns").list_subscriptions_by_topic(
        TopicArn=outputs["AlertsTopicArn"]
    )["Subscriptions"]

    assert [each["Endpoint"] for each in subscriptions if each["Protocol"] == "email"] == [
        "ml-oncall@example.com"
    ]


def test_alarm_has_the_threshold_of_the_parameter(
    emulator: Emulator, outputs: dict[str, str]
) -> None:
    (alarm,) = emulator.client("cloudwatch").describe_alarms(
        AlarmNames=[outputs["FailedLoopsAlarmName"]]
    )["MetricAlarms"]

    assert alarm["Threshold"] == 3
    assert "https://wiki.example.com/loops#failedloops" in alarm["AlarmDescription"]

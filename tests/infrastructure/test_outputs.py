"""Outputs of users' stacks, through which the command line finds the parts."""

from __future__ import annotations

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from human_loop_events import (
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopFilter,
    OutputLocation,
    StatusEvents,
)
from human_loops_cli.stack import read_stack
from tests.infrastructure.cases import new_app


def loops(stack: Stack, construct_id: str = "HumanLoops", **options: object) -> HumanLoopEvents:
    bucket = s3.Bucket.from_bucket_name(stack, f"Output{construct_id}", "reviews")
    return HumanLoopEvents(
        stack,
        construct_id,
        output=OutputLocation(bucket, prefix="x/"),
        **options,  # type: ignore[arg-type]
    )


def outputs(stack: Stack) -> dict[str, object]:
    return {
        name: each["Value"] for name, each in Template.from_stack(stack).find_outputs("*").items()
    }


def test_outputs_have_the_names_that_the_command_line_looks_for() -> None:
    stack = Stack(new_app(), "Loops")
    loops(stack).add_outputs()
    found = outputs(stack)
    assert set(found) == {
        *("AlertsTopicArn", "DeadLetterQueueUrl", "FailedLoopsAlarmName", "FailedRuleName"),
        *("HandlerName", "LedgerTableName", "OutputBucketName", "QueueDeadLetterQueueUrl"),
        *("QueueUrl", "ReconcilerName", "S3OutputPath", "StatusChangeRuleName", "TopicArn"),
    }
    assert found["S3OutputPath"] == "s3://reviews/x/"


def test_parts_that_are_added_later_have_outputs_too() -> None:
    stack = Stack(new_app(), "Loops")
    human_loops = loops(stack, handler_delivery=HandlerDelivery.buffered())
    human_loops.add_outputs()
    human_loops.add_callbacks("Claims-Callbacks")
    human_loops.add_dashboard()
    human_loops.add_archive(retention=Duration.days(7))
    assert {
        *("ClaimsCallbacksName", "ClaimsCallbacksArn", "ClaimsCallbacksDeadLetterQueueUrl"),
        *("DashboardName", "DashboardUrl", "ArchiveArn", "ReplayDestination"),
        *("HandlerQueueUrl", "HandlerQueueDeadLetterQueueUrl"),
    } <= set(outputs(stack))


def test_two_constructs_of_one_stack_have_outputs_with_prefixes() -> None:
    stack = Stack(new_app(), "Loops")
    loops(stack, "Claims").add_outputs(prefix="Claims")
    loops(stack, "Invoices").add_outputs(prefix="Invoices")
    names = set(outputs(stack))
    assert {"ClaimsHandlerName", "InvoicesHandlerName"} <= names
    assert "HandlerName" not in names


def test_fewer_parts_have_fewer_outputs() -> None:
    stack = Stack(new_app(), "Loops")
    events = StatusEvents(stack, "Loops", filter=HumanLoopFilter())
    events.add_outputs()
    events.alert_on_failure()
    assert set(outputs(stack)) == {
        *("AlertsTopicArn", "DeadLetterQueueUrl", "FailedLoopsAlarmName", "FailedRuleName"),
    }


def test_second_construct_without_a_prefix_is_refused() -> None:
    stack = Stack(new_app(), "Loops")
    first, second = loops(stack, "Claims"), loops(stack, "Invoices")
    first.add_outputs()
    with pytest.raises(ValueError, match=r"has the output \w+ already; expected another prefix"):
        second.add_outputs()
    with pytest.raises(ValueError, match=r"Loops/Claims/Events: add_outputs\(\) was called twice"):
        first.add_outputs(prefix="Claims")


@pytest.mark.parametrize("prefix", ["claims", "Claims-", "1", "C" * 64])
def test_prefix_that_is_no_logical_id_is_refused(prefix: str) -> None:
    stack = Stack(new_app(), "Loops")
    with pytest.raises(ValueError, match="prefix: expected a capital letter"):
        loops(stack).add_outputs(prefix=prefix)


def test_command_line_reads_the_outputs_of_each_prefix() -> None:
    stack = Stack(new_app(), "Loops")
    loops(stack, "All").add_outputs()
    loops(stack, "Claims").add_outputs(prefix="Claims")
    deployed = [{"OutputKey": name, "OutputValue": name} for name in outputs(stack)]

    class CloudFormation:
        def describe_stacks(self, **_: object) -> object:
            arn = "arn:aws:cloudformation:eu-west-1:111122223333:stack/Loops/1"
            return {"Stacks": [{"StackName": "Loops", "StackId": arn, "Outputs": deployed}]}

    assert read_stack(CloudFormation(), "Loops")["HandlerName"] == "HandlerName"
    of_claims = read_stack(CloudFormation(), "Loops", "Claims")
    assert of_claims["HandlerName"] == "ClaimsHandlerName"
    assert set(of_claims.outputs) == set(read_stack(CloudFormation(), "Loops").outputs)

"""Executions of Step Functions that wait for human loops, in the example with a state machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from human_loop_events import FlowDefinitions, HumanLoopEvents, HumanLoopTask, OutputLocation
from human_loop_reviews.a2i.event import time_text
from local.a2i_server import A2IServer, Loop
from local.cases import Case, human_loop_event, output_uri
from local.deployment import EmulatedStack
from local.emulator import Emulator
from local.samples import OutputSample
from local.sending import send_event, write_output
from local.waiting import wait_until

FLOW_DEFINITION = "applications"
SAMPLE = OutputSample.named("custom-classifier")


@dataclass(frozen=True)
class Workflow:
    """The deployed state machine, and A2I."""

    emulator: Emulator
    stack: EmulatedStack
    a2i: A2IServer

    def start(self, **request: str) -> str:
        """Start an execution."""
        response = self.emulator.client("stepfunctions").start_execution(
            stateMachineArn=self.stack["StateMachineArn"], input=json.dumps(request)
        )
        arn: str = response["executionArn"]
        return arn

    def review(self, application: str) -> tuple[str, Loop]:
        """Start an execution that starts a loop; return both once the loop runs."""
        execution = self.start(applicationId=application, document="s3://bucket/document")
        name = f"application-{application}"
        assert wait_until(lambda: name in self.a2i.loops)
        return execution, self.a2i.loops[name]

    def end(
        self, loop: Loop, status: str = "Completed", *, document: Any = None, times: int = 1
    ) -> None:
        """End a loop: its output into the bucket, its event onto the bus."""
        uri = output_uri(loop.name, FLOW_DEFINITION) if status == "Completed" else None
        event = human_loop_event(loop.name, FLOW_DEFINITION, status, output_uri=uri)
        event["detail"]["creationTime"] = time_text(loop.creation_time)
        if status == "Failed":
            event["detail"] |= {"failureCode": "Expired", "failureReason": "Nobody came."}
        if uri is not None and document is None:
            write_output(self.emulator, Case(shows="a review", event=event, sample=SAMPLE))
        elif uri is not None:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            self.emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=document)
        loop.status, loop.output_s3_uri = status, uri
        for _ in range(times):
            send_event(self.emulator, event)

    def result(self, execution: str) -> Mapping[str, Any]:
        """Wait until an execution has ended."""
        client = self.emulator.client("stepfunctions")

        def describe() -> Mapping[str, Any]:
            described: Mapping[str, Any] = client.describe_execution(executionArn=execution)
            return described

        assert wait_until(lambda: describe()["status"] != "RUNNING")
        return describe()

    def is_recorded(self, loop: Loop) -> bool:
        """Return whether the ledger has a loop."""
        items = self.emulator.client("dynamodb").scan(TableName=self.stack["LedgerTableName"])
        return any(each["humanLoopArn"]["S"] == loop.arn for each in items["Items"])

    def callbacks(self) -> list[dict[str, Any]]:
        """Return what the table of callbacks holds."""
        table = self.stack["CallbackTableName"]
        items: list[dict[str, Any]] = self.emulator.client("dynamodb").scan(TableName=table)[
            "Items"
        ]
        return items

    def map_of_reviews(self, query_language: sfn.QueryLanguage) -> dict[str, Any]:
        """Return the definition of a Map state with a review in each iteration."""
        review = _review_state(query_language)
        arguments = review["Arguments" if "Arguments" in review else "Parameters"]
        arguments["FunctionName"] = self._callbacks_function()
        states = {
            "Reviews": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "Review",
                    "States": {"Review": review},
                },
                "End": True,
            }
        }
        return {"StartAt": "Reviews", "States": states}

    def _callbacks_function(self) -> str:
        described = self.emulator.client("stepfunctions").describe_state_machine(
            stateMachineArn=self.stack["StateMachineArn"]
        )
        review = json.loads(described["definition"])["States"]["Review"]
        function: str = review["Parameters"]["FunctionName"]
        return function


def _review_state(query_language: sfn.QueryLanguage) -> dict[str, Any]:
    """Return the state of a `HumanLoopTask`, as it enters in each iteration at one time."""
    stack = Stack(App(analytics_reporting=False), "Map")
    loops = HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.from_names(FLOW_DEFINITION),
        output=OutputLocation(s3.Bucket.from_bucket_name(stack, "Output", "outputs")),
    )
    document = {
        sfn.QueryLanguage.JSONATA: "{% $states.input.document %}",
        sfn.QueryLanguage.JSON_PATH: sfn.JsonPath.string_at("$.document"),
    }[query_language]
    task = HumanLoopTask(
        stack,
        "Review",
        callbacks=loops.add_callbacks(),
        flow_definition=FLOW_DEFINITION,
        input_content=sfn.TaskInput.from_object({"taskObject": document}),
        query_language=query_language,
    )
    state = json.dumps(stack.resolve(task.to_state_json()))
    assert "State.EnteredTime" in state
    # The emulator's iterations can enter a millisecond apart. The execution starts at one time.
    review: dict[str, Any] = json.loads(state.replace("State.EnteredTime", "Execution.StartTime"))
    return {**review, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": True}


@pytest.fixture(scope="module")
def workflow(emulator: Emulator, applications: EmulatedStack, a2i: A2IServer) -> Workflow:
    a2i.flow_definitions.add(FLOW_DEFINITION)
    return Workflow(emulator, applications, a2i)


def test_completed_loop_resumes_the_execution_with_its_outcome(workflow: Workflow) -> None:
    execution, loop = workflow.review("1")
    assert len(workflow.callbacks()) == 1
    workflow.end(loop, times=3)

    result = workflow.result(execution)
    assert result["status"] == "SUCCEEDED"
    output = json.loads(result["output"])
    assert output["applicationId"] == "1"
    assert output["review"]["humanLoopArn"] == loop.arn
    assert output["review"]["outputS3Uri"] == loop.output_s3_uri
    assert output["review"]["answerCount"] == len(SAMPLE.document["humanAnswers"])
    assert wait_until(lambda: workflow.callbacks() == [])


def test_failed_loop_is_an_error_that_the_state_machine_catches(workflow: Workflow) -> None:
    execution, loop = workflow.review("2")
    workflow.end(loop, "Failed")

    result = workflow.result(execution)
    assert result["status"] == "SUCCEEDED"
    assert json.loads(result["output"])["error"] == {
        "Error": "HumanLoop.Failed.Expired",
        "Cause": "Nobody came.",
    }


def test_stopped_loop_fails_the_execution(workflow: Workflow) -> None:
    execution, loop = workflow.review("3")
    workflow.end(loop, "Stopped")

    result = workflow.result(execution)
    assert (result["status"], result["error"]) == ("FAILED", "HumanLoop.Stopped")


def test_unreadable_output_fails_the_execution_with_the_reason(workflow: Workflow) -> None:
    execution, loop = workflow.review("4")
    workflow.end(loop, document=b"[]")

    result = workflow.result(execution)
    assert (result["status"], result["error"]) == ("FAILED", "HumanLoop.Unreadable")
    assert loop.arn in result["cause"]


def test_loop_that_ended_before_resumes_at_once(workflow: Workflow) -> None:
    loop = workflow.a2i.add(Loop("started-before", FLOW_DEFINITION, "InProgress"))
    workflow.end(loop, "Stopped")
    assert wait_until(lambda: workflow.is_recorded(loop))

    result = workflow.result(workflow.start(humanLoopArn=loop.arn))
    assert result["status"] == "SUCCEEDED"
    assert json.loads(result["output"])["review"]["humanLoopStatus"] == "Stopped"


def test_loop_that_was_started_before_is_waited_for(workflow: Workflow) -> None:
    loop = workflow.a2i.add(Loop("running", FLOW_DEFINITION, "InProgress"))
    execution = workflow.start(humanLoopArn=loop.arn)
    assert wait_until(lambda: len(workflow.callbacks()) == 1)
    workflow.end(loop)

    assert workflow.result(execution)["status"] == "SUCCEEDED"


def test_loop_that_cannot_be_started_fails_the_execution(workflow: Workflow) -> None:
    workflow.a2i.add(Loop("application-5", FLOW_DEFINITION, "InProgress"))
    execution = workflow.start(applicationId="5", document="s3://bucket/document")

    result = workflow.result(execution)
    assert (result["status"], result["error"]) == ("FAILED", "HumanLoop.NotStarted")


def test_throttled_start_is_retried(workflow: Workflow) -> None:
    workflow.a2i.fail("ThrottlingException")
    execution, loop = workflow.review("6")
    workflow.end(loop)

    assert workflow.result(execution)["status"] == "SUCCEEDED"


def test_no_log_has_a_token(workflow: Workflow) -> None:
    execution, loop = workflow.review("7")
    (callback,) = workflow.callbacks()
    workflow.end(loop)
    workflow.result(execution)

    logs = workflow.emulator.client("logs")
    lines = [
        event["message"]
        for group in logs.describe_log_groups()["logGroups"]
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"]
        )
        for event in page["events"]
    ]
    assert any('"ResumedExecutions":1' in line for line in lines)
    assert not any(callback["taskToken"]["S"] in line for line in lines)


@pytest.mark.parametrize("query_language", sfn.QueryLanguage)
def test_iterations_of_a_map_that_enter_together_with_equal_input_are_both_resumed(
    workflow: Workflow, query_language: sfn.QueryLanguage
) -> None:
    document = f"s3://bucket/{query_language.name}"
    client = workflow.emulator.client("stepfunctions")
    machine = client.create_state_machine(
        name=f"Map-{query_language.name}",
        definition=json.dumps(workflow.map_of_reviews(query_language)),
        roleArn="arn:aws:iam::000000000000:role/Map",
    )["stateMachineArn"]
    earlier = set(workflow.a2i.loops)
    execution = client.start_execution(
        stateMachineArn=machine, input=json.dumps({"items": [{"document": document}] * 2})
    )["executionArn"]

    assert wait_until(lambda: len(workflow.callbacks()) == 2)
    assert len({each["taskToken"]["S"] for each in workflow.callbacks()}) == 2
    (name,) = set(workflow.a2i.loops) - earlier
    loop = workflow.a2i.loops[name]
    workflow.end(loop)

    result = workflow.result(execution)
    assert result["status"] == "SUCCEEDED"
    assert [each["humanLoopArn"] for each in json.loads(result["output"])] == [loop.arn, loop.arn]
    assert wait_until(lambda: workflow.callbacks() == [])

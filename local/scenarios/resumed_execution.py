"""Runs an execution of Step Functions that waits for a review, and resumes with its outcome."""

from __future__ import annotations

import json
from typing import Any

from human_loop_reviews.a2i.event import time_text
from local.a2i_server import Loop
from local.cases import Case, human_loop_event, output_uri
from local.emulator import ACCOUNT
from local.report import table
from local.samples import OutputSample
from local.scenario import DemoEnvironment, Result, Scenario
from local.scenarios.redrive import CONFIGURATION, DEPLOYMENT, FLOW_DEFINITION
from local.sending import send_event, write_output
from local.waiting import wait_until

_LOOP = "claim-2202"
_SHOWN = ("humanLoopName", "humanLoopStatus", "fieldsJudged", "fieldsCorrect", "agreement")


def run(environment: DemoEnvironment) -> Result:
    """Start an execution that starts a loop, end the loop, and wait for the execution."""
    environment.a2i.flow_definitions.add(FLOW_DEFINITION)
    step_functions = environment.emulator.client("stepfunctions")
    machine = step_functions.create_state_machine(
        name="claims",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/claims",
        definition=json.dumps(_definition(environment.stacks[DEPLOYMENT]["CallbacksArn"])),
    )
    execution = step_functions.start_execution(
        stateMachineArn=machine["stateMachineArn"],
        input=json.dumps({"claim": _LOOP, "document": "s3://example-claims/2202.png"}),
    )["executionArn"]

    def described() -> dict[str, Any]:
        answer: dict[str, Any] = step_functions.describe_execution(executionArn=execution)
        return answer

    wait_until(lambda: _LOOP in environment.a2i.loops)
    waited = described()["status"]
    if _LOOP in environment.a2i.loops:
        _end(environment, environment.a2i.loops[_LOOP])
    wait_until(lambda: described()["status"] != "RUNNING")
    ended = described()
    outcome = json.loads(ended.get("output", "{}"))
    succeeded = (waited, ended["status"]) == ("RUNNING", "SUCCEEDED")
    expected = {"humanLoopName": _LOOP, "humanLoopStatus": "Completed"}
    right = succeeded and expected.items() <= outcome.items() and outcome["fieldsJudged"] > 0
    return Result(
        shown="\n\n".join(
            [
                f"An execution waited for {_LOOP}, and resumed with the outcome of its review:",
                table(["property", "value"], [[name, str(outcome.get(name))] for name in _SHOWN]),
            ]
        ),
        counted=f"{int(succeeded)} resumed",
        differences=[] if right else [f"{execution}: expected the outcome of {_LOOP}, got {ended}"],
    )


def _definition(callbacks_arn: str) -> dict[str, Any]:
    """Return the state machine in docs/step-functions.md for use without CDK."""
    return {
        "StartAt": "Review",
        "States": {
            "Review": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "TimeoutSeconds": 3600,
                "Parameters": {
                    "FunctionName": callbacks_arn,
                    "Payload": {
                        "taskToken.$": "$$.Task.Token",
                        "stateEntry.$": "$$.Execution.Id",
                        "timeoutSeconds": 3600,
                        "flowDefinition": FLOW_DEFINITION,
                        "humanLoopName.$": "$.claim",
                        "inputContent": {"taskObject.$": "$.document"},
                    },
                },
                "End": True,
            }
        },
    }


def _end(environment: DemoEnvironment, loop: Loop) -> None:
    uri = output_uri(loop.name, FLOW_DEFINITION)
    event = human_loop_event(loop.name, FLOW_DEFINITION, "Completed", output_uri=uri)
    event["detail"]["creationTime"] = time_text(loop.creation_time)
    sample = OutputSample.named("textract-invoice")
    case = Case(shows="resumes an execution", event=event, sample=sample)
    write_output(environment.emulator, case)
    loop.status, loop.output_s3_uri = "Completed", uri
    send_event(environment.emulator, event)


SCENARIO = Scenario(
    title="Running an execution of Step Functions that waits for a review",
    deployment=DEPLOYMENT,
    configuration=CONFIGURATION,
    run=run,
)

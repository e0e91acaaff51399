"""What lets executions wait for human loops: the state, the function and the table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template

from human_loop_events import (
    FlowDefinitions,
    HumanLoopCallbacks,
    HumanLoopEvents,
    HumanLoopStatus,
    HumanLoopTask,
    OutputLocation,
)
from human_loop_reviews.callback_contract import CallbackError, CallbackKey
from human_loop_reviews.callbacks.request import NewLoop, parse_request
from tests.infrastructure.cases import new_app, synthesize
from tests.infrastructure.templates import callbacks as callbacks_of
from tests.infrastructure.templates import tables_of_tokens

INPUT = sfn.TaskInput.from_object({"taskObject": "s3://bucket/document"})


@pytest.fixture(scope="module")
def callbacks() -> HumanLoopCallbacks:
    return _loops(FlowDefinitions.from_names("claims")).add_callbacks()


def _loops(flow_definitions: FlowDefinitions, **parts: Any) -> HumanLoopEvents:
    stack = Stack(new_app(), "Loops")
    return HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=flow_definitions,
        output=OutputLocation.from_s3_output_path(stack, "Output", "s3://reviews/"),
        **parts,
    )


def _state(callbacks: HumanLoopCallbacks, **parameters: Any) -> dict[str, Any]:
    """Return the definition of a state, as Step Functions reads it."""
    stack = Stack.of(callbacks)
    state_id = f"State{len(stack.node.children)}"
    state = HumanLoopTask(stack, state_id, callbacks=callbacks, **parameters)
    return dict(stack.resolve(state.to_state_json()))


def test_state_starts_a_loop_and_waits(callbacks: HumanLoopCallbacks) -> None:
    state = _state(
        callbacks,
        flow_definition="claims",
        human_loop_name=sfn.JsonPath.format("claim-{}", sfn.JsonPath.string_at("$.id")),
        input_content=INPUT,
        content_classifiers=["FreeOfAdultContent"],
        accept_stopped=True,
        timeout=Duration.hours(2),
        result_path="$.review",
    )

    assert json.dumps(state["Resource"]).endswith(':states:::lambda:invoke.waitForTaskToken"]]}')
    assert state["TimeoutSeconds"] == 7200
    assert state["ResultPath"] == "$.review"
    assert state["Parameters"]["Payload"] == {
        "taskToken.$": "$$.Task.Token",
        "stateEntry.$": (
            "States.Format('{} {} {}', $$.Execution.Id, $$.State.Name, $$.State.EnteredTime)"
        ),
        "timeoutSeconds": 7200,
        "acceptStopped": True,
        "flowDefinition": "claims",
        "humanLoopName.$": "States.Format('claim-{}', $.id)",
        "inputContent": {"taskObject": "s3://bucket/document"},
        "contentClassifiers": ["FreeOfAdultContent"],
    }


def test_payload_is_one_that_the_function_accepts(callbacks: HumanLoopCallbacks) -> None:
    """A payload with what Step Functions fills in: the keys of both sides are the same."""
    started = _state(callbacks, flow_definition="claims", input_content=INPUT)
    awaited = _state(callbacks, human_loop_arn=sfn.JsonPath.string_at("$.arn"))
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:human-loop/one"

    (loop, wait) = (
        parse_request(
            {
                key.removesuffix(".$"): arn if key == "humanLoopArn.$" else value
                for key, value in state["Parameters"]["Payload"].items()
            }
        ).loop
        for state in (started, awaited)
    )
    assert isinstance(loop, NewLoop)
    assert (loop.flow_definition, wait) == ("claims", arn)


def test_state_gives_up_after_eleven_days_by_default(callbacks: HumanLoopCallbacks) -> None:
    state = _state(callbacks, human_loop_arn="arn")
    assert state["TimeoutSeconds"] == 11 * 24 * 3600


def test_state_retries_what_a_retry_can_fix(callbacks: HumanLoopCallbacks) -> None:
    state = _state(callbacks, human_loop_arn="arn")
    errors = [error for retry in state["Retry"] for error in retry["ErrorEquals"]]

    assert "HumanLoop.Unavailable" in errors
    assert {"Lambda.ServiceException", "Lambda.TooManyRequestsException"} <= set(errors)
    page = Path(__file__).parents[3] / "docs" / "step-functions.md"
    assert [each for each in errors if f'"{each}"' not in page.read_text(encoding="utf-8")] == []
    permanent = set(CallbackError) - {CallbackError.UNAVAILABLE}
    assert not permanent & set(errors)


def test_state_in_jsonata_has_the_same_payload(callbacks: HumanLoopCallbacks) -> None:
    state = _state(
        callbacks,
        flow_definition="{% $states.input.flow %}",
        input_content=sfn.TaskInput.from_object({"claim": "{% $states.input.claim %}"}),
        outputs={"review": "{% $states.result %}"},
        query_language=sfn.QueryLanguage.JSONATA,
    )

    payload = state["Arguments"]["Payload"]
    assert payload["taskToken"] == "{% $states.context.Task.Token %}"
    assert payload["stateEntry"] == (
        "{% $states.context.Execution.Id & ' ' & $states.context.State.Name & ' ' & "
        "$states.context.State.EnteredTime %}"
    )
    assert payload.keys() <= set(CallbackKey)
    assert state["Output"] == {"review": "{% $states.result %}"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "expected flow_definition and input_content, to start a loop, or human_loop_arn"),
        ({"flow_definition": "claims"}, "expected flow_definition and input_content"),
        ({"input_content": INPUT}, "expected flow_definition and input_content"),
        (
            {"human_loop_arn": "arn", "flow_definition": "claims"},
            "flow_definition: expected nothing together with human_loop_arn, got 'claims'",
        ),
        (
            {"flow_definition": "invoices", "input_content": INPUT},
            "does not receive the events of 'invoices', so the execution would wait until its "
            "timeout; expected one of claims",
        ),
        (
            {"flow_definition": "claims", "input_content": INPUT, "human_loop_name": "A_b"},
            "human_loop_name: expected 1 to 63 lower-case letters, digits and hyphens, a letter "
            "or digit first and last, got 'A_b'",
        ),
        (
            {"flow_definition": "claims", "input_content": INPUT, "content_classifiers": "Free"},
            "content_classifiers: expected a list",
        ),
    ],
)
def test_state_that_cannot_work_is_refused(
    callbacks: HumanLoopCallbacks, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _state(callbacks, **parameters)


def test_any_flow_definition_is_accepted_where_all_are_watched() -> None:
    callbacks = _loops(FlowDefinitions.all()).add_callbacks()
    state = _state(callbacks, flow_definition="another", input_content=INPUT)
    assert state["Parameters"]["Payload"]["flowDefinition"] == "another"


def test_flow_definition_may_be_given_by_its_arn(callbacks: HumanLoopCallbacks) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/claims"
    _state(callbacks, flow_definition=arn, input_content=INPUT)
    by_arn = _loops(FlowDefinitions.from_arns(arn)).add_callbacks()
    for given in (arn, "claims"):
        _state(by_arn, flow_definition=given, input_content=INPUT)
    with pytest.raises(ValueError, match="expected one of claims"):
        _state(by_arn, flow_definition=arn.replace("eu-west-1", "us-east-1"), input_content=INPUT)


def test_callbacks_need_the_loops_of_all_statuses() -> None:
    loops = _loops(FlowDefinitions.from_names("claims"), statuses=[HumanLoopStatus.COMPLETED])
    with pytest.raises(ValueError, match="does not receive Failed, Stopped loops"):
        loops.add_callbacks()


def test_callbacks_need_the_review_handler() -> None:
    stack = Stack(new_app(), "Own")
    loops = HumanLoopEvents(
        stack, "HumanLoops", handler=_loops(FlowDefinitions.all()).handler, reconciler=False
    )
    with pytest.raises(ValueError, match="handler is your own function"):
        loops.add_callbacks()


def test_outcomes_reach_the_function_with_retries_and_a_dead_letter_queue() -> None:
    synthesized = synthesize("callbacks")
    targets = [
        target
        for rule in synthesized.of_type("AWS::Events::Rule").values()
        for target in rule["Targets"]
        if rule.get("EventPattern", {}).get("detail-type") == ["Human Review Outcome"]
    ]
    assert len(targets) == 2
    functions = {target["Arn"]["Fn::GetAtt"][0] for target in targets}
    assert functions == callbacks_of(synthesized).keys()
    assert all(target["DeadLetterConfig"] and target["RetryPolicy"] for target in targets)


def test_table_of_tokens_is_encrypted_and_goes_with_the_stack() -> None:
    synthesized = synthesize("callbacks")
    tables = [synthesized.resources[each] for each in tables_of_tokens(synthesized)]
    assert len(tables) == 2
    for table in tables:
        assert table["Properties"]["SSESpecification"]["KMSMasterKeyId"]
        assert table["Properties"]["TimeToLiveSpecification"]["Enabled"] is True
        assert "PointInTimeRecoverySpecification" not in table["Properties"]
        assert table["DeletionPolicy"] == "Delete"


def test_only_callbacks_may_read_the_tokens() -> None:
    synthesized = synthesize("callbacks")
    tables = tables_of_tokens(synthesized)
    readers = {
        logical_id: [
            statement
            for statement in properties["PolicyDocument"]["Statement"]
            if any(table in json.dumps(statement["Resource"]) for table in tables)
        ]
        for logical_id, properties in synthesized.of_type(
            "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"
        ).items()
    }
    readers = {logical_id: found for logical_id, found in readers.items() if found}
    assert len(readers) == 2
    for statements in readers.values():
        (statement,) = statements
        assert statement["Action"] == [
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
        ]


@pytest.mark.parametrize("flow_definitions", [("claims",), ()])
def test_loops_of_no_other_flow_definition_may_be_started(
    flow_definitions: tuple[str, ...],
) -> None:
    chosen = (
        FlowDefinitions.from_names(*flow_definitions) if flow_definitions else FlowDefinitions.all()
    )
    loops = _loops(chosen)
    loops.add_callbacks()
    policies = Template.from_stack(Stack.of(loops)).find_resources("AWS::IAM::ManagedPolicy")
    (statement,) = (
        statement
        for policy in policies.values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "sagemaker:StartHumanLoop"
    )
    expected = flow_definitions[0] if flow_definitions else "*"
    assert f"flow-definition/{expected}" in json.dumps(statement["Resource"])

"""Executions that wait for human loops: every order of registration, outcome and failure."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.validate import ParamValidator

from human_loop_reviews.a2i.event import time_text
from human_loop_reviews.aws.callback_table import CallbackTable
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.aws.document_store import DocumentStore
from human_loop_reviews.aws.human_loops import HumanLoops
from human_loop_reviews.aws.recorded_outcomes import RecordedOutcomes
from human_loop_reviews.aws.step_functions import ExecutionNotResumedError, StepFunctions
from human_loop_reviews.callbacks import callbacks as callbacks_module
from human_loop_reviews.callbacks.callbacks import Callbacks, OutcomeNotRecordedError
from human_loop_reviews.callbacks.request import InvalidRequestError
from human_loop_reviews.callbacks.settings import CallbackSettings
from local.a2i_server import A2IServer, Loop, running_a2i
from tests.unit.conftest import BUCKET, World, ended_loop, printed_metrics, sample_output

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:callbacks"
TOKEN = "a-secret-task-token"  # noqa: S105 - made up


class Executions:
    """Step Functions: which tokens are waited with, and how each was resumed."""

    def __init__(self) -> None:
        self.waiting = {TOKEN}
        self.results: dict[str, Any] = {}
        self.refusals: list[Exception] = []
        self._model = boto3.client("stepfunctions").meta.service_model

    def send_task_success(self, **request: str) -> None:
        self._end("SendTaskSuccess", request)
        self.results[request["taskToken"]] = json.loads(request["output"])

    def send_task_failure(self, **request: str) -> None:
        self._end("SendTaskFailure", request)
        self.results[request["taskToken"]] = (request["error"], request["cause"])

    def _end(self, operation: str, request: dict[str, str]) -> None:
        shape = self._model.operation_model(operation).input_shape
        assert not ParamValidator().validate(request, shape).has_errors()
        if self.refusals:
            raise self.refusals.pop(0)
        if request["taskToken"] not in self.waiting:
            raise refusal("TaskTimedOut", f"Invalid Token: {request['taskToken']}")
        self.waiting.remove(request["taskToken"])


@dataclass
class Waiting:
    """The function in a world whose A2I is on loopback."""

    world: World
    a2i: A2IServer
    callbacks: Callbacks
    executions: Executions
    pauses: list[float] = field(default_factory=list)

    def start(self, token: str = TOKEN, **changes: Any) -> None:
        """Register an execution that starts a loop."""
        payload = {
            "taskToken": token,
            "timeoutSeconds": 3600,
            "flowDefinition": "invoices",
            "humanLoopName": "invoice-1",
            "inputContent": {"taskObject": "s3://bucket/document"},
            "stateEntry": "an execution",
        }
        self.callbacks.register(payload | changes, function_arn=FUNCTION)

    def wait_for(self, loop: Loop | str, token: str = TOKEN, **changes: Any) -> None:
        """Register an execution that waits for a loop."""
        arn = loop if isinstance(loop, str) else loop.arn
        payload = {
            "taskToken": token,
            "timeoutSeconds": 3600,
            "humanLoopArn": arn,
            "stateEntry": "an execution",
        }
        self.callbacks.register(payload | changes, function_arn=FUNCTION)

    def loop(self, name: str = "invoice-1", **changes: Any) -> Loop:
        """Return a loop that A2I knows."""
        return self.a2i.loops.get(name) or self.a2i.add(Loop(name, "invoices", **changes))

    def settle(self, loop: Loop, status: str = "Completed", **changes: Any) -> dict[str, Any]:
        """Let a loop end and be recorded; return the outcome that was published."""
        if status == "Completed":
            names = {"humanLoopName": loop.name, "flowDefinitionArn": loop.flow_definition_arn}
            self.world.put_output("output.json", sample_output("textract-invoice", **names))
        event = ended_loop(
            status,
            output_key="output.json" if status == "Completed" else None,
            **{
                "humanLoopArn": loop.arn,
                "humanLoopName": loop.name,
                "flowDefinitionArn": loop.flow_definition_arn,
                "creationTime": time_text(loop.creation_time),
                **changes,
            },
        )
        self.world.settler.settle(event)
        outcome: dict[str, Any] = self.world.outcomes()[-1]["detail"]
        return outcome

    def resume(self, outcome: dict[str, Any]) -> None:
        self.callbacks.resume(outcome["humanLoopArn"], outcome["outcomeId"])

    def end(self, loop: Loop, status: str = "Completed", **changes: Any) -> dict[str, Any]:
        """Let a loop end, be recorded, and its outcome arrive."""
        outcome = self.settle(loop, status, **changes)
        self.resume(outcome)
        return outcome

    def stored(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.world.dynamodb.scan(TableName="callbacks")["Items"]
        return items

    @property
    def result(self) -> Any:
        return self.executions.results.get(TOKEN)


def refusal(code: str, message: str = "no", status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        "Operation",
    )


@pytest.fixture
def waiting(world: World) -> Iterator[Waiting]:
    world.dynamodb.create_table(
        TableName="callbacks",
        KeySchema=[
            {"AttributeName": "humanLoopArn", "KeyType": "HASH"},
            {"AttributeName": "callbackId", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "humanLoopArn", "AttributeType": "S"},
            {"AttributeName": "callbackId", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    executions, pauses = Executions(), list[float]()
    with running_a2i() as server:
        server.flow_definitions |= {"invoices", "claims"}
        runtime = boto3.client(
            "sagemaker-a2i-runtime",
            endpoint_url=server.endpoint,
            config=Config(retries={"total_max_attempts": 1}),
        )
        callbacks = Callbacks(
            settings=CallbackSettings(
                callback_table="callbacks", ledger_table="ledger", flow_definitions=("invoices",)
            ),
            table=CallbackTable(world.dynamodb, "callbacks"),
            outcomes=RecordedOutcomes(world.dynamodb, "ledger"),
            executions=StepFunctions(executions),
            human_loops=HumanLoops(runtime),
            sleep=pauses.append,
        )
        yield Waiting(world, server, callbacks, executions, pauses)


# The usual order


def test_completed_loop_resumes_with_its_outcome(waiting: Waiting) -> None:
    waiting.start()
    assert waiting.result is None
    assert len(waiting.stored()) == 1

    outcome = waiting.end(waiting.a2i.loops["invoice-1"])

    assert waiting.result == outcome
    assert waiting.result["fieldsJudged"] > 0
    assert waiting.result["outputS3Uri"].startswith("s3://")
    assert waiting.stored() == []


@pytest.mark.parametrize("order", ["registered first", "ended first"])
def test_result_names_the_corrected_document(waiting: Waiting, order: str) -> None:
    store = DocumentStore(waiting.world.s3, BUCKET, "corrected/")
    settler = waiting.world.settler._replace(documents=store)
    waiting.world = replace(waiting.world, settler=settler)
    if order == "registered first":
        waiting.start()
        waiting.end(waiting.loop())
    else:  # the result comes from the ledger
        loop = waiting.loop()
        waiting.settle(loop)
        waiting.wait_for(loop)
    uri = waiting.result["correctedDocumentS3Uri"]
    assert uri.startswith(f"s3://{BUCKET}/corrected/invoices/")


@pytest.mark.parametrize(
    ("code", "reason", "error", "cause"),
    [
        ("Expired", "Nobody came.", "HumanLoop.Failed.Expired", "Nobody came."),
        ("A code: (new)", "Why", "HumanLoop.Failed.Acodenew", "Why"),
        (None, None, "HumanLoop.Failed", "The outcome has no failure reason."),
    ],
)
def test_failed_loop_fails_with_its_code_and_reason(
    waiting: Waiting, code: str | None, reason: str | None, error: str, cause: str
) -> None:
    waiting.start()
    waiting.end(waiting.loop(), "Failed", failureCode=code, failureReason=reason)

    assert waiting.result == (error, cause)


def test_stopped_loop_fails_unless_it_is_accepted(waiting: Waiting) -> None:
    waiting.executions.waiting.add("another")
    waiting.start()
    waiting.wait_for(waiting.loop(), "another", acceptStopped=True)
    waiting.end(waiting.loop(), "Stopped")

    assert waiting.result == (
        "HumanLoop.Stopped",
        f"Human loop {waiting.loop().arn} was stopped.",
    )
    assert waiting.executions.results["another"]["humanLoopStatus"] == "Stopped"


def test_unreadable_output_fails_with_the_reason(waiting: Waiting) -> None:
    waiting.start()
    loop = waiting.loop()
    waiting.world.put_output("output.json", "[]")
    event = ended_loop(
        humanLoopArn=loop.arn,
        flowDefinitionArn=loop.flow_definition_arn,
        creationTime=time_text(loop.creation_time),
    )
    with pytest.raises(Exception, match="expected"):
        waiting.world.settler.settle(event)
    waiting.resume(waiting.world.outcomes()[-1]["detail"])

    error, cause = waiting.result
    assert error == "HumanLoop.Unreadable"
    assert f"output of human loop {loop.arn}" in cause


def test_loop_is_started_with_its_input(waiting: Waiting) -> None:
    waiting.start(contentClassifiers=["FreeOfAdultContent"])

    ((operation, request),) = waiting.a2i.requests
    assert (operation, request["HumanLoopName"]) == ("StartHumanLoop", "invoice-1")
    assert json.loads(request["HumanLoopInput"]["InputContent"]) == {
        "taskObject": "s3://bucket/document"
    }
    assert request["DataAttributes"] == {"ContentClassifiers": ["FreeOfAdultContent"]}


def test_loop_without_a_name_gets_one_for_each_entry_of_the_state(waiting: Waiting) -> None:
    waiting.executions.waiting |= {"second", "third"}
    waiting.start(humanLoopName=None)
    waiting.start("second", humanLoopName=None, stateEntry="another execution")
    assert len(waiting.a2i.loops) == 2

    waiting.start("third", humanLoopName=None)
    assert len(waiting.a2i.loops) == 2


def test_fields_are_left_out_of_an_output_that_would_be_too_long(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("human_loop_reviews.callbacks.result.MAX_OUTPUT_BYTES", 2000)
    waiting.start()
    outcome = waiting.end(waiting.loop())

    assert waiting.result == {
        **outcome,
        "fields": [],
        "fieldsLeftOut": len(outcome["fields"]),
    }
    assert outcome["fields"]


# Other orders


def test_loop_that_ended_before_the_registration_resumes_at_once(waiting: Waiting) -> None:
    loop = waiting.loop()
    outcome = waiting.end(loop)
    waiting.wait_for(loop)

    assert waiting.result == outcome
    assert waiting.stored() == []


def test_recovered_outcome_is_the_result_too(waiting: Waiting) -> None:
    loop = waiting.loop(status="Stopped")
    event = ended_loop(
        "Stopped",
        output_key=None,
        source="human-loop-events",
        humanLoopArn=loop.arn,
        flowDefinitionArn=loop.flow_definition_arn,
        creationTime=time_text(loop.creation_time),
    )
    waiting.world.a2i.has(event)
    waiting.world.settler.settle(event)
    (published,) = waiting.world.outcomes()
    waiting.wait_for(loop, acceptStopped=True)

    assert waiting.result == published["detail"]
    assert waiting.result["endTime"] is None


@pytest.mark.parametrize("forged", ["Completed", "Failed", "Stopped"])
def test_forged_end_of_a_loop_leaves_the_execution_waiting(waiting: Waiting, forged: str) -> None:
    waiting.start()
    loop = waiting.loop()
    event = ended_loop(
        forged,
        source="human-loop-events",
        humanLoopArn=loop.arn,
        flowDefinitionArn=loop.flow_definition_arn,
        creationTime="2099-01-01T00:00:00Z",
        failureCode="Forged",
        failureReason="forged",
    )
    waiting.world.a2i.has(event, HumanLoopStatus="InProgress", CreationTime=loop.creation_time)
    waiting.world.settler.settle(event)
    assert waiting.world.outcomes() == []
    assert waiting.result is None
    assert waiting.end(loop) == waiting.result


def test_unconfirmed_outcome_of_the_ledger_resumes_nothing(
    waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    """As an earlier version recorded a forged event."""
    waiting.start()
    loop = waiting.loop()
    outcome = waiting.settle(loop, "Failed")
    item = waiting.world.ledger()[0]
    waiting.world.dynamodb.put_item(
        TableName="ledger",
        Item=item
        | {"eventSource": {"S": "human-loop-events"}, "precedence": {"S": "0 2099-01-01T00 0 1"}},
    )
    with caplog.at_level(logging.INFO), pytest.raises(OutcomeNotRecordedError):
        waiting.resume(outcome)
    waiting.wait_for(loop)
    assert waiting.result is None
    assert "still waiting" in caplog.text


def test_duplicate_outcome_changes_nothing(
    waiting: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting.start()
    outcome = waiting.settle(waiting.loop())
    capsys.readouterr()
    waiting.resume(outcome)
    waiting.resume(outcome)

    assert waiting.result == outcome
    (metric,) = printed_metrics(capsys)
    assert (metric["ResumedExecutions"], metric["FlowDefinition"]) == (1, "invoices")


def test_outcome_nobody_waits_for_ends_quietly(
    waiting: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = waiting.settle(waiting.loop())
    capsys.readouterr()
    waiting.resume(outcome)

    assert waiting.executions.results == {}
    assert printed_metrics(capsys) == []


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_execution_that_no_longer_waits_ends_quietly_with_a_metric(
    waiting: Waiting, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting.start()
    outcome = waiting.settle(waiting.loop())
    capsys.readouterr()
    waiting.executions.refusals.append(refusal(code, f"Invalid Token: {TOKEN}"))
    waiting.resume(outcome)

    assert waiting.stored() == []
    (metric,) = printed_metrics(capsys)
    assert metric["ExecutionsNotWaiting"] == 1


def test_outcome_that_is_published_before_it_is_recorded_is_waited_for(waiting: Waiting) -> None:
    waiting.start()
    loop = waiting.loop()

    def settle(_: float) -> None:
        if not waiting.world.ledger():
            waiting.settle(loop)

    callbacks = replace(waiting.callbacks, sleep=settle)
    callbacks.resume(loop.arn, "not known yet")

    assert waiting.result["humanLoopStatus"] == "Completed"


def test_outcome_that_is_never_recorded_is_an_error(waiting: Waiting) -> None:
    waiting.start()
    with pytest.raises(OutcomeNotRecordedError, match="human-loop/invoice-1: no outcome"):
        waiting.callbacks.resume(waiting.loop().arn, "an id")

    assert sum(waiting.pauses) > 2
    assert len(waiting.stored()) == 1


def test_registration_between_publication_and_record_is_resumed(waiting: Waiting) -> None:
    """An outcome is published, nobody waits, somebody registers, the outcome is recorded."""
    loop = waiting.loop()

    def register(_: float) -> None:
        if not waiting.world.ledger():
            waiting.wait_for(loop)
            assert waiting.result is None
            waiting.settle(loop)

    callbacks = replace(waiting.callbacks, sleep=register)
    callbacks.resume(loop.arn, "not known yet")

    assert waiting.result["humanLoopStatus"] == "Completed"


def test_loop_of_the_same_name_that_was_deleted_is_not_the_one(waiting: Waiting) -> None:
    old = waiting.loop(creation_time=datetime.now(UTC) - timedelta(days=1))
    outcome = waiting.end(old)
    del waiting.a2i.loops[old.name]
    waiting.start()
    waiting.resume(outcome)
    assert waiting.result is None

    new = waiting.end(waiting.a2i.loops["invoice-1"], "Stopped")
    assert waiting.result == ("HumanLoop.Stopped", f"Human loop {new['humanLoopArn']} was stopped.")


# Requests that are refused


@pytest.mark.parametrize(
    ("changes", "error", "cause"),
    [
        ({"flowDefinition": "claims"}, "HumanLoop.NotWatched", "flow-definition/claims"),
        ({"humanLoopName": "Invoice 1"}, "HumanLoop.InvalidRequest", "humanLoopName: expected"),
        ({"humanLoopName": "a" * 64}, "HumanLoop.InvalidRequest", "humanLoopName: expected"),
        ({"inputContent": "text"}, "HumanLoop.InvalidRequest", "inputContent: expected an object"),
        ({"flowDefinition": None}, "HumanLoop.InvalidRequest", "flowDefinition: expected text"),
        ({"timeoutSeconds": 0}, "HumanLoop.InvalidRequest", "timeoutSeconds: expected more"),
        ({"timeoutSeconds": "9"}, "HumanLoop.InvalidRequest", "timeoutSeconds: expected a number"),
        ({"acceptStopped": "no"}, "HumanLoop.InvalidRequest", "acceptStopped: expected true"),
        ({"contentClassifiers": "x"}, "HumanLoop.InvalidRequest", "contentClassifiers: expected"),
        ({"stateEntry": ""}, "HumanLoop.InvalidRequest", "stateEntry: expected text"),
        ({"humanLoopArn": "arn:aws:s3:::x"}, "HumanLoop.InvalidRequest", "humanLoopArn: expected"),
        ({"input": {}}, "HumanLoop.InvalidRequest", "input: expected only"),
    ],
)
def test_request_that_cannot_be_met_fails_the_state(
    waiting: Waiting, changes: dict[str, Any], error: str, cause: str
) -> None:
    waiting.start(**changes)

    assert waiting.result[0] == error
    assert cause in waiting.result[1]
    assert waiting.stored() == []
    assert waiting.a2i.loops == {}


def test_request_to_wait_and_to_start_is_refused(waiting: Waiting) -> None:
    waiting.start(humanLoopArn=waiting.loop().arn)

    assert waiting.result[0] == "HumanLoop.InvalidRequest"
    assert "none together with humanLoopArn" in waiting.result[1]


def test_loop_that_does_not_exist_fails_the_state(waiting: Waiting) -> None:
    arn = Loop("unknown", "invoices").arn
    waiting.wait_for(arn)
    assert waiting.result == ("HumanLoop.NotFound", f"There is no human loop {arn}.")


def test_loop_of_another_account_fails_the_state(waiting: Waiting) -> None:
    waiting.wait_for(waiting.loop().arn.replace("111122223333", "444455556666"))
    assert waiting.result[0] == "HumanLoop.NotFound"


def test_loop_whose_events_are_not_received_fails_the_state(waiting: Waiting) -> None:
    waiting.wait_for(waiting.a2i.add(Loop("claim-1", "claims")))
    assert waiting.result[0] == "HumanLoop.NotWatched"


def test_loop_that_a2i_refuses_to_start_fails_the_state(waiting: Waiting) -> None:
    waiting.a2i.fail("ServiceQuotaExceededException")
    waiting.start()

    assert waiting.result[0] == "HumanLoop.NotStarted"
    assert "ServiceQuotaExceededException" in waiting.result[1]
    assert waiting.stored() == []


def test_name_that_is_taken_fails_the_state(waiting: Waiting) -> None:
    waiting.loop()
    waiting.start()
    assert waiting.result[0] == "HumanLoop.NotStarted"


@pytest.mark.parametrize("payload", [None, [], {}, {"taskToken": ""}, {"taskToken": 1}])
def test_payload_without_a_token_is_an_error(waiting: Waiting, payload: Any) -> None:
    with pytest.raises(InvalidRequestError, match="expected"):
        waiting.callbacks.register(payload, function_arn=FUNCTION)


# Errors that a retry of the state can fix


def lost_answer(waiting: Waiting, error: Exception) -> Callable[..., None]:
    """Start loops, and lose the answers of the first."""
    start, lost = waiting.callbacks.human_loops.start, [error]

    def start_and_lose(*arguments: Any, **options: Any) -> None:
        start(*arguments, **options)
        if lost:
            raise CallError("human loop arn:…:human-loop/invoice-1", lost.pop())

    return start_and_lose


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://a2i"),
        refusal("InternalServerException", status=500),
    ],
)
def test_retry_waits_for_the_loop_that_the_first_attempt_started(
    waiting: Waiting, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting.callbacks.human_loops, "start", lost_answer(waiting, error))
    waiting.executions.waiting.add("the first attempt's token")
    waiting.start("the first attempt's token")
    error_name, cause = waiting.executions.results["the first attempt's token"]
    assert (error_name, "human-loop/invoice-1" in cause) == ("HumanLoop.Unavailable", True)
    waiting.start()
    assert len(waiting.stored()) == 2, "the first attempt's, which Step Functions no longer accepts"
    outcome = waiting.end(waiting.loop())

    assert waiting.result == outcome
    assert waiting.stored() == []


def test_retry_with_the_same_token_waits_too(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ReadTimeoutError(endpoint_url="https://a2i")
    monkeypatch.setattr(waiting.callbacks.human_loops, "start", lost_answer(waiting, error))
    waiting.start()
    assert waiting.result[0] == "HumanLoop.Unavailable"
    waiting.executions.waiting.add(TOKEN)
    waiting.start()

    assert waiting.end(waiting.loop()) == waiting.result


def test_retry_does_not_wait_for_a_loop_of_somebody_else(waiting: Waiting) -> None:
    """The name was taken all along; the first attempt got no answer."""
    waiting.loop(creation_time=datetime.now(UTC) - timedelta(minutes=5))
    waiting.a2i.fail("InternalServerException")
    waiting.start("the first attempt's token")
    waiting.start()

    assert waiting.result[0] == "HumanLoop.NotStarted"
    assert "There is another human loop" in waiting.result[1]
    assert len(waiting.stored()) == 1, "the first attempt's, which expires"


def test_another_execution_does_not_wait_for_the_same_name(waiting: Waiting) -> None:
    waiting.start("another")
    waiting.start(stateEntry="another execution")
    assert waiting.result[0] == "HumanLoop.NotStarted"


def test_throttled_start_leaves_nothing_behind(waiting: Waiting) -> None:
    waiting.a2i.fail("ThrottlingException")
    waiting.start()

    assert waiting.result[0] == "HumanLoop.Unavailable"
    assert "ThrottlingException" in waiting.result[1]
    assert waiting.stored() == []


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException", f"token {TOKEN}"),
        refusal("KmsAccessDeniedException"),
        EndpointConnectionError(endpoint_url="https://states"),
    ],
)
def test_refusal_of_step_functions_is_retried_without_a_word_of_the_token(
    waiting: Waiting, error: Exception
) -> None:
    waiting.start()
    outcome = waiting.settle(waiting.loop())
    waiting.executions.refusals.append(error)
    with pytest.raises(ExecutionNotResumedError) as raised:
        waiting.resume(outcome)
    assert TOKEN not in f"{raised.value!r} {raised.value.__cause__!r}"

    waiting.resume(outcome)
    assert waiting.result == outcome


def test_one_execution_is_resumed_although_another_is_not(waiting: Waiting) -> None:
    waiting.executions.waiting.add("another")
    waiting.start()
    waiting.wait_for(waiting.loop(), "another")
    outcome = waiting.settle(waiting.loop())
    waiting.executions.refusals.append(refusal("ThrottlingException"))
    with pytest.raises(ExecutionNotResumedError):
        waiting.resume(outcome)
    waiting.resume(outcome)

    assert waiting.executions.results == {TOKEN: outcome, "another": outcome}


@pytest.mark.parametrize("operation", ["PutItem", "Query"])
def test_registration_is_repeated_if_dynamodb_does_not_answer(
    waiting: Waiting, operation: str
) -> None:
    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    events = waiting.world.dynamodb.meta.events
    events.register(f"before-call.dynamodb.{operation}", fail)
    waiting.start()
    assert waiting.result[0] == "HumanLoop.Unavailable"
    events.unregister(f"before-call.dynamodb.{operation}", fail)
    waiting.executions.waiting.add(TOKEN)
    waiting.start()

    assert waiting.end(waiting.loop()) == waiting.result


# Secrets


def test_token_and_input_are_in_no_log_and_no_metric(
    waiting: Waiting, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG, logger=callbacks_module.__name__)
    waiting.start()
    waiting.end(waiting.loop())
    waiting.start("another", humanLoopName="taken twice", inputContent={"a": "private"})

    said = capsys.readouterr().out + "".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records
    )
    assert "invoice-1" in said
    for secret in (TOKEN, "another", "private", "s3://bucket/document"):
        assert secret not in said


def test_key_of_a_callback_is_no_token(waiting: Waiting) -> None:
    waiting.start()
    (item,) = waiting.stored()

    assert TOKEN not in item["callbackId"]["S"]
    expiry = datetime.fromtimestamp(int(item["expiresAt"]["N"]), UTC)
    # No execution waits longer, whatever its payload says.
    assert timedelta(days=366) < expiry - datetime.now(UTC) < timedelta(days=367, hours=2)

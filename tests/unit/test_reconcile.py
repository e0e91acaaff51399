"""Reconciling A2I, on loopback, with the ledger."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from human_loop_reviews.a2i.event import parse_event, time_text
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.aws.human_loop_bus import EventBusNotFoundError, HumanLoopBus
from human_loop_reviews.aws.human_loops import HumanLoops, ListedLoop
from human_loop_reviews.aws.human_loops import flow_definition_arn as arn_in_the_environment_of
from human_loop_reviews.aws.reconciler_items import (
    Marker,
    Progress,
    ReconcilerItems,
    Record,
    RecoveryState,
)
from human_loop_reviews.contract import HumanLoopStatus
from human_loop_reviews.reconcile import (
    RESERVE_SECONDS,
    Reconciler,
    ReconcilerRun,
    ReconciliationError,
)
from human_loop_reviews.reconciler_settings import ReconcilerSettings
from local.a2i_server import A2IServer, Loop, flow_definition_arn, running_a2i
from tests.unit.conftest import World, ended_loop, printed_metrics, sample_output

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:reconciler"
ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})


def found(
    missing: int = 0,
    recovered: Sequence[str] = (),
    *,
    different: int = 0,
    unreadable: int = 0,
    complete: bool = True,
) -> dict[str, Any]:
    """Return what a run answers."""
    return {
        "complete": complete,
        "missingLoops": missing,
        "differentLoops": different,
        "unreadableLoops": unreadable,
        "recoveredLoops": [*recovered],
        "unknownFlowDefinitions": [],
    }


@dataclass
class Reconciled:
    """The reconciler in a world whose A2I is on loopback."""

    world: World
    a2i: A2IServer
    reconciler: Reconciler
    events_url: str
    now: datetime = NOW
    remaining: list[float] = field(default_factory=list)
    """What the next looks at the clock say. Enough time after that."""
    runs: int = 0

    def run(self) -> dict[str, Any]:
        return self.reconciler.reconcile(self.new_run())

    def resend(self, *arns: str) -> dict[str, Any]:
        return self.reconciler.resend(arns, self.new_run())

    def new_run(self) -> ReconcilerRun:
        self.runs += 1
        return ReconcilerRun(
            function_arn=FUNCTION,
            function_name="reconciler",
            remaining_seconds=lambda: self.remaining.pop(0) if self.remaining else 900,
            now=lambda: self.now,
            run_id=f"run-{self.runs}",
        )

    def sent(self) -> list[dict[str, Any]]:
        """Take the human loop events that arrived since the last call."""
        taken: list[dict[str, Any]] = []
        while True:
            answer = self.world.sqs.receive_message(
                QueueUrl=self.events_url, MaxNumberOfMessages=10
            )
            if not answer.get("Messages"):
                return taken
            for message in answer["Messages"]:
                taken.append(json.loads(message["Body"]))
                self.world.sqs.delete_message(
                    QueueUrl=self.events_url, ReceiptHandle=message["ReceiptHandle"]
                )

    def loop(self, name: str = "invoice-1", status: str = "Stopped", **fields: Any) -> Loop:
        fields = {"flow_definition": "invoices", "creation_time": NOW - timedelta(days=1), **fields}
        return self.a2i.add(Loop(name=name, status=status, **fields))

    def settings(self, **changes: Any) -> None:
        settings = replace(self.reconciler.settings, **changes)
        self.reconciler = replace(self.reconciler, settings=settings)

    def settle(self, loop: Loop, **detail: Any) -> None:
        """Record a loop in the ledger, as if its event had come."""
        self.world.settler.settle(
            ended_loop(
                loop.status,
                output_key=None,
                humanLoopArn=loop.arn,
                flowDefinitionArn=loop.flow_definition_arn,
                **{"creationTime": time_text(loop.creation_time), **detail},
            )
        )

    def outcomes(self) -> list[dict[str, Any]]:
        """Return the items of the ledger that are outcomes."""
        return [item for item in self.world.ledger() if "outcomeId" in item]

    def describe(self, loop: Loop) -> None:
        """Let A2I say to the handler what it says to the reconciler."""
        self.world.a2i.described[loop.name] = self.a2i.answer(
            "DescribeHumanLoop", {"HumanLoopName": loop.name}
        )

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.a2i.requests]


@pytest.fixture
def reconciled(world: World) -> Iterator[Reconciled]:
    """Give a reconciler that knows the flow definition `invoices` for some time."""
    events = boto3.client("events")
    queue = world.sqs.create_queue(QueueName="loops")["QueueUrl"]
    arn = world.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    pattern = {"detail-type": ["SageMaker A2I HumanLoop Status Change"]}
    events.put_rule(Name="loops", EventPattern=json.dumps(pattern))
    events.put_targets(
        Rule="loops", Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}]
    )
    with running_a2i() as a2i:
        client = boto3.client(
            "sagemaker-a2i-runtime", endpoint_url=a2i.endpoint, config=ONE_ATTEMPT
        )
        sagemaker = boto3.client("sagemaker", endpoint_url=a2i.endpoint, config=ONE_ATTEMPT)
        settings = ReconcilerSettings(
            ledger_table="ledger",
            event_bus="arn:aws:events:eu-west-1:111122223333:event-bus/default",
            flow_definitions=("invoices",),
            statuses=frozenset(HumanLoopStatus),
            look_back=timedelta(days=14),
        )
        it = Reconciled(
            world=world,
            a2i=a2i,
            reconciler=Reconciler(
                settings=settings,
                human_loops=HumanLoops(client, sagemaker),
                items=ReconcilerItems(world.dynamodb, "ledger", settings.look_back),
                bus=HumanLoopBus(events, settings.event_bus),
            ),
            events_url=queue,
        )
        it.a2i.flow_definitions.add("invoices")
        it.run()
        it.a2i.requests.clear()
        yield it


# Two rounds


def test_missing_loop_is_sent_again_in_the_second_round_only(reconciled: Reconciled) -> None:
    loop = reconciled.loop()

    assert reconciled.run() == found(missing=1)
    assert reconciled.sent() == []
    assert reconciled.run() == found(missing=1, recovered=[loop.arn])
    assert len(reconciled.sent()) == 1
    for _ in range(3):
        assert reconciled.run() == found(missing=1)
    assert reconciled.sent() == []


@pytest.mark.parametrize(
    ("status", "fields", "output"),
    [
        ("Completed", {"output_s3_uri": "s3://bucket/a/output.json"}, "s3://bucket/a/output.json"),
        ("Stopped", {}, None),
        ("Failed", {"failure_code": "Expired", "failure_reason": 'No "worker"'}, None),
        ("Failed", {}, None),
    ],
)
def test_event_that_is_sent_has_all_that_the_documented_one_has(
    reconciled: Reconciled, status: str, fields: dict[str, Any], output: str | None
) -> None:
    created = datetime(2026, 3, 13, 9, 12, 44, 318_000, tzinfo=UTC)
    loop = reconciled.loop(status=status, creation_time=created, **fields)
    reconciled.run()
    reconciled.run()

    (event,) = reconciled.sent()
    assert (event["source"], event["resources"]) == ("human-loop-events", [loop.arn])
    assert event["detail"] == {
        "creationTime": "2026-03-13T09:12:44.318Z",
        "failureCode": loop.failure_code,
        "failureReason": loop.failure_reason,
        "flowDefinitionArn": loop.flow_definition_arn,
        "humanLoopArn": loop.arn,
        "humanLoopName": "invoice-1",
        "humanLoopOutput": output and {"outputS3Uri": output},
        "humanLoopStatus": status,
        "recovered": True,
    }
    assert event["detail"].keys() - {"recovered"} == ended_loop()["detail"].keys()
    assert parse_event(event).human_loop_arn == loop.arn


def test_recovered_loop_is_recorded_without_an_end(reconciled: Reconciled) -> None:
    reconciled.describe(reconciled.loop())
    reconciled.run()
    reconciled.run()
    reconciled.world.settler.settle(reconciled.sent()[0])

    (outcome,) = reconciled.world.outcomes()
    assert outcome["detail"]["endTime"] is None
    assert outcome["detail"]["turnaroundSeconds"] is None
    assert reconciled.run()["missingLoops"] == 0
    items = reconciled.world.dynamodb.query(
        TableName="ledger",
        IndexName="ByFlowDefinition",
        KeyConditionExpression="flowDefinitionArn = :arn",
        ExpressionAttributeValues={":arn": {"S": flow_definition_arn("invoices")}},
    )["Items"]
    assert [each["recovered"] for each in items] == [{"BOOL": True}]
    assert [each["humanLoopStatus"] for each in items] == [{"S": "Stopped"}]


def test_loop_whose_event_comes_late_is_not_sent_again(reconciled: Reconciled) -> None:
    loop = reconciled.loop()
    reconciled.run()
    reconciled.settle(loop)

    assert reconciled.run()["missingLoops"] == 0
    assert reconciled.sent() == []


@pytest.mark.full
def test_recorded_loops_cost_no_request_each(reconciled: Reconciled) -> None:
    for number in range(5):
        reconciled.settle(reconciled.loop(f"invoice-{number}"))

    assert reconciled.run()["missingLoops"] == 0
    assert reconciled.operations() == ["ListHumanLoops"]


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        ("2026-03-13T09:12:44.318+00:00", "2026-03-13T09:12:44.318Z"),
        ("2026-03-13T09:12:44+00:00", "2026-03-13T09:12:44.318Z"),
        ("2026-03-13T09:12:44.318999+00:00", "2026-03-13T09:12:44.318Z"),
        ("2026-03-13T09:12:44.318+00:00", "2026-03-13T09:12:44Z"),
        ("2026-03-13T09:12:44.318+00:00", "2026-03-13T10:12:44.318000+01:00"),
        ("2026-03-13T09:12:44.318+00:00", "2026-03-13T09:12:44.318"),
    ],
)
def test_recorded_loop_is_found_whatever_the_text_of_its_creation_time(
    reconciled: Reconciled, listed: str, written: str
) -> None:
    loop = reconciled.loop(creation_time=datetime.fromisoformat(listed))
    reconciled.settle(loop, creationTime=written)

    assert reconciled.run()["missingLoops"] == 0


def test_earlier_loop_of_the_same_name_does_not_count(reconciled: Reconciled) -> None:
    loop = reconciled.loop(creation_time=NOW - timedelta(days=2))
    reconciled.settle(loop)
    again = reconciled.loop(creation_time=NOW - timedelta(days=1))
    reconciled.run()

    assert reconciled.run()["recoveredLoops"] == [again.arn]


def test_list_without_milliseconds_is_recovered_under_the_time_of_the_description(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = reconciled.loop(creation_time=datetime(2026, 3, 13, 9, 12, 44, 318_000, tzinfo=UTC))
    whole = A2IServer._ListHumanLoops

    def in_seconds(server: A2IServer, **request: Any) -> dict[str, Any]:
        response = whole(server, **request)
        for each in response["HumanLoopSummaries"]:
            each["CreationTime"] = each["CreationTime"].replace(microsecond=0)
        return response

    monkeypatch.setattr(A2IServer, "_ListHumanLoops", in_seconds)
    reconciled.run()
    assert reconciled.run()["recoveredLoops"] == [loop.arn]
    assert reconciled.run()["recoveredLoops"] == []
    (event,) = reconciled.sent()
    assert event["detail"]["creationTime"] == "2026-03-13T09:12:44.318Z"


def test_only_recorded_statuses_are_compared(reconciled: Reconciled) -> None:
    reconciled.settings(statuses=frozenset({HumanLoopStatus.FAILED}))
    failed = reconciled.loop("invoice-1", "Failed")
    reconciled.loop("invoice-2", "Stopped")
    reconciled.run()

    assert reconciled.run()["recoveredLoops"] == [failed.arn]


def test_loops_created_before_the_look_back_are_not_compared(reconciled: Reconciled) -> None:
    reconciled.loop(creation_time=NOW - timedelta(days=14, seconds=1))

    assert reconciled.run()["missingLoops"] == 0


def test_loops_that_ended_before_the_first_run_are_left_alone(reconciled: Reconciled) -> None:
    reconciled.settings(flow_definitions=("invoices", "claims"))
    old = reconciled.loop("claim-1", flow_definition="claims")
    still_open = reconciled.loop("claim-2", "InProgress", flow_definition="claims")
    for _ in range(3):
        assert reconciled.run()["recoveredLoops"] == []
    still_open.status = "Stopped"
    reconciled.run()

    assert reconciled.run()["recoveredLoops"] == [still_open.arn]
    assert reconciled.resend(old.arn) == {"resent": [old.arn], "notResent": {}}


# Once


def test_crash_before_the_event_is_repeated(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = reconciled.loop()
    reconciled.run()
    with monkeypatch.context() as patch:
        patch.setattr(HumanLoopBus, "resend", _crash)
        with pytest.raises(KeyboardInterrupt):
            reconciled.run()
    assert reconciled.sent() == []

    recovered = [each for _ in range(3) for each in reconciled.run()["recoveredLoops"]]

    assert recovered == [loop.arn]
    assert len(reconciled.sent()) == 1


def test_crash_after_the_event_is_repeated_once(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciled.loop()
    reconciled.run()
    mark = ReconcilerItems.mark

    def crash(items: ReconcilerItems, marker: Marker, **options: Any) -> bool:
        if marker.state is RecoveryState.RESENT:
            raise KeyboardInterrupt
        return mark(items, marker, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ReconcilerItems, "mark", crash)
        with pytest.raises(KeyboardInterrupt):
            reconciled.run()
    for _ in range(3):
        reconciled.run()

    assert len(reconciled.sent()) == 2


@pytest.mark.full
def test_two_runs_at_once_send_one_event(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciled.loop()
    reconciled.run()
    resend = HumanLoopBus.resend

    def meanwhile(bus: HumanLoopBus, loop: Any) -> None:
        monkeypatch.setattr(HumanLoopBus, "resend", resend)
        assert reconciled.run()["recoveredLoops"] == []
        resend(bus, loop)

    monkeypatch.setattr(HumanLoopBus, "resend", meanwhile)

    assert len(reconciled.run()["recoveredLoops"]) == 1
    assert len(reconciled.sent()) == 1


def test_run_that_is_overtaken_by_another_one_sends_nothing(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciled.loop()
    reconciled.run()
    describe = HumanLoops.describe

    def meanwhile(loops: HumanLoops, name: str) -> Any:
        monkeypatch.setattr(HumanLoops, "describe", describe)
        assert len(reconciled.run()["recoveredLoops"]) == 1
        return describe(loops, name)

    monkeypatch.setattr(HumanLoops, "describe", meanwhile)

    assert reconciled.run()["recoveredLoops"] == []
    assert len(reconciled.sent()) == 1


def test_own_marker_is_recognised_when_its_answer_was_lost(reconciled: Reconciled) -> None:
    items = reconciled.reconciler.items
    marker = Marker(
        arn="arn:1", creation_time=NOW, state=RecoveryState.MISSING, round=1, run="run-1"
    )
    sending = replace(marker, state=RecoveryState.SENDING)
    for _ in range(2):
        assert items.mark(marker, instead_of=None, now=NOW)
    assert not items.mark(replace(marker, run="run-2"), instead_of=None, now=NOW)
    for _ in range(2):
        assert items.mark(sending, instead_of=marker, now=NOW)
    assert not items.mark(replace(sending, run="run-2"), instead_of=marker, now=NOW)


def test_markers_are_kept_as_long_as_their_loops_are_compared(reconciled: Reconciled) -> None:
    loop = reconciled.loop()
    reconciled.run()

    (marker,) = (each for each in reconciled.world.ledger() if "reconcilerRun" in each)
    assert marker["creationTime"] == {"S": f"reconciler#{time_text(loop.creation_time)}"}
    assert not {"flowDefinitionArn", "endTime"} & marker.keys()
    assert int(marker["expiresAt"]["N"]) > (loop.creation_time + timedelta(days=14)).timestamp()


# Refusals, throttling and deletions


def test_refused_event_fails_the_run_and_is_repeated(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = reconciled.loop("invoice-1"), reconciled.loop("invoice-2")
    reconciled.run()
    events = reconciled.reconciler.bus._events
    put_events = events.put_events

    def refuse_first(**request: Any) -> Any:
        if request["Entries"][0]["Resources"] == [first.arn]:
            entry = {"ErrorCode": "InternalFailure", "ErrorMessage": "Unexpected"}
            return {"FailedEntryCount": 1, "Entries": [entry]}
        return put_events(**request)

    monkeypatch.setattr(events, "put_events", refuse_first)
    with pytest.raises(ReconciliationError, match=r"^1 human loops or flow definitions"):
        reconciled.run()
    assert [each["resources"] for each in reconciled.sent()] == [[second.arn]]
    assert "InternalFailure: Unexpected" in caplog.text

    monkeypatch.undo()
    assert reconciled.run()["recoveredLoops"] == [first.arn]


def test_throttled_list_is_resumed_by_the_next_run(reconciled: Reconciled) -> None:
    loop = reconciled.loop()
    reconciled.run()
    reconciled.a2i.fail("ThrottlingException")

    assert reconciled.run() == found(missing=0, complete=False)
    assert reconciled.run()["recoveredLoops"] == [loop.arn]


def test_throttled_description_is_resumed_by_the_next_run(reconciled: Reconciled) -> None:
    loops = [
        reconciled.loop(f"invoice-{n}", creation_time=NOW - timedelta(hours=9 - n))
        for n in range(3)
    ]
    reconciled.run()
    describe = A2IServer._DescribeHumanLoop
    throttled = iter([False, True])

    def throttle(server: A2IServer, HumanLoopName: str) -> dict[str, Any]:  # noqa: N803
        if next(throttled, False):
            server.fail("ThrottlingException")
            return server.answer("DescribeHumanLoop", {"HumanLoopName": HumanLoopName})
        return describe(server, HumanLoopName)

    reconciled.a2i._DescribeHumanLoop = throttle.__get__(reconciled.a2i)  # type: ignore[method-assign]
    assert reconciled.run()["recoveredLoops"] == [loops[0].arn]
    assert reconciled.run()["recoveredLoops"] == [loops[1].arn, loops[2].arn]


def test_throttling_in_three_runs_fails_the_third(reconciled: Reconciled) -> None:
    reconciled.a2i.fail("ThrottlingException", "InternalServerException", "ThrottlingException")
    for _ in range(2):
        assert not reconciled.run()["complete"]
    with pytest.raises(ReconciliationError):
        reconciled.run()
    assert reconciled.run()["complete"]


def test_run_without_an_error_ends_the_succession_of_throttled_ones(
    reconciled: Reconciled,
) -> None:
    reconciled.loop("invoice-1", "InProgress")
    for _ in range(2):
        reconciled.a2i.fail("ThrottlingException", times=2)
        for _ in range(2):
            assert not reconciled.run()["complete"]
        reconciled.remaining = [900.0, 900.0, RESERVE_SECONDS]
        assert not reconciled.run()["complete"]


def test_other_error_of_a_list_fails_the_run_after_the_other_flow_definitions(
    reconciled: Reconciled,
) -> None:
    reconciled.settings(flow_definitions=("invoices", "claims"))
    reconciled.a2i.flow_definitions.add("claims")
    reconciled.run()
    reconciled.a2i.requests.clear()
    reconciled.a2i.fail("ValidationException")

    with pytest.raises(ReconciliationError):
        reconciled.run()
    assert reconciled.operations() == ["ListHumanLoops"] * 2


def test_loop_that_cannot_be_described_does_not_keep_others_from_it(
    reconciled: Reconciled,
) -> None:
    reconciled.loop("invoice-1", creation_time=NOW - timedelta(days=3))
    second = reconciled.loop("invoice-2")
    reconciled.run()
    describe = A2IServer._DescribeHumanLoop

    def refuse(server: A2IServer, HumanLoopName: str) -> dict[str, Any]:  # noqa: N803
        if HumanLoopName == "invoice-1":
            raise TypeError
        return describe(server, HumanLoopName)

    reconciled.a2i._DescribeHumanLoop = refuse.__get__(reconciled.a2i)  # type: ignore[method-assign]
    with pytest.raises(ReconciliationError):
        reconciled.run()
    assert [each["resources"] for each in reconciled.sent()] == [[second.arn]]


def test_unknown_flow_definition_is_reported_and_the_others_are_compared(
    reconciled: Reconciled,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    reconciled.settings(flow_definitions=("invocies", "invoices"))
    loop = reconciled.loop()
    unknown = flow_definition_arn("invocies")
    reconciled.run()
    capsys.readouterr()

    assert reconciled.run() == found(1, [loop.arn], complete=False) | {
        "unknownFlowDefinitions": [unknown]
    }
    printed = {each["FlowDefinition"]: each for each in printed_metrics(capsys)}
    assert printed["invocies"]["UnknownFlowDefinitions"] == 1
    assert "OpenLoops" not in printed["invocies"], "the open loops are not known"
    assert printed["invoices"]["UnknownFlowDefinitions"] == 0
    assert f"flow definition {unknown}: A2I does not know it" in caplog.text


def test_loops_that_were_missing_are_recovered_after_their_flow_definition_was_deleted(
    reconciled: Reconciled, caplog: pytest.LogCaptureFixture
) -> None:
    described, deleted = reconciled.loop("invoice-1"), reconciled.loop("invoice-2")
    reconciled.run()
    reconciled.a2i.flow_definitions.clear()
    del reconciled.a2i.loops[deleted.name]

    report = reconciled.run()

    assert (report["missingLoops"], report["recoveredLoops"]) == (2, [described.arn])
    assert [each["detail"]["humanLoopName"] for each in reconciled.sent()] == [described.name]
    assert f"human loop {deleted.arn} is not in the ledger" in caplog.text
    reconciled.settle(described)
    assert reconciled.run()["missingLoops"] == 1, "what is missing is not forgotten"


@pytest.mark.full
def test_run_without_time_keeps_what_was_missing_in_a_deleted_flow_definition(
    reconciled: Reconciled,
) -> None:
    loops = [reconciled.loop(f"invoice-{number}") for number in range(3)]
    reconciled.run()
    reconciled.a2i.flow_definitions.clear()
    recovered: set[str] = set()
    for _ in range(5):
        reconciled.remaining = [900, 900, 900, RESERVE_SECONDS]
        recovered |= {*reconciled.run()["recoveredLoops"]}
    assert recovered == {each.arn for each in loops}


def test_round_forgets_a_missing_loop_that_is_recorded(reconciled: Reconciled) -> None:
    loop = reconciled.loop()
    reconciled.run()
    reconciled.settle(loop)
    reconciled.run()
    reconciled.a2i.flow_definitions.clear()
    assert reconciled.run()["missingLoops"] == 0


def test_flow_definition_created_after_the_first_run_is_compared_from_its_beginning(
    reconciled: Reconciled,
) -> None:
    reconciled.settings(flow_definitions=("claims",))
    reconciled.run()
    loop = reconciled.loop(flow_definition="claims")
    reconciled.run()

    assert reconciled.run()["recoveredLoops"] == [loop.arn]


def test_loop_deleted_between_list_and_description_is_no_error(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciled.loop()
    reconciled.run()
    monkeypatch.setattr(HumanLoops, "describe", lambda *_: None)

    assert reconciled.run() == found(missing=1)


def test_loop_started_again_between_list_and_description_is_left_to_the_next_run(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = reconciled.loop()
    reconciled.run()
    describe = HumanLoops.describe

    def replaced(loops: HumanLoops, name: str) -> Any:
        found = describe(loops, name)
        return found and replace(found, creation_time=NOW)

    monkeypatch.setattr(HumanLoops, "describe", replaced)

    assert reconciled.run()["recoveredLoops"] == []
    assert reconciled.sent() == []
    assert loop.arn


def test_missing_bus_is_found_before_anything_is_sent(reconciled: Reconciled) -> None:
    arn = "arn:aws:events:eu-west-1:123456789012:event-bus/forwarded"
    events = boto3.client("events")
    reconciled.reconciler = replace(reconciled.reconciler, bus=HumanLoopBus(events, arn))

    for command in (reconciled.run, lambda: reconciled.resend("arn:1")):
        with pytest.raises(EventBusNotFoundError, match="event-bus/forwarded does not exist"):
            command()
    assert reconciled.operations() == []
    events.create_event_bus(Name="forwarded")
    assert reconciled.run()["complete"]


# Paging, and the time


@pytest.mark.full
def test_all_pages_are_read(reconciled: Reconciled) -> None:
    reconciled.a2i.page_size = 2
    arns = [
        reconciled.loop(f"invoice-{n}", creation_time=NOW - timedelta(hours=9 - n)).arn
        for n in range(5)
    ]
    reconciled.run()

    assert reconciled.operations() == ["ListHumanLoops"] * 3
    assert {request["MaxResults"] for _, request in reconciled.a2i.requests} == {100}
    assert reconciled.run()["recoveredLoops"] == arns


@pytest.mark.parametrize("looks", range(1, 9))
def test_run_without_time_is_resumed_and_no_loop_is_left_out_or_sent_twice(
    reconciled: Reconciled, looks: int
) -> None:
    reconciled.a2i.page_size = 2
    arns = [
        reconciled.loop(f"invoice-{n}", creation_time=NOW - timedelta(hours=9 - n)).arn
        for n in range(4)
    ]
    recovered: list[str] = []
    for _ in range(20):
        # Two looks are before the first loop.
        reconciled.remaining = [*[900.0] * (2 + looks), RESERVE_SECONDS]
        recovered += reconciled.run()["recoveredLoops"]

    assert recovered == arns
    assert len(reconciled.sent()) == 4


def test_loop_is_not_missing_twice_in_one_round(reconciled: Reconciled) -> None:
    """The overlap of a resumed round lists the last loop again."""
    reconciled.loop("invoice-1", creation_time=NOW - timedelta(hours=2))
    reconciled.loop("invoice-2", creation_time=NOW - timedelta(hours=2, milliseconds=-400))
    reconciled.remaining = [900, 900, 900, RESERVE_SECONDS]
    assert not reconciled.run()["complete"]

    assert reconciled.run() == found(missing=1)
    assert reconciled.sent() == []


def test_flow_definition_that_was_left_out_is_the_first_of_the_next_run(
    reconciled: Reconciled,
) -> None:
    reconciled.settings(flow_definitions=("invoices", "claims"))
    reconciled.a2i.flow_definitions.add("claims")
    compared = []
    for minute in range(4):
        reconciled.now = NOW + timedelta(minutes=minute)
        reconciled.remaining = [900, 900, 900, 900, RESERVE_SECONDS]
        assert not reconciled.run()["complete"]
        (request,) = [request for _, request in reconciled.a2i.requests]
        reconciled.a2i.requests.clear()
        compared.append(request["FlowDefinitionArn"].rpartition("/")[2])

    assert compared == ["claims", "invoices", "claims", "invoices"]


def test_all_flow_definitions_of_the_account_are_compared(reconciled: Reconciled) -> None:
    reconciled.settings(flow_definitions=())
    reconciled.a2i.page_size = 1
    for name in ("claims", "tickets"):
        reconciled.a2i.flow_definitions.add(name)
    reconciled.run()

    assert reconciled.operations() == ["ListFlowDefinitions"] * 3 + ["ListHumanLoops"] * 3


def test_flow_definitions_are_those_of_the_function_or_of_their_arn() -> None:
    function = "arn:aws-us-gov:lambda:us-gov-west-1:444455556666:function:reconciler:live"
    expected = "arn:aws-us-gov:sagemaker:us-gov-west-1:444455556666:flow-definition/invoices"

    assert arn_in_the_environment_of("invoices", function) == expected
    assert arn_in_the_environment_of(expected, function) == expected


# On command


@pytest.mark.full
def test_command_sends_events_again_as_often_as_it_is_given(reconciled: Reconciled) -> None:
    loop = reconciled.loop()
    reconciled.settle(loop)
    for _ in range(2):
        assert reconciled.resend(loop.arn, loop.arn) == {"resent": [loop.arn], "notResent": {}}

    assert len(reconciled.sent()) == 2
    assert reconciled.run()["recoveredLoops"] == []


def test_command_sends_a_loop_again_that_was_sent_before(reconciled: Reconciled) -> None:
    loop = reconciled.loop()
    reconciled.run()
    reconciled.run()

    assert reconciled.resend(loop.arn)["resent"] == [loop.arn]
    assert len(reconciled.sent()) == 2
    assert reconciled.run()["recoveredLoops"] == []


def test_command_says_why_it_did_not_send_an_event(reconciled: Reconciled) -> None:
    running = reconciled.loop("invoice-1", "InProgress")
    ended = reconciled.loop("invoice-2")
    other = ended.arn.replace("111122223333", "444455556666")
    gone = ended.arn.replace("invoice-2", "invoice-3")

    assert reconciled.resend(running.arn, other, gone, ended.arn) == {
        "resent": [ended.arn],
        "notResent": {
            running.arn: "the human loop is InProgress",
            other: "there is no such human loop",
            gone: "there is no such human loop",
        },
    }


def test_command_refuses_loops_whose_events_no_rule_of_the_stack_matches(
    reconciled: Reconciled,
) -> None:
    reconciled.settings(statuses=frozenset({HumanLoopStatus.COMPLETED}))
    other = reconciled.loop("claim-1", "Completed", flow_definition="claims")
    stopped = reconciled.loop("invoice-1", "Stopped")
    assert reconciled.resend(other.arn, stopped.arn) == {
        "resent": [],
        "notResent": {
            other.arn: f"the stack does not receive the events of {other.flow_definition_arn}",
            stopped.arn: "the stack does not receive the events of Stopped human loops",
        },
    }
    assert reconciled.sent() == []


def test_command_goes_on_after_an_error(reconciled: Reconciled) -> None:
    first, second = reconciled.loop("invoice-1"), reconciled.loop("invoice-2")
    reconciled.a2i.fail("ThrottlingException")

    answer = reconciled.resend(first.arn, second.arn)

    assert answer["resent"] == [second.arn]
    assert "ThrottlingException" in answer["notResent"][first.arn]


def test_command_without_time_says_so(reconciled: Reconciled) -> None:
    reconciled.remaining = [RESERVE_SECONDS]
    assert reconciled.resend("arn:1") == {"resent": [], "notResent": {"arn:1": "no time was left"}}


# Metrics and logs


def test_metrics_by_flow_definition(
    reconciled: Reconciled, capsys: pytest.CaptureFixture[str]
) -> None:
    reconciled.loop("invoice-1", "InProgress", creation_time=NOW - timedelta(hours=3))
    reconciled.loop("invoice-2", "Stopping", creation_time=NOW - timedelta(hours=5))
    reconciled.loop("invoice-3")
    reconciled.run()
    capsys.readouterr()
    reconciled.run()

    (printed,) = printed_metrics(capsys)
    directive, of_function = printed.pop("_aws")["CloudWatchMetrics"]
    assert of_function["Dimensions"] == [["FunctionName"]]
    assert printed == {
        "FlowDefinition": "invoices",
        "FunctionName": "reconciler",
        "RecoveredLoops": 1,
        "UnknownFlowDefinitions": 0,
        "OpenLoops": 2,
        "OldestOpenLoopAgeSeconds": 5 * 3600,
    }
    assert directive["Dimensions"] == [["FlowDefinition", "FunctionName"], ["FunctionName"]]
    assert {each["Name"]: each["Unit"] for each in directive["Metrics"]} == {
        "RecoveredLoops": "Count",
        "OpenLoops": "Count",
        "OldestOpenLoopAgeSeconds": "Seconds",
    }


def test_open_loops_are_counted_once_over_several_runs(
    reconciled: Reconciled, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        reconciled.loop(
            f"invoice-{number}", "InProgress", creation_time=NOW - timedelta(hours=9 - number)
        )
    for _ in range(4):
        reconciled.remaining = [900, 900, 900, RESERVE_SECONDS]
        if reconciled.run()["complete"]:
            break

    *earlier, last = printed_metrics(capsys)
    assert (last["OpenLoops"], last["OldestOpenLoopAgeSeconds"]) == (3, 9 * 3600)
    assert [each for each in earlier[1:] if "OpenLoops" in each] == []


def test_flow_definition_without_open_loops_has_zeros(
    reconciled: Reconciled, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    reconciled.run()
    (printed,) = printed_metrics(capsys)
    assert (printed["OpenLoops"], printed["OldestOpenLoopAgeSeconds"]) == (0, 0)


def test_log_names_the_loop_that_was_recovered_and_no_reason(
    reconciled: Reconciled, caplog: pytest.LogCaptureFixture
) -> None:
    loop = reconciled.loop(status="Failed", failure_reason="Dear Jane Doe")
    with caplog.at_level(logging.INFO):
        reconciled.run()
        reconciled.run()
    (record,) = (each for each in caplog.records if each.levelname == "WARNING")
    assert record.getMessage() == "human loop invoice-1: event sent again: Failed"
    assert vars(record)["humanLoopArn"] == loop.arn
    assert "Jane" not in caplog.text


# Items


def test_progress_is_saved_and_read(reconciled: Reconciled) -> None:
    items = reconciled.reconciler.items
    full = Progress(
        flow_definition_arn="arn:1",
        round=7,
        resume_after=NOW,
        open_loops=2,
        oldest_open_loop=NOW - timedelta(days=1),
        interruptions=1,
    )
    for progress in (full, Progress(flow_definition_arn="arn:1")):
        items.save(progress, now=NOW)
        assert items.progress("arn:1") == progress
    assert items.progress("arn:1").changed_at == NOW
    assert items.progress("arn:2").changed_at is None


def test_error_of_the_ledger_is_raised(reconciled: Reconciled) -> None:
    items = ReconcilerItems(reconciled.world.dynamodb, "nowhere", timedelta(days=14))
    marker = Marker(arn="a", creation_time=NOW, state=RecoveryState.MISSING, round=1, run="r")
    with pytest.raises(CallError, match=r"^table nowhere: .*ResourceNotFoundException"):
        items.mark(marker, instead_of=None, now=NOW)


def _crash(*_: Any) -> None:
    raise KeyboardInterrupt


def test_loops_that_a_batch_leaves_out_are_looked_up_one_by_one(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciled.settle(reconciled.loop())
    dynamodb = reconciled.world.dynamodb
    left_out: dict[str, Any] = {"Responses": {}, "UnprocessedKeys": {"ledger": {"Keys": []}}}
    monkeypatch.setattr(dynamodb, "batch_get_item", lambda **_: left_out)

    assert reconciled.run()["missingLoops"] == 0


def test_items_of_a_name_are_read_to_the_last_page(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops = [reconciled.loop(creation_time=NOW - timedelta(days=n)) for n in (1, 2, 3)]
    for loop in loops:
        reconciled.settle(loop)
    dynamodb = reconciled.world.dynamodb
    query = dynamodb.query
    monkeypatch.setattr(dynamodb, "query", lambda **request: query(Limit=1, **request))

    items = reconciled.reconciler.items.find(loops[0].arn)

    assert [items.record_of(listed(loop)) for loop in loops] == [Record.SETTLED] * 3
    assert items.record_of(replace(listed(loops[0]), creation_time=NOW)) is Record.MISSING


def listed(loop: Loop, status: str | None = None) -> ListedLoop:
    return ListedLoop(
        arn=loop.arn,
        name=loop.name,
        flow_definition_arn=loop.flow_definition_arn,
        status=status or loop.status,
        creation_time=loop.creation_time,
    )


# What the ledger says differs from what A2I says


def test_forged_item_with_the_right_creation_time_does_not_hide_a_lost_event(
    reconciled: Reconciled,
) -> None:
    """As an earlier version recorded an event of the project's source, with AWS's event lost."""
    loop = reconciled.loop(status="Stopped")
    reconciled.settle(loop)
    (item,) = reconciled.outcomes()
    forged = {"eventSource": {"S": "human-loop-events"}, "precedence": {"S": "0 2099-01-01 1 1"}}
    reconciled.world.dynamodb.put_item(TableName="ledger", Item=item | forged)

    assert reconciled.run() == found(missing=1)
    assert reconciled.run() == found(missing=1, recovered=[loop.arn])
    (event,) = reconciled.sent()
    reconciled.describe(loop)
    reconciled.world.settler.settle(event)
    assert reconciled.run() == found()


@pytest.mark.parametrize("recorded", ["Completed", "Failed"])
def test_item_with_another_status_than_a2i_is_sent_again_once_and_corrected(
    reconciled: Reconciled, recorded: str, caplog: pytest.LogCaptureFixture
) -> None:
    loop = reconciled.loop(status=recorded)
    if recorded == "Failed":
        reconciled.settle(loop)
    else:
        names = {"humanLoopName": loop.name, "flowDefinitionArn": loop.flow_definition_arn}
        reconciled.world.put_output("output.json", sample_output("custom-classifier", **names))
        uri = {"outputS3Uri": "s3://reviews-of-the-example/output.json"}
        reconciled.settle(loop, humanLoopName=loop.name, humanLoopOutput=uri)
    loop.status = "Stopped"

    assert reconciled.run() == found(different=1)
    assert "A2I says Stopped, the ledger another status" in caplog.text
    assert reconciled.run() == found(different=1, recovered=[loop.arn])
    for _ in range(2):
        assert reconciled.run() == found(different=1), "it is not sent twice"
    (event,) = reconciled.sent()
    reconciled.describe(loop)
    reconciled.world.settler.settle(event)
    assert reconciled.run() == found()


def test_stopped_loop_without_an_output_is_settled(reconciled: Reconciled) -> None:
    """A2I's API says where the output would be."""
    loop = reconciled.loop(status="Stopped", output_s3_uri="s3://bucket/missing.json")
    reconciled.settle(loop)
    assert [reconciled.run() for _ in range(3)] == [found()] * 3
    assert reconciled.sent() == []


def test_unreadable_output_is_counted_apart_and_sent_again_once(
    reconciled: Reconciled, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = reconciled.loop(status="Completed")
    reconciled.world.put_output("output.json", "nonsense")
    uri = {"outputS3Uri": "s3://reviews-of-the-example/output.json"}
    with pytest.raises(UnreadableOutputError):
        reconciled.settle(loop, humanLoopOutput=uri)
    loop.output_s3_uri = uri["outputS3Uri"]
    capsys.readouterr()

    assert [reconciled.run() for _ in range(4)] == [found(unreadable=1)] * 4
    assert len(reconciled.sent()) == 1
    assert {each["RecoveredLoops"] for each in printed_metrics(capsys)} == {0}


@pytest.mark.full
def test_nothing_is_sent_for_loops_that_were_settled_before_an_upgrade(
    reconciled: Reconciled,
) -> None:
    """Items of AWS's events, as an earlier version wrote them."""
    for number in range(5):
        loop = reconciled.loop(f"invoice-{number}", "Failed")
        reconciled.settle(loop)
    assert {item["precedence"]["S"][:2] for item in reconciled.outcomes()} == {"1 "}
    assert [reconciled.run() for _ in range(3)] == [found()] * 3
    assert reconciled.sent() == []


def test_recovered_loop_has_no_turnaround_among_its_metrics(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    event = ended_loop("Stopped", output_key=None)
    world.a2i.has(event)
    world.settler.settle({**event, "source": "human-loop-events"})

    (printed,) = printed_metrics(capsys)
    assert printed["Stopped"] == 1
    assert "TurnaroundSeconds" not in printed


@pytest.mark.full
def test_many_loops_cost_two_requests_a_page(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1_000):
        created = NOW - timedelta(days=1, seconds=number)
        reconciled.loop(f"invoice-{number}", creation_time=created)
    dynamodb = reconciled.world.dynamodb
    batches: list[int] = []

    settled = {
        "precedence": {"S": "1 2026-03-14T11:00:00.000000+00:00 1 1"},
        "eventSource": {"S": "aws.sagemaker"},
        "humanLoopStatus": {"S": "Stopped"},
        "outcomeId": {"S": "1"},
    }

    def all_recorded(**request: Any) -> dict[str, Any]:
        keys = request["RequestItems"]["ledger"]["Keys"]
        batches.append(len(keys))
        return {"Responses": {"ledger": [key | settled for key in keys]}, "UnprocessedKeys": {}}

    monkeypatch.setattr(dynamodb, "batch_get_item", all_recorded)

    assert reconciled.run()["missingLoops"] == 0
    assert reconciled.operations() == ["ListHumanLoops"] * 10
    assert batches == [100] * 10

"""Human loops whose events were lost come back, to every target."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.a2i_server import A2IServer, Loop
from local.cases import Case, human_loop_event, output_uri
from local.deployment import EmulatedStack
from local.emulator import Emulator
from local.observer import Observer
from local.samples import OutputSample
from local.sending import send_event, write_output
from local.waiting import wait_until
from tests.e2e.conftest import RECONCILED_FLOW_DEFINITION

ENDED = datetime.now(UTC).replace(microsecond=318_000) - timedelta(days=1)
NOTHING = {
    "complete": True,
    "missingLoops": 0,
    "differentLoops": 0,
    "unreadableLoops": 0,
    "recoveredLoops": [],
    "unknownFlowDefinitions": [],
}


class Account:
    """A stack with a reconciler, and what it is invoked with."""

    def __init__(self, emulator: Emulator, stack: EmulatedStack) -> None:
        self.emulator = emulator
        self.observer = Observer(emulator, stack)

    def reconcile(self, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Invoke the reconciler, as its schedule does."""
        response = self.emulator.client("lambda").invoke(
            FunctionName=self.observer.stack["ReconcilerName"], Payload=json.dumps(event or {})
        )
        answer: dict[str, Any] = json.loads(response["Payload"].read())
        assert "FunctionError" not in response, answer
        return answer

    def await_records(self, loop: str, count: int) -> bool:
        """Wait until the ledger has a loop."""
        return wait_until(lambda: len(self.observer.observe(loop).records) == count)


@pytest.fixture(scope="module")
def account(emulator: Emulator, stacks: Mapping[str, EmulatedStack], a2i: A2IServer) -> Account:
    """An account in which the reconciler has taken stock."""
    account = Account(emulator, stacks["reconciled"])
    a2i.flow_definitions.add(RECONCILED_FLOW_DEFINITION)
    assert account.reconcile() == NOTHING
    return account


@pytest.fixture
def ended(a2i: A2IServer) -> Any:
    """End a human loop that A2I knows, and whose event is lost."""

    def end(name: str, status: str, **fields: Any) -> Loop:
        fields = {"creation_time": ENDED, **fields}
        return a2i.add(Loop(name, RECONCILED_FLOW_DEFINITION, status, **fields))

    return end


def test_lost_loop_arrives_at_every_target_and_in_the_ledger(account: Account, ended: Any) -> None:
    uri = output_uri("refund-1", RECONCILED_FLOW_DEFINITION)
    loop = ended("refund-1", "Completed", output_s3_uri=uri)
    event = human_loop_event("refund-1", RECONCILED_FLOW_DEFINITION, "Completed", output_uri=uri)
    sample = OutputSample.named("textract-invoice")
    write_output(account.emulator, Case(shows="a lost event", event=event, sample=sample))

    first, second = account.reconcile(), account.reconcile()

    assert (first["missingLoops"], first["recoveredLoops"]) == (1, [])
    assert second["recoveredLoops"] == [loop.arn]
    assert account.await_records("refund-1", 1)
    assert account.reconcile() == NOTHING
    observation = account.observer.observe("refund-1")
    assert (observation.topic, observation.queue, len(observation.outcomes)) == (1, 1, 1)
    (outcome,), (record,) = observation.outcomes, observation.records
    assert outcome["taskType"] == "TextractForms"
    assert (outcome["endTime"], outcome["turnaroundSeconds"]) == (None, None)
    assert (record["recovered"], record["turnaroundSeconds"]) == (True, None)
    assert record["endTime"]


def test_lost_failure_is_alerted(account: Account, ended: Any) -> None:
    ended("refund-2", "Failed", failure_code="Expired", failure_reason='Nobody "came"')
    account.reconcile()
    account.reconcile()

    assert account.await_records("refund-2", 1)
    assert len(account.observer.observe("refund-2").alerts) == 1


def test_loop_whose_event_arrived_is_not_sent_again(account: Account, ended: Any) -> None:
    loop = ended("refund-3", "Stopped")
    event = human_loop_event("refund-3", RECONCILED_FLOW_DEFINITION, "Stopped")
    created = loop.creation_time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event["detail"]["creationTime"] = created
    send_event(account.emulator, event)
    assert account.await_records("refund-3", 1)

    assert account.reconcile() == account.reconcile() == NOTHING
    assert account.observer.observe("refund-3").topic == 1


def test_loop_that_cannot_be_settled_is_sent_once_and_again_on_command(
    account: Account, ended: Any
) -> None:
    uri = output_uri("refund-4", RECONCILED_FLOW_DEFINITION)
    loop = ended("refund-4", "Completed", output_s3_uri=uri)
    for _ in range(4):
        account.reconcile()
    assert account.observer.observe("refund-4").topic == 1

    assert account.reconcile({"resend": [loop.arn]}) == {"resent": [loop.arn], "notResent": {}}
    assert account.observer.observe("refund-4").topic == 2


def test_schedule_invokes_the_reconciler(emulator: Emulator, account: Account) -> None:
    function = emulator.client("lambda").get_function_configuration(
        FunctionName=account.observer.stack["ReconcilerName"]
    )
    events = emulator.client("events")
    rules = events.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"]

    assert [events.describe_rule(Name=each)["ScheduleExpression"] for each in rules] == [
        "rate(1 hour)"
    ]

"""The outcome bus: a refusal is an error, and nothing is recorded."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from human_loop_reviews.aws.calls import CallError, client_config
from human_loop_reviews.aws.outcome_bus import OutcomeBus, OutcomeNotPublishedError
from tests.unit.conftest import LEDGER_ARN, World, ended_loop

BUS = "arn:aws:events:eu-west-1:111122223333:event-bus/outcomes"


def publishing(world: World, events: Any, bus: str = BUS) -> Any:
    """Return the settler, publishing with a client on a bus."""
    return world.settler._replace(outcome_bus=OutcomeBus(events, bus, ledger_arn=LEDGER_ARN))


def stubbed() -> tuple[Any, Stubber]:
    events = boto3.client("events", config=client_config())
    return events, Stubber(events)


def test_refused_outcome_is_not_recorded(world: World) -> None:
    events, stub = stubbed()
    refusal = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
    stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [refusal]})

    with (
        stub,
        pytest.raises(OutcomeNotPublishedError, match=r"humanloop-nov-14-1.*ThrottlingException"),
    ):
        publishing(world, events, "default").settle(ended_loop("Stopped"))

    assert world.ledger() == []


def test_outcome_for_a_bus_that_does_not_exist_is_not_recorded(world: World) -> None:
    missing = publishing(world, world.events, "outcomes")

    with pytest.raises(OutcomeNotPublishedError, match="the event bus outcomes does not exist"):
        missing.settle(ended_loop("Stopped"))
    assert world.ledger() == []

    world.events.create_event_bus(Name="outcomes")
    missing.settle(ended_loop("Stopped"))
    assert len(world.ledger()) == 1


def test_bus_is_looked_up_once(world: World) -> None:
    events, stub = stubbed()
    stub.add_response("describe_event_bus", {"Name": "outcomes"}, {"Name": BUS})
    for _ in range(2):
        stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    settler = publishing(world, events)

    with stub:
        settler.settle(ended_loop("Stopped"))
        settler.settle(ended_loop("Failed", creationTime="2026-03-14T09:12:44.318Z"))

    stub.assert_no_pending_responses()


def test_bus_that_may_not_be_looked_up_is_taken_to_exist(world: World) -> None:
    events, stub = stubbed()
    stub.add_client_error("describe_event_bus", "AccessDeniedException")
    stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})

    with stub:
        publishing(world, events).settle(ended_loop("Stopped"))

    assert len(world.ledger()) == 1


def test_error_of_eventbridge_names_the_bus(world: World) -> None:
    events, stub = stubbed()
    stub.add_client_error("describe_event_bus", "InternalException")

    with stub, pytest.raises(CallError, match=f"event bus {BUS}: .*InternalException"):
        publishing(world, events).settle(ended_loop("Stopped"))

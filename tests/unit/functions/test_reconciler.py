"""The reconciler's entry point: settings, clients, payloads, and the time that calls can take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from human_loop_reviews.contract import (
    RECONCILER_ENTRY_POINT,
    RECONCILER_TIMEOUT_SECONDS,
    HumanLoopStatus,
    ReconcilerSetting,
)
from human_loop_reviews.functions import reconciler
from human_loop_reviews.reconcile import MAX_CALLS_BETWEEN_TIME_CHECKS, RESERVE_SECONDS
from human_loop_reviews.reconciler_settings import ReconcilerSettings
from human_loop_reviews.settings import SettingsError
from local.a2i_server import A2IServer, Loop, running_a2i
from tests.unit.conftest import World
from tests.unit.test_reconcile import found

ENVIRONMENT = {
    "EVENT_BUS": "arn:aws:events:eu-west-1:111122223333:event-bus/default",
    "FLOW_DEFINITIONS": '["invoices"]',
    "LEDGER_TABLE": "ledger",
    "LOOK_BACK_DAYS": "14",
    "STATUSES": '["Completed","Failed","Stopped"]',
}
CONTEXT = SimpleNamespace(
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:reconciler",
    function_name="reconciler",
    get_remaining_time_in_millis=lambda: 900_000,
)


@pytest.fixture
def a2i(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[A2IServer]:
    """Make the entry point use the world and A2I on loopback, as its environment says."""
    assert world.ledger() == []
    with running_a2i() as server:
        for name, value in {**ENVIRONMENT, **server.endpoints}.items():
            monkeypatch.setenv(name, value)
        reconciler.create_reconciler.cache_clear()
        server.flow_definitions.add("invoices")
        yield server


@pytest.mark.parametrize("event", [{"source": "aws.events"}, {}, None, "now"])
def test_any_event_but_a_command_compares_the_loops(a2i: A2IServer, event: Any) -> None:
    answer = reconciler.handle(event, CONTEXT)

    assert answer == found()
    assert [operation for operation, _ in a2i.requests] == ["ListHumanLoops"]


def test_command_sends_events_again(a2i: A2IServer) -> None:
    loop = a2i.add(Loop("invoice-1", "invoices"))

    answer = reconciler.handle({"resend": [loop.arn]}, CONTEXT)

    assert answer == {"resent": [loop.arn], "notResent": {}}


@pytest.mark.parametrize("arns", [None, "arn:1", [1], {}])
def test_command_that_is_no_list_is_refused(a2i: A2IServer, arns: Any) -> None:
    with pytest.raises(ValueError, match="resend: expected a list of ARNs of human loops, got"):
        reconciler.handle({"resend": arns}, CONTEXT)
    assert a2i.requests == []


def test_flow_definitions_are_listed_only_if_none_are_named(
    a2i: A2IServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reconciler.create_reconciler().human_loops._sagemaker is None
    monkeypatch.setenv("FLOW_DEFINITIONS", "[]")
    reconciler.create_reconciler.cache_clear()
    reconciler.handle({}, CONTEXT)
    assert [operation for operation, _ in a2i.requests] == ["ListFlowDefinitions", "ListHumanLoops"]


def test_calls_between_two_looks_at_the_clock_fit_the_reserve(a2i: A2IServer) -> None:
    made = reconciler.create_reconciler()
    clients = (
        made.human_loops._runtime,
        made.items._table._dynamodb,
        made.bus._events,
    )
    assert a2i.requests == []
    longest = max(_longest_call(client.meta.config) for client in clients)

    assert longest > 10
    assert MAX_CALLS_BETWEEN_TIME_CHECKS * longest <= RESERVE_SECONDS
    # Most of a run's time is for comparing.
    assert RESERVE_SECONDS <= RECONCILER_TIMEOUT_SECONDS / 2
    assert RECONCILER_TIMEOUT_SECONDS <= 900


def _longest_call(config: Any) -> float:
    """Return how many seconds a call takes whose every attempt takes as long as it can."""
    attempts = config.retries["total_max_attempts"]
    # The client waits up to 2**n seconds, at most 20, before the retry after attempt n+1.
    waits = sum(min(2**n, 20) for n in range(attempts - 1))
    return float(attempts * (config.connect_timeout + config.read_timeout) + waits)


def test_entry_point_is_the_function() -> None:
    assert f"{reconciler.__name__}.{reconciler.handle.__name__}" == RECONCILER_ENTRY_POINT


# Settings


def test_settings_are_read() -> None:
    assert set(ENVIRONMENT) == set(ReconcilerSetting)
    assert ReconcilerSettings.from_environment(ENVIRONMENT) == ReconcilerSettings(
        ledger_table="ledger",
        event_bus=ENVIRONMENT["EVENT_BUS"],
        flow_definitions=("invoices",),
        statuses=frozenset(HumanLoopStatus),
        look_back=timedelta(days=14),
    )


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_missing_setting_is_named(name: str) -> None:
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        ReconcilerSettings.from_environment(environment)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FLOW_DEFINITIONS", "invoices", "FLOW_DEFINITIONS: "),
        ("FLOW_DEFINITIONS", "[1]", "FLOW_DEFINITIONS: expected a JSON list of texts"),
        ("STATUSES", '["InProgress"]', "STATUSES: 'InProgress' is not a valid HumanLoopStatus"),
        ("LOOK_BACK_DAYS", "0", "LOOK_BACK_DAYS: expected a number of days over 0"),
        ("LOOK_BACK_DAYS", "many", "LOOK_BACK_DAYS: could not convert"),
        ("LOOK_BACK_DAYS", "inf", "LOOK_BACK_DAYS: "),
    ],
)
def test_wrong_setting_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ReconcilerSettings.from_environment({**ENVIRONMENT, name: value})

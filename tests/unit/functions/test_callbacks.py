"""The entry point of callbacks: settings, clients, payloads, and the time that calls can take."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from human_loop_reviews.a2i.event import MalformedEventError
from human_loop_reviews.aws.calls import max_call_seconds
from human_loop_reviews.callback_contract import (
    CALLBACKS_ENTRY_POINT,
    CALLBACKS_TIMEOUT_SECONDS,
    CallbackSetting,
)
from human_loop_reviews.callbacks.callbacks import PAUSES, OutcomeNotRecordedError
from human_loop_reviews.callbacks.request import InvalidRequestError
from human_loop_reviews.callbacks.settings import CallbackSettings
from human_loop_reviews.functions import callbacks
from human_loop_reviews.settings import SettingsError
from tests.unit.conftest import World

ENVIRONMENT = {
    "CALLBACK_TABLE": "ledger",
    "FLOW_DEFINITIONS": '["invoices"]',
    "LEDGER_TABLE": "ledger",
}
CONTEXT = SimpleNamespace(
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:callbacks"
)

#: The look-ups of the ledger while an outcome is not recorded, then of the callbacks; and for an
#: execution its result and the removal of its callback.
MAX_CALLS = len(PAUSES) + 1 + 1 + 2


@pytest.fixture(autouse=True)
def _environment(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert world.ledger() == []
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("human_loop_reviews.callbacks.callbacks.PAUSES", ())
    callbacks.create_callbacks.cache_clear()
    yield
    callbacks.create_callbacks.cache_clear()


def outcome_event(**detail: Any) -> dict[str, Any]:
    return {
        "detail-type": "Human Review Outcome",
        "detail": {"humanLoopArn": "arn", "outcomeId": "an id", **detail},
    }


def test_event_of_an_outcome_resumes() -> None:
    with pytest.raises(OutcomeNotRecordedError, match="arn: no outcome that AWS"):
        callbacks.handle(outcome_event(), CONTEXT)


@pytest.mark.parametrize(
    "event",
    [
        outcome_event(humanLoopArn=None),
        outcome_event(outcomeId=1),
        {"detail-type": "Human Review Outcome"},
        {"detail-type": "Human Review Outcome", "detail": []},
        {**outcome_event(), "detail-type": "Another"},
    ],
)
def test_other_event_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(MalformedEventError, match="event: expected 'Human Review Outcome'"):
        callbacks.handle(event, CONTEXT)


@pytest.mark.parametrize("payload", [None, [], "now", {"detail": {}}])
def test_payload_of_a_state_registers(payload: Any) -> None:
    with pytest.raises(InvalidRequestError):
        callbacks.handle(payload, CONTEXT)


def test_client_that_starts_loops_repeats_no_request() -> None:
    client = callbacks.create_callbacks().human_loops._runtime
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_entry_point_is_the_function_that_lambda_calls() -> None:
    module, _, name = CALLBACKS_ENTRY_POINT.rpartition(".")
    assert (module, name) == (callbacks.__name__, callbacks.handle.__name__)


def test_calls_of_one_execution_fit_into_the_timeout() -> None:
    longest = MAX_CALLS * max_call_seconds() + sum(PAUSES)
    assert longest <= CALLBACKS_TIMEOUT_SECONDS


@pytest.mark.parametrize("name", [*CallbackSetting])
def test_missing_setting_is_named(name: str) -> None:
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=f"environment variable {name} is missing"):
        CallbackSettings.from_environment(environment)


@pytest.mark.parametrize(
    ("flow_definitions", "arn", "watched"),
    [
        ((), "arn:aws:sagemaker:eu-west-1:1:flow-definition/claims", True),
        (("invoices",), "arn:aws:sagemaker:eu-west-1:1:flow-definition/invoices", True),
        (("voices",), "arn:aws:sagemaker:eu-west-1:1:flow-definition/invoices", False),
        (("arn:a:flow-definition/b",), "arn:a:flow-definition/b", True),
        (("arn:a:flow-definition/b",), "arn:c:flow-definition/b", False),
    ],
)
def test_flow_definitions_are_watched_by_name_or_arn(
    flow_definitions: tuple[str, ...], arn: str, watched: bool
) -> None:
    settings = CallbackSettings(
        callback_table="", ledger_table="", flow_definitions=flow_definitions
    )
    assert settings.watch(arn) is watched

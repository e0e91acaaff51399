"""Wherever the function of callbacks stops, a retry resumes the execution, once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from local.a2i_server import Loop
from tests.unit.callbacks.test_callbacks import Waiting, waiting
from tests.unit.test_crash_points import CrashPoint, Steps, Stop, crash_points, recorded

__all__ = ["waiting"]  # a fixture

STEPS_OF_REGISTRATION = ["Query", "PutItem", "StartHumanLoop", "Query"]
STEPS_OF_RESUMING = ["Query", "Query", "SendTask", "DeleteItem", "print"]


def stopped_at(waiting: Waiting, point: CrashPoint | None, step: Callable[[], Any]) -> Steps:
    """Take a step of the function, and stop it at a point."""
    succeed = waiting.executions.send_task_success
    with recorded(point) as steps, contextlib.suppress(Stop):

        def send(**request: str) -> None:
            steps.take("SendTask", lambda: succeed(**request))

        with mock.patch.object(waiting.executions, "send_task_success", send):
            step()
    return steps


def register(waiting: Waiting, name: str, token: str) -> None:
    waiting.executions.waiting.add(token)
    waiting.start(token, humanLoopName=name, stateEntry=name)


@pytest.fixture
def registration(waiting: Waiting) -> list[str]:
    return stopped_at(waiting, None, lambda: register(waiting, "whole", "whole")).names


def test_steps_are_known(waiting: Waiting, registration: list[str]) -> None:
    assert registration == STEPS_OF_REGISTRATION
    outcome = waiting.settle(waiting.loop("whole"))
    assert stopped_at(waiting, None, lambda: waiting.resume(outcome)).names == STEPS_OF_RESUMING


def test_registration_that_stops_is_repeated_by_the_state(
    waiting: Waiting, registration: list[str]
) -> None:
    """Step Functions retries the state, with another token."""
    points = crash_points(registration)
    for number, point in enumerate(points):
        name, first, second = f"loop-{number}", f"first-{number}", f"second-{number}"
        steps = stopped_at(waiting, point, lambda: register(waiting, name, first))  # noqa: B023
        assert len(steps.names) == point.index + 1
        register(waiting, name, second)
        outcome = waiting.end(waiting.a2i.loops[name])

        assert waiting.executions.results[second] == outcome, point
        assert _callbacks_of(waiting, name) == [], point
    assert len(points) == 2 * len(STEPS_OF_REGISTRATION)


def test_resuming_that_stops_is_repeated_by_lambda(waiting: Waiting) -> None:
    points = crash_points(STEPS_OF_RESUMING)
    for number, point in enumerate(points):
        name, token = f"loop-{number}", f"token-{number}"
        register(waiting, name, token)
        outcome = waiting.settle(waiting.a2i.loops[name])
        steps = stopped_at(waiting, point, lambda: waiting.resume(outcome))  # noqa: B023
        assert len(steps.names) == point.index + 1
        waiting.resume(outcome)

        assert waiting.executions.results[token] == outcome, point
        assert _callbacks_of(waiting, name) == [], point
    assert len(points) == 2 * len(STEPS_OF_RESUMING)


def _callbacks_of(waiting: Waiting, name: str) -> list[dict[str, Any]]:
    arn = Loop(name, "invoices").arn
    return [item for item in waiting.stored() if item["humanLoopArn"]["S"] == arn]

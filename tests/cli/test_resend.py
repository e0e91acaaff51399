"""``human-loops resend``: the reconciler's answer, and its errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.cli.conftest import Answer, Stack, run, run_json


@pytest.fixture
def invoked(stack: Stack, answers: Callable[[str, Answer], None]) -> list[Mapping[str, Any]]:
    """The payloads of the reconciler, which knows loop `a` only and fails on `poison`."""
    payloads: list[Mapping[str, Any]] = []
    stack.outputs["ReconcilerName"] = "reconciler"

    def answer(payload: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        payloads.append(payload)
        arns = payload["resend"]
        if "poison" in arns:
            return 200, {"X-Amz-Function-Error": "Unhandled"}, b'{"errorType": "EventBusNotFound"}'
        unknown = {arn: "there is no such human loop" for arn in arns if arn != "a"}
        report = {"resent": [arn for arn in arns if arn == "a"], "notResent": unknown}
        return 200, {}, json.dumps(report).encode()

    answers("lambda.Invoke", answer)
    return payloads


def test_events_are_sent_again(invoked: list[Mapping[str, Any]]) -> None:
    assert run_json("resend", "a") == {"resent": ["a"], "notResent": {}}
    assert invoked == [{"resend": ["a"]}]


def test_loop_whose_event_was_not_sent_is_named(invoked: list[Mapping[str, Any]]) -> None:
    result = run("resend", "a", "b")
    assert result.exit_code == 1
    assert "not sent: there is no such human loop" in result.stdout
    assert invoked


def test_error_of_the_reconciler_is_an_error(invoked: list[Mapping[str, Any]]) -> None:
    """The AWS CLI exits with 0 there."""
    result = run("resend", "poison")
    assert result.exit_code == 1
    assert "EventBusNotFound" in result.stderr
    assert invoked


def test_stack_without_a_reconciler_says_so(stack: Stack) -> None:
    assert stack
    assert "has no output ReconcilerName" in run("resend", "a").stderr

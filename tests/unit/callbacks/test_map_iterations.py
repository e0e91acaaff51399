"""Iterations of a Map state that enter the state in the same millisecond with equal input."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.callbacks.test_callbacks import Waiting, waiting

__all__ = ["waiting"]  # a fixture

EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:m:1"
#: What `HumanLoopTask` writes in JSONPath and in JSONata: nothing of it is the iteration's index.
ENTRY = f"{EXECUTION} Review 2026-03-14T11:00:00.123Z"
TOKENS = ("iteration-0", "iteration-1", "iteration-2")


@pytest.fixture(autouse=True)
def _iterations(waiting: Waiting) -> None:
    waiting.executions.waiting |= {*TOKENS}


def register(waiting: Waiting, token: str, **changes: Any) -> None:
    waiting.start(token, **{"humanLoopName": None, "stateEntry": ENTRY, **changes})


def end_all(waiting: Waiting) -> None:
    for loop in list(waiting.a2i.loops.values()):
        waiting.end(loop)


def test_iterations_with_equal_input_share_a_loop_and_are_all_resumed(
    waiting: Waiting,
) -> None:
    for token in TOKENS:
        register(waiting, token)
    assert len(waiting.a2i.loops) == 1
    assert len(waiting.stored()) == len(TOKENS)
    end_all(waiting)
    assert sorted(waiting.executions.results) == sorted(TOKENS)
    assert waiting.stored() == []


def test_iterations_with_different_input_have_different_loops(waiting: Waiting) -> None:
    for token in TOKENS:
        register(waiting, token, inputContent={"item": token})
    assert len(waiting.a2i.loops) == len(TOKENS)
    end_all(waiting)
    assert sorted(waiting.executions.results) == sorted(TOKENS)


@pytest.mark.parametrize("order", [*itertools.permutations(range(3), 3)])
def test_iterations_that_look_up_before_any_of_them_writes_are_all_resumed(
    waiting: Waiting,
    monkeypatch: pytest.MonkeyPatch,
    order: tuple[int, ...],
) -> None:
    """All look up the table first; then each in its turn adds its callback and starts the loop."""
    looked_up = threading.Barrier(len(TOKENS))
    turns = {token: threading.Event() for token in TOKENS}
    find, thread = waiting.callbacks.table.of, threading.local()

    def of(arn: str) -> Any:
        found = find(arn)
        if not getattr(thread, "has_looked", False) and threading.current_thread().name in turns:
            thread.has_looked = True
            looked_up.wait(timeout=30)
            turns[threading.current_thread().name].wait(timeout=30)
        return found

    monkeypatch.setattr(waiting.callbacks.table, "of", of)
    threads = {
        token: threading.Thread(target=register, args=(waiting, token), name=token)
        for token in TOKENS
    }
    for each in threads.values():
        each.start()
    for index in order:
        turns[TOKENS[index]].set()
        threads[TOKENS[index]].join(timeout=60)
    assert waiting.executions.results == {}
    assert len(waiting.stored()) == len(TOKENS)
    end_all(waiting)
    assert sorted(waiting.executions.results) == sorted(TOKENS)
    assert all(isinstance(each, dict) for each in waiting.executions.results.values())


def test_iteration_that_registers_long_after_another_is_resumed_too(
    waiting: Waiting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own time is later than the creation of the loop that the other one started."""
    register(waiting, TOKENS[0])
    (loop,) = waiting.a2i.loops.values()
    loop.creation_time = datetime.now(UTC) - timedelta(minutes=2)
    (item,) = waiting.stored()
    key = {name: item[name] for name in ("humanLoopArn", "callbackId")}
    earlier = f"{datetime.now(UTC) - timedelta(minutes=3):%Y-%m-%dT%H:%M:%S}.000Z"
    waiting.world.dynamodb.update_item(
        TableName="callbacks",
        Key=key,
        UpdateExpression="SET createdAfter = :earlier",
        ExpressionAttributeValues={":earlier": {"S": earlier}},
    )
    monkeypatch.setattr(waiting.callbacks.table, "of", after_the_first(waiting.callbacks.table.of))
    register(waiting, TOKENS[1])
    end_all(waiting)
    assert sorted(waiting.executions.results) == sorted(TOKENS[:2])


def after_the_first(find: Callable[[str], Any]) -> Callable[[str], Any]:
    """Find nothing at the first look: the other iteration has not written yet."""
    looks = itertools.count()
    return lambda arn: [] if next(looks) == 0 else find(arn)


def test_another_execution_with_the_same_name_is_still_refused(waiting: Waiting) -> None:
    register(waiting, TOKENS[0], humanLoopName="invoice-1")
    register(waiting, TOKENS[1], humanLoopName="invoice-1", stateEntry="another execution")
    assert waiting.executions.results[TOKENS[1]][0] == "HumanLoop.NotStarted"
    end_all(waiting)
    assert isinstance(waiting.executions.results[TOKENS[0]], dict)


def test_name_that_was_taken_before_both_iterations_is_refused_for_both(
    waiting: Waiting,
) -> None:
    waiting.loop(creation_time=datetime.now(UTC) - timedelta(minutes=5))
    for token in TOKENS[:2]:
        register(waiting, token, humanLoopName="invoice-1")
    results = waiting.executions.results
    assert [results[token][0] for token in TOKENS[:2]] == ["HumanLoop.NotStarted"] * 2

"""The short form of `make faults`, and whether its assessment detects lost and doubled loops."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.emulator import PROJECT
from tests.e2e.conftest import FAULTY_LOOPS as LOOPS
from tests.e2e.conftest import FAULTY_SEED as SEED
from tests.faults.assessment import Assessment, assess
from tests.faults.fault_run import DeadLetterMessage, Observations
from tests.faults.plan import FaultyLoop, Planner
from tests.faults.proxy import Exchange


def test_faults_lose_and_double_nothing(faults: Assessment) -> None:
    assert faults.discrepancies() == []
    assert faults.passed


def test_table_has_a_row_for_every_fault_and_fits_the_terminal(faults: Assessment) -> None:
    lines = faults.table().splitlines()
    assert len(lines) == len({loop.fault for loop in faults.loops}) + 3
    assert max(map(len, lines)) <= 80


def test_page_has_the_row_of_every_fault_and_names_tests_that_exist() -> None:
    page = (PROJECT / "docs" / "reliability.md").read_text()
    rows = re.findall(r"^  (\S.*?)  +(\d+) +(\d+) +(\d+) +(\d+)$", page, re.MULTILINE)
    not_yet_run = set(re.findall(r"^- `(.+)` is not in this run", page, re.MULTILINE))
    assert not_yet_run.isdisjoint(row[0] for row in rows)
    assert {row[0] for row in rows} | not_yet_run == {"all", *(each.fault for each in PLANNED)}
    assert {row[3:] for row in rows} == {("0", "0")}
    files = re.findall(r"`(tests/[\w/]+\.py)`", page)
    tests = "".join((PROJECT / file).read_text() for file in {*files, "tests/e2e/test_faults.py"})
    names = re.findall(r"`(test_\w+)`", page)
    assert len(names) > 1
    assert [name for name in names if f"def {name}(" not in tests] == []


# What the assessment notices


def planned() -> list[FaultyLoop]:
    """Plan loops whose faults never happen."""

    def kill(_after: bool) -> Callable[[Exchange], None]:
        return Exchange.break_off

    functions = {(d, f): kill for d in ("buffered", "direct") for f in ("handler", "reconciler")}
    choose = random.Random(SEED)  # noqa: S311 - it must be repeatable
    planner = Planner(choose=choose, kill=functions, write=lambda _loop: None)
    return planner.plan(LOOPS, with_poison_messages=True)


PLANNED = planned()


def perfect() -> Observations:
    """Return what must be seen of them."""
    recorded = [loop for loop in PLANNED if loop.is_recorded]
    items = [
        {
            "humanLoopName": loop.name,
            "humanLoopArn": loop.arn,
            "humanLoopStatus": loop.status,
            "outcomeId": f"outcome of {loop.name}",
            "taskType": loop.sample.outcome["taskType"]
            if loop.sample and (loop.repaired or loop.first_output in (None, loop.output))
            else None,
            **({"recovered": True} if loop.recovered or loop.throttled else {}),
        }
        for loop in recorded
    ]
    events = [
        event
        for loop in PLANNED
        for event in [
            *(loop.events if loop.delivery == "buffered" else []),
            *(loop.events if loop.delivery == "buffered" and loop.repaired else []),
            *([loop.event()] if loop.recovered else []),
        ]
    ]
    return Observations(
        ledger=items,
        outcomes=items,
        dead_letter_messages=[
            DeadLetterMessage(
                queue="DeadLetterQueueUrl", event=loop.event(), reason=loop.dead_letter_reason
            )
            for loop in PLANNED
            if loop.dead_letter_reason is not None
        ],
        topic=events,
        queue=events,
        alerts=[
            f"Human loop: {event['detail']['humanLoopName']}"
            for event in events
            if event["detail"]["humanLoopStatus"] == "Failed"
        ],
        injected={loop.name: 100 for loop in PLANNED if loop.request_faults or loop.throttled},
        notes=[],
    )


def named(fault: str, delivery: str = "buffered") -> FaultyLoop:
    return next(x for x in PLANNED if (x.fault, x.delivery) == (fault, delivery))


def other_than(loop: FaultyLoop, things: Any) -> list[Any]:
    return [each for each in things if each["humanLoopName"] != loop.name]


def changed(seen: Observations, loop: FaultyLoop, **values: Any) -> Observations:
    ledger = [
        {**item, **values} if item["humanLoopName"] == loop.name else item for item in seen.ledger
    ]
    return replace(seen, ledger=ledger)


NORMAL = named("none")
MALFORMED = named("malformed event")
POISON = named("handler killed at every attempt")
HUNG = named("S3 hanging")
STRANGER = {"humanLoopName": "loop-99999", "outcomeId": "outcome of a stranger"}
MESSAGE = DeadLetterMessage(queue="DeadLetterQueueUrl", event=NORMAL.event(), reason="Sorry")
MOVED = replace(MESSAGE, reason="")

DAMAGES: dict[str, tuple[str, Callable[[Observations], Observations]]] = {
    "no item": ("lost: no item", lambda s: replace(s, ledger=other_than(NORMAL, s.ledger))),
    "another status": (
        "lost: the ledger says humanLoopStatus 'Dancing'",
        lambda s: changed(s, NORMAL, humanLoopStatus="Dancing"),
    ),
    "output not read": (
        "lost: the ledger says taskType None",
        lambda s: changed(s, HUNG, taskType=None),
    ),
    "outcome not published": (
        "lost: outcome outcome of",
        lambda s: replace(s, outcomes=other_than(NORMAL, s.outcomes)),
    ),
    "event not at the topic": ("lost: the topic had", lambda s: replace(s, topic=s.topic[1:])),
    "event not in the queue": ("lost: the queue had", lambda s: replace(s, queue=s.queue[1:])),
    "no dead-letter message": (
        "lost: no dead-letter message",
        lambda s: replace(
            s,
            dead_letter_messages=[
                x for x in s.dead_letter_messages if x.reason != MALFORMED.dead_letter_reason
            ],
        ),
    ),
    "dead-letter message without its reason": (
        "lost: no dead-letter message",
        lambda s: replace(
            s, dead_letter_messages=[replace(x, reason="") for x in s.dead_letter_messages]
        ),
    ),
    "two items": (
        "doubled: 2 items",
        lambda s: replace(s, ledger=[*s.ledger, s.ledger[0]]),
    ),
    "two ids": (
        "doubled: 2 outcomes that differ",
        lambda s: replace(s, outcomes=[*s.outcomes, {**s.outcomes[0], "outcomeId": "other"}]),
    ),
    "event twice at the topic": (
        "doubled: the topic had",
        lambda s: replace(s, topic=[*s.topic, s.topic[0]]),
    ),
    "event twice in the queue": (
        "doubled: the queue had",
        lambda s: replace(s, queue=[*s.queue, s.queue[0]]),
    ),
    "no alert": ("lost: the alerts had", lambda s: replace(s, alerts=s.alerts[1:])),
    "alert twice": (
        "doubled: the alerts had",
        lambda s: replace(s, alerts=[*s.alerts, s.alerts[0]]),
    ),
    "needless dead-letter message": (
        "doubled: 1 dead-letter messages",
        lambda s: replace(s, dead_letter_messages=[*s.dead_letter_messages, MESSAGE]),
    ),
    "more dead-letter messages without a reason than a batch has": (
        "10 dead-letter messages of settled loops have no reason",
        lambda s: replace(s, dead_letter_messages=[*s.dead_letter_messages, *[MOVED] * 10]),
    ),
    "item of a loop that kills its function": (
        "doubled: 1 items",
        lambda s: replace(s, ledger=[*s.ledger, {**s.ledger[0], "humanLoopName": POISON.name}]),
    ),
    "strange item": (
        "loop-99999 is no loop of this run",
        lambda s: replace(s, ledger=[*s.ledger, STRANGER]),
    ),
    "fault that did not happen": ("faults were injected", lambda s: replace(s, injected={})),
    "note": ("the proxy failed", lambda s: replace(s, notes=["the proxy failed"])),
}


def test_assessment_of_what_must_be_seen_is_right() -> None:
    assert len(PLANNED) >= LOOPS
    assert assess(PLANNED, perfect()).discrepancies() == []


@pytest.mark.parametrize(("discrepancy", "damage"), DAMAGES.values(), ids=DAMAGES)
def test_assessment_notices(
    discrepancy: str, damage: Callable[[Observations], Observations]
) -> None:
    assessment = assess(PLANNED, damage(perfect()))
    assert not assessment.passed
    assert any(discrepancy in each for each in assessment.discrepancies()), (
        assessment.discrepancies()
    )


def test_messages_moved_with_a_message_that_kills_are_counted_and_not_wrong() -> None:
    seen = perfect()
    assessment = assess(
        PLANNED, replace(seen, dead_letter_messages=[*seen.dead_letter_messages, *[MOVED] * 9])
    )
    assert assessment.discrepancies() == []
    assert assessment.moved_messages == 9


def test_plan_is_the_same_for_a_seed() -> None:
    def described(loops: list[FaultyLoop]) -> list[tuple[Any, ...]]:
        return [(x.name, x.fault, x.status, len(x.events), len(x.request_faults)) for x in loops]

    assert described(planned()) == described(PLANNED)
    assert len({loop.name for loop in PLANNED}) == len(PLANNED)

"""The assessment of a run: lost and doubled human loops, and other discrepancies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.report import table
from tests.faults.fault_run import DeadLetterMessage, Observations
from tests.faults.plan import FaultyLoop
from tests.faults.proxy import LOOP_NAME, Exchange

_OTHERS_IN_A_BATCH = 9


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The result of a run."""

    loops: Sequence[FaultyLoop]
    injected: Mapping[str, int]
    lost: Mapping[str, Sequence[str]]
    """What is missing, by human loop."""
    doubled: Mapping[str, Sequence[str]]
    """What there is too much of, by human loop."""
    other: Sequence[str]
    """Discrepancies that belong to no human loop, or are not a loss."""
    dead_letter_messages: int = 0
    """How many messages are in the dead-letter queues."""
    repeated_messages: int = 0
    """How many of them repeat another, because the handler was killed in the same batch."""
    moved_messages: int = 0
    """How many of them SQS moved with a poison message. Their loops are settled, but Lambda deletes
    no message of a batch in which the function was killed."""

    @property
    def passed(self) -> bool:
        """Whether there is no discrepancy."""
        return not (self.lost or self.doubled or self.other)

    def table(self) -> str:
        """Return a row for each fault, and the sums."""
        faults = list(dict.fromkeys(loop.fault for loop in self.loops))
        rows = [self._row(fault, [x for x in self.loops if x.fault == fault]) for fault in faults]
        return table(
            ["fault", "loops", "injected", "lost", "doubled"],
            [*rows, self._row("all", self.loops)],
            zero="0",
        )

    def _row(self, fault: str, loops: Sequence[FaultyLoop]) -> list[str | int]:
        names = [loop.name for loop in loops]
        return [
            fault,
            len(names),
            sum(self.injected.get(name, 0) for name in names),
            sum(name in self.lost for name in names),
            sum(name in self.doubled for name in names),
        ]

    def discrepancies(self) -> list[str]:
        """Return a line for each discrepancy."""
        faults = {loop.name: f"{loop.fault}, {loop.delivery}" for loop in self.loops}
        return [
            *(
                f"{loop} ({faults[loop]}): {what}: {text}"
                for what, found in {"lost": self.lost, "doubled": self.doubled}.items()
                for loop, texts in found.items()
                for text in texts
            ),
            *self.other,
        ]


def assess(loops: Sequence[FaultyLoop], seen: Observations) -> Assessment:
    """Compare what was observed with what is expected. Anything else is a discrepancy."""
    found = _ObservationsByLoop(seen)
    lost = {loop.name: list(_lost(loop, found)) for loop in loops}
    doubled = {loop.name: list(_doubled(loop, found)) for loop in loops}
    not_injected = [
        f"{loop.name} ({loop.fault}, {loop.delivery}): {seen.injected.get(loop.name, 0)} of "
        f"{_least_injected(loop)} faults were injected"
        for loop in loops
        if seen.injected.get(loop.name, 0) < _least_injected(loop)
    ]
    known = {loop.name for loop in loops}
    strangers = [
        f"{place}: {name} is no loop of this run"
        for place, names in found.names.items()
        for name in names
        if name not in known
    ]
    moved_along = sum(
        _moved_along(found.dead_letter_messages.get(loop.name, []), loop) for loop in loops
    )
    poison_messages = sum(not loop.is_recorded and loop.delivery == "buffered" for loop in loops)
    if moved_along > _OTHERS_IN_A_BATCH * poison_messages:
        strangers.append(
            f"{moved_along} dead-letter messages of settled loops have no reason, expected at most "
            f"{_OTHERS_IN_A_BATCH} for each of {poison_messages} messages that kill the handler"
        )
    return Assessment(
        loops=loops,
        injected=seen.injected,
        lost={name: texts for name, texts in lost.items() if texts},
        doubled={name: texts for name, texts in doubled.items() if texts},
        other=[*not_injected, *strangers, *seen.notes],
        dead_letter_messages=len(seen.dead_letter_messages),
        repeated_messages=sum(
            _sent_again(loop, found.dead_letter_messages.get(loop.name, [])) for loop in loops
        ),
        moved_messages=moved_along,
    )


class _ObservationsByLoop:
    """The observations, by human loop."""

    def __init__(self, seen: Observations) -> None:
        self.items = _by(seen.ledger, lambda item: item["humanLoopName"])
        self.outcomes = _by(seen.outcomes, lambda outcome: outcome["humanLoopName"])
        self.dead_letter_messages = _by(
            seen.dead_letter_messages, lambda message: _loop_of(message.event)
        )
        self.topic = Counter(_loop_of(event) for event in seen.topic)
        self.queue = Counter(_loop_of(event) for event in seen.queue)
        self.alerts = Counter(name for text in seen.alerts for name in _named(text))
        self.names: Mapping[str, Iterable[str]] = {
            "the ledger": self.items,
            "the outcome bus": self.outcomes,
            "a dead-letter queue": self.dead_letter_messages,
            "the topic": self.topic,
            "the queue": self.queue,
            "the alerts": self.alerts,
        }


def _lost(loop: FaultyLoop, found: _ObservationsByLoop) -> Iterator[str]:
    items: list[Mapping[str, Any]] = found.items.get(loop.name, [])
    outcomes = {outcome["outcomeId"] for outcome in found.outcomes.get(loop.name, [])}
    if loop.is_recorded and not items:
        yield "no item in the ledger"
    for item in items:
        for name, expected in _record(loop).items():
            if item.get(name) != expected:
                yield f"the ledger says {name} {item.get(name)!r}, expected {expected!r}"
        if item["outcomeId"] not in outcomes:
            yield f"outcome {item['outcomeId']} of the ledger was not published"
    for place, expected, count in _arrivals(loop, found):
        if count < expected[0]:
            yield f"{place} had {count} events, expected {expected[0]}"
    messages: list[DeadLetterMessage] = found.dead_letter_messages.get(loop.name, [])
    if loop.dead_letter_reason is not None and not any(
        _has_reason(message, loop.dead_letter_reason) for message in messages
    ):
        reasons = [message.reason for message in messages]
        yield f"no dead-letter message with reason {loop.dead_letter_reason!r}, got {reasons}"


def _doubled(loop: FaultyLoop, found: _ObservationsByLoop) -> Iterator[str]:
    items = found.items.get(loop.name, [])
    if len(items) > loop.is_recorded:
        yield f"{len(items)} items in the ledger"
    ids = {outcome["outcomeId"] for outcome in found.outcomes.get(loop.name, [])}
    if len(ids) > loop.outcome_ids * loop.is_recorded:
        yield f"{len(ids)} outcomes that differ: {sorted(ids)}"
    for place, expected, count in _arrivals(loop, found):
        if count > expected[1]:
            yield f"{place} had {count} events, expected at most {expected[1]}"
    messages = found.dead_letter_messages.get(loop.name, [])
    explained = _sent_again(loop, messages) + _moved_along(messages, loop)
    expected_messages = (loop.dead_letter_reason is not None) + loop.is_unreadable
    if len(messages) - explained > expected_messages:
        yield f"{len(messages)} dead-letter messages: {[each.reason for each in messages]}"


def _record(loop: FaultyLoop) -> dict[str, Any]:
    """Return the expected values of a loop's item in the ledger."""
    is_read = loop.repaired or loop.first_output in (None, loop.output)
    return {
        "humanLoopStatus": loop.status,
        "humanLoopArn": loop.arn,
        "taskType": loop.sample.outcome["taskType"] if loop.sample and is_read else None,
        "recovered": True if loop.recovered or loop.throttled else None,
    }


def _arrivals(
    loop: FaultyLoop, found: _ObservationsByLoop
) -> Iterator[tuple[str, tuple[int, int], int]]:
    """Yield each target, the minimum and maximum number of events, and the observed number."""
    # With direct delivery, the run invokes the handler and puts no event on the bus.
    sent = len(loop.events) * (1 + loop.repaired) if loop.delivery == "buffered" else 0
    least = sent + loop.recovered
    most = sent + loop.resent_at_most * loop.recovered + loop.is_unreadable
    yield "the topic", (least, most), found.topic[loop.name]
    yield "the queue", (least, most), found.queue[loop.name]
    is_alerted = loop.status == "Failed"
    yield "the alerts", (least * is_alerted, most * is_alerted), found.alerts[loop.name]


def _least_injected(loop: FaultyLoop) -> int:
    harmful = sum(
        fault is not Exchange.pass_on for _, each in loop.request_faults for fault in each
    )
    if loop.throttled:
        return loop.throttled
    return harmful if loop.all_must_occur else min(harmful, 1)


def _sent_again(loop: FaultyLoop, messages: Sequence[DeadLetterMessage]) -> int:
    """Return how many dead-letter messages repeat one that the handler sent.

    The handler sends it before SQS deletes the event's message. If the handler is killed in the
    same batch, SQS delivers that message again. Lambda sends one for each failed invocation.
    """
    reasons = [message.reason for message in messages if message.reason]
    is_repeated = loop.delivery == "buffered" and loop.dead_letter_reason and len(set(reasons)) == 1
    return len(reasons) - 1 if is_repeated else 0


def _moved_along(messages: Sequence[DeadLetterMessage], loop: FaultyLoop) -> int:
    if loop.delivery != "buffered" or not loop.is_recorded:
        return 0
    return sum(message.reason == "" for message in messages)


def _has_reason(message: DeadLetterMessage, reason: str) -> bool:
    return reason in message.reason if reason else message.reason == ""


def _named(alert: str) -> set[str]:
    names = {name.decode() for name in LOOP_NAME.findall(alert.encode())}
    return names or {"an alert without a loop"}


def _loop_of(event: Mapping[str, Any]) -> str:
    return str(event["detail"]["humanLoopName"])


def _by(things: Sequence[Any], name: Any) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for thing in things:
        grouped[name(thing)].append(thing)
    return dict(grouped)

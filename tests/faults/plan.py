"""The human loops of a run: the faults, the events that are sent, and the expected results."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from human_loop_reviews.contract import PROJECT_SOURCE
from local.a2i_server import flow_definition_arn
from local.cases import human_loop_event, output_uri
from local.emulator import ACCOUNT, REGION
from local.samples import OutputSample
from tests.faults import request_faults
from tests.faults.proxy import Exchange, RequestFault

SAMPLES = {
    name: OutputSample.named(name)
    for name in ("textract-invoice", "rekognition-moderation", "custom-classifier")
}
DELIVERIES = ("buffered", "direct")
"""How events reach the handler: the names of the stacks and of their flow definitions."""
CREATED = (datetime.now(UTC) - timedelta(days=1)).replace(microsecond=318_000)

OperationFaults = tuple[str, Sequence[RequestFault]]
"""An operation, and the faults of its next requests that name the loop."""


@dataclass(frozen=True, kw_only=True)
class FaultyLoop:
    """One human loop."""

    name: str
    fault: str
    """The fault, as the report names it."""
    delivery: str
    """`buffered` or `direct`: the stack, and the name of the flow definition."""
    status: str
    sample: OutputSample | None = None
    """The valid output, which may replace `first_output`."""
    first_output: str | None = None
    """The object in S3 when the events are sent, if there is one."""
    events: Sequence[Mapping[str, Any]] = ()
    """The events that are sent, with duplicates. Empty if A2I omits the event."""
    request_faults: Sequence[OperationFaults] = ()
    all_must_occur: bool = True
    """Whether every one of the faults must be injected."""
    before_the_bus: bool = False
    """Whether it ends while the outcome bus does not exist."""
    repaired: bool = False
    """Whether its output is replaced after it was found unreadable, and its event sent again."""
    recovered: bool = False
    """Whether the reconciler recovers it."""
    throttled: int = 0
    """How many questions about it A2I throttles. Its events are sent from the project's source."""
    resent_at_most: int = 1
    """How often the reconciler may send its event."""
    is_recorded: bool = True
    dead_letter_reason: str | None = None
    """The reason in its dead-letter message, if it has one. Empty if SQS moves the message."""
    outcome_ids: int = 1
    """How many outcomes that say different things may be published."""

    @property
    def arn(self) -> str:
        """The loop's ARN."""
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:human-loop/{self.name}"

    @property
    def is_unreadable(self) -> bool:
        """Whether its output stays unreadable. The reconciler sends its event once more."""
        return self.first_output not in (None, self.output) and not self.repaired

    @property
    def output_uri(self) -> str | None:
        """The URI of its output. In a run, only Completed loops have an output."""
        return output_uri(self.name, self.delivery, prefix="") if self.sample else None

    @property
    def output(self) -> str | None:
        """The output that A2I writes."""
        if self.sample is None:
            return None
        return json.dumps(self.sample.of_loop(self.name, flow_definition_arn(self.delivery)))

    def event(self, status: str | None = None, *, minutes: int = 0) -> dict[str, Any]:
        """Return an event about it."""
        event = human_loop_event(
            self.name, self.delivery, status or self.status, output_uri=self.output_uri
        )
        created = f"{CREATED:%Y-%m-%dT%H:%M:%S}.318Z"
        event["detail"]["creationTime"] = created
        event["time"] = f"{CREATED + timedelta(hours=1, minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
        return event


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans the loops of a run with random choices."""

    choose: random.Random
    kill: Mapping[tuple[str, str], Callable[[bool], RequestFault]]
    """By delivery and `handler` or `reconciler`: returns the fault that kills this function. The
    argument says whether the request is forwarded first."""
    write: Callable[[FaultyLoop], None]
    """Write a loop's output."""
    _number: Iterator[int] = field(default_factory=lambda: iter(range(100_000)))

    def plan(
        self, count: int, *, with_poison_messages: bool, each_delivery: bool = True
    ) -> list[FaultyLoop]:
        """Return at least this number of loops, with some for every fault.

        With poison messages, one loop of each delivery kills its function at every attempt.
        Without each delivery, a fault may have one loop only, buffered if that is possible.
        """
        faults = {**_FAULTS, **(_POISON_MESSAGES if with_poison_messages else {})}
        of_one_share = count / sum(each.share for each in faults.values())
        numbers = {
            name: each.number(of_one_share, each_delivery=each_delivery)
            for name, each in faults.items()
        }
        numbers["none"] += max(0, count - sum(numbers.values()))
        return [
            self._loop(name, faults[name], index)
            for name, number in numbers.items()
            for index in range(number)
        ]

    def _loop(self, name: str, fault: _LoopFault, index: int) -> FaultyLoop:
        loop = FaultyLoop(
            name=f"loop-{next(self._number):05}",
            fault=name,
            delivery=fault.deliveries[index % len(fault.deliveries)],
            status="Completed",
        )
        status = "Completed" if fault.has_output else self.choose.choice(_STATUSES)
        if status == "Completed":
            sample = self.choose.choice(list(SAMPLES.values()))
            loop = replace(loop, sample=sample)
            loop = replace(loop, first_output=loop.output)
        loop = replace(loop, status=status)
        loop = replace(loop, events=[loop.event()])
        return fault.apply(self, loop)

    def times(self, maximum: int) -> int:
        """Choose a number from 1 to a maximum."""
        return self.choose.randint(1, maximum)

    def killed(self, loop: FaultyLoop, function: str) -> RequestFault:
        """Return the fault that kills a function before or after the request is forwarded."""
        return self.kill[loop.delivery, function](self.choose.random() < 0.5)


@dataclass(frozen=True, kw_only=True)
class _LoopFault:
    """A fault of loops, and its share of all loops."""

    apply: Callable[[Planner, FaultyLoop], FaultyLoop]
    share: float = 1
    at_most: int = 100_000
    has_output: bool = False
    # The emulator handles one event at a time if it is not in a batch, and after every error it
    # starts a new process.
    deliveries: Sequence[str] = ("buffered", "direct", "buffered", "buffered")

    def number(self, of_one_share: float, *, each_delivery: bool) -> int:
        at_least = len(set(self.deliveries)) if each_delivery else 1
        return max(at_least, min(self.at_most, round(self.share * of_one_share)))


_STATUSES = ("Completed", "Completed", "Failed", "Stopped")
_STEPS = ("GetItem", "PutEvents", "PutItem")


def _with(
    operation: str, fault: RequestFault, *, maximum: int = 1
) -> Callable[[Planner, FaultyLoop], FaultyLoop]:
    """Inject a fault into some requests of an operation."""
    return lambda planner, loop: replace(
        loop, request_faults=[(operation, [fault] * planner.times(maximum))]
    )


def _nothing(_planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    return loop


def _sent_again(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    return replace(loop, events=[loop.event()] * (1 + planner.times(4)))


def _two_ends(_planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    """Send an older Stopped event too. The run shuffles all events."""
    events = [loop.event(), loop.event(), loop.event("Stopped", minutes=-30)]
    return replace(loop, events=events, outcome_ids=2)


def _late_output(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    # Lambda has three attempts, SQS thirty.
    looks = 1 if loop.delivery == "direct" else planner.times(3)
    appear = request_faults.and_then(lambda: planner.write(loop))
    waits: list[RequestFault] = [Exchange.pass_on] * (looks - 1)
    return replace(loop, first_output=None, request_faults=[("GetObject", [*waits, appear])])


def _output_after_the_last_attempt(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    late = [Exchange.pass_on] * 2
    appear = request_faults.and_then(lambda: planner.write(loop))
    return replace(
        loop,
        first_output=None,
        request_faults=[("GetObject", [*late, appear])],
        dead_letter_reason="there is no object",
        recovered=True,
    )


def _throttled(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    operation = planner.choose.choice(("GetItem", "PutItem"))
    return _with(operation, request_faults.throttle_dynamodb, maximum=3)(planner, loop)


def _failing(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    fault = planner.choose.choice((request_faults.s3_slow_down, request_faults.s3_internal_error))
    return _with("GetObject", fault, maximum=3)(planner, loop)


def _hanging(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    fault = planner.choose.choice((request_faults.hang, request_faults.hang_in_the_body))
    return _with("GetObject", fault, maximum=2)(planner, loop)


def _killed(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    steps = [*_STEPS, *(["GetObject"] if loop.sample else [])]
    return replace(
        loop, request_faults=[(planner.choose.choice(steps), [planner.killed(loop, "handler")])]
    )


def _several(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    """Choose two temporary faults, and send duplicates."""
    possible: list[OperationFaults] = [
        ("GetItem", [request_faults.throttle_dynamodb]),
        ("PutItem", [request_faults.throttle_dynamodb]),
        ("PutItem", [request_faults.lose_the_answer]),
        ("PutEvents", [request_faults.lose_the_answer]),
        ("PutEvents", [request_faults.refuse_the_entry]),
        ("GetObject", [request_faults.s3_slow_down]),
        ("GetObject", [request_faults.slow]),
    ]
    chosen = planner.choose.sample(possible, 2)
    return replace(_sent_again(planner, loop), request_faults=chosen, all_must_occur=False)


def _omitted(_planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    return replace(loop, events=[], recovered=True)


def _omitted_and_answers_lost(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    """Lose the answer to one of the reconciler's marks, or to its event."""
    operation, before, maximum = planner.choose.choice(
        (("PutItem", 0, 1), ("PutItem", 1, 1), ("PutEvents", 0, 2))
    )
    faults = [*[Exchange.pass_on] * before, request_faults.lose_the_answer]
    return replace(
        _omitted(planner, loop), request_faults=[(operation, faults)], resent_at_most=maximum
    )


def _omitted_and_killed(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    """Kill the reconciler at its event, the second of its writes."""
    fault = ("PutEvents", [planner.killed(loop, "reconciler")])
    return replace(_omitted(planner, loop), request_faults=[fault], resent_at_most=2)


def _no_bus(_planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    if loop.delivery == "buffered":
        return replace(loop, before_the_bus=True)
    reason = "the event bus"
    return replace(loop, before_the_bus=True, dead_letter_reason=reason, recovered=True)


def _sent_again_and_throttled(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    """Send a forged status and forged times, while A2I throttles the handler's questions."""
    # Lambda has three attempts, SQS thirty. The SDK makes two requests in each.
    throttled = planner.times(4 if loop.delivery == "direct" else 10)
    # An event that says Failed would raise an alert: alerts see what is sent.
    forged = loop.event("Failed" if loop.status == "Failed" else "Stopped", minutes=-1_000_000)
    forged["source"] = PROJECT_SOURCE
    forged["detail"]["creationTime"] = "2099-01-01T00:00:00.000Z"
    copies = 1 if loop.delivery == "direct" else planner.times(3)
    return replace(loop, events=[forged] * copies, throttled=throttled)


def _malformed(_planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    event = loop.event()
    event["detail"]["creationTime"] = "yesterday"
    return replace(
        loop, events=[event], dead_letter_reason="creationTime: expected", recovered=True
    )


def _unreadable(_planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    return replace(
        loop, first_output='{"humanAnswers": ', dead_letter_reason="output of human loop"
    )


def _unreadable_then_repaired(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    return replace(_unreadable(planner, loop), repaired=True, outcome_ids=2)


def _kills_every_time(planner: Planner, loop: FaultyLoop) -> FaultyLoop:
    kill = planner.kill[loop.delivery, "handler"](False)
    # SQS moves a message that was received too often, without a reason.
    reason = "" if loop.delivery == "buffered" else "Worker process died"
    return replace(
        loop,
        request_faults=[("GetObject", [kill] * 100)],
        all_must_occur=False,
        is_recorded=False,
        dead_letter_reason=reason,
    )


_FAULTS = {
    "none": _LoopFault(apply=_nothing, share=12),
    "duplicates, up to five": _LoopFault(apply=_sent_again, share=12),
    "an older end besides, any order": _LoopFault(
        apply=_two_ends, share=4, has_output=True, deliveries=["direct"]
    ),
    "S3 slow": _LoopFault(
        apply=_with("GetObject", request_faults.slow), share=1.5, has_output=True
    ),
    "S3 failing": _LoopFault(apply=_failing, share=3, has_output=True),
    "S3 hanging": _LoopFault(apply=_hanging, share=0.5, has_output=True),
    "output appears late": _LoopFault(apply=_late_output, share=3, has_output=True),
    "output later than all attempts": _LoopFault(
        apply=_output_after_the_last_attempt, share=1, has_output=True, deliveries=["direct"]
    ),
    "DynamoDB throttled": _LoopFault(apply=_throttled, share=3),
    "PutItem done, answer lost": _LoopFault(
        apply=_with("PutItem", request_faults.lose_the_answer, maximum=2), share=3
    ),
    "PutEvents done, answer lost": _LoopFault(
        apply=_with("PutEvents", request_faults.lose_the_answer, maximum=2), share=3
    ),
    "PutEvents refuses the outcome": _LoopFault(
        apply=_with("PutEvents", request_faults.refuse_the_entry, maximum=2), share=1.5
    ),
    "handler killed": _LoopFault(apply=_killed, share=1.5),
    "several of these, and duplicates": _LoopFault(apply=_several, share=3, has_output=True),
    "outcome bus missing": _LoopFault(apply=_no_bus, share=1, at_most=20),
    "sent again, A2I throttles": _LoopFault(apply=_sent_again_and_throttled, share=3),
    "event omitted": _LoopFault(apply=_omitted, share=3),
    "event omitted, answers lost": _LoopFault(apply=_omitted_and_answers_lost, share=1.5),
    "event omitted, reconciler killed": _LoopFault(apply=_omitted_and_killed, share=0.5),
    "malformed event": _LoopFault(apply=_malformed, share=1),
    "output unreadable": _LoopFault(apply=_unreadable, share=1, has_output=True),
    "output unreadable, then repaired": _LoopFault(
        apply=_unreadable_then_repaired, share=1, has_output=True
    ),
}
_POISON_MESSAGES = {
    "handler killed at every attempt": _LoopFault(apply=_kills_every_time, share=0, has_output=True)
}

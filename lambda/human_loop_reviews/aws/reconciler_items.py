"""What the reconciler reads and writes in the ledger.

It only reads the items of outcomes. Its own items are markers, one for each human loop that was
found missing, and one for each flow definition with how far its comparison has come. Their sort
keys begin with ``reconciler#``, and they lack the attributes of the index by flow definition, so no
query for outcomes returns them. DynamoDB deletes them after some weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from human_loop_reviews.a2i.event import time_text
from human_loop_reviews.aws.calls import naming
from human_loop_reviews.aws.human_loops import ListedLoop
from human_loop_reviews.aws.ledger import ENTRY_ATTRIBUTES, Entry
from human_loop_reviews.aws.ledger_table import LedgerTable, is_of_reconciler, item_key, key_of
from human_loop_reviews.contract import (
    LEDGER_PARTITION_KEY,
    LEDGER_SORT_KEY,
    LEDGER_TIME_TO_LIVE,
    RECONCILER_SORT_KEY_PREFIX,
    SAME_TIME,
)

# How much longer than a human loop is compared the reconciler's items are kept.
_MARGIN: Final = timedelta(days=30)

_ENTRY: Final = (LEDGER_PARTITION_KEY, LEDGER_SORT_KEY, *ENTRY_ATTRIBUTES)

_STATE: Final = "reconcilerState"
_ROUND: Final = "reconcilerRound"
_RUN: Final = "reconcilerRun"
_CHANGED: Final = "changedAt"
_RESUME: Final = "resumeAfter"
_OPEN: Final = "openLoops"
_OLDEST: Final = "oldestOpenLoop"
_INTERRUPTIONS: Final = "interruptions"
_MISSING: Final = "missingLoops"


class Record(StrEnum):
    """What the ledger says about an ended human loop. The first one counts, if several do."""

    #: What A2I says. A Stopped loop needs no output.
    SETTLED = "settled"
    #: That the output cannot be read.
    UNREADABLE = "unreadable"
    #: Another status than A2I.
    DIFFERENT = "different"
    #: Nothing, or what anybody can have sent.
    MISSING = "missing"


class RecoveryState(StrEnum):
    """How far the recovery of a missing human loop has come."""

    #: It was found ended, and the ledger does not say what A2I says.
    MISSING = "missing"
    #: Its event is being sent. A run that stops here is repeated by the next one.
    SENDING = "sending"
    #: Its event was sent. It is not sent again, except by `resend`.
    RESENT = "resent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The marker of a human loop that was found ended and not settled in the ledger."""

    arn: str
    """The loop's ARN."""
    creation_time: datetime
    """When the loop was created."""
    state: RecoveryState
    """How far the recovery has come."""
    round: int
    """The round of comparison that set the state."""
    run: str
    """The run of the function that set the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopItems:
    """The items of all human loops that had one name."""

    outcomes: Sequence[tuple[datetime, Entry]]
    """The creation times and the outcomes of those with an outcome."""
    markers: Sequence[Marker]
    """The markers."""

    def record_of(self, loop: ListedLoop) -> Record:
        """Return what the ledger says about a loop, in comparison with A2I."""
        records = {
            _compared(entry, loop)
            for time, entry in self.outcomes
            if abs(time - loop.creation_time) < SAME_TIME
        }
        return next((each for each in Record if each in records), Record.MISSING)

    def marker(self, creation_time: datetime) -> Marker | None:
        """Return the marker of the loop that was created at a time."""
        markers = (
            each for each in self.markers if abs(each.creation_time - creation_time) < SAME_TIME
        )
        return next(markers, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the comparison of a flow definition's human loops has come."""

    flow_definition_arn: str
    """The flow definition."""
    round: int = 0
    """Which round this is. A round compares all loops once, and may take several runs of the
    function. Loops that are missing in round 0 ended before the reconciler was there."""
    resume_after: datetime | None = None
    """The creation time of the last loop that this round compared. None at its beginning."""
    open_loops: int = 0
    """How many open loops this round has seen so far."""
    oldest_open_loop: datetime | None = None
    """When the oldest of them was created."""
    interruptions: int = 0
    """How many of the latest runs ended with an error of AWS that is temporary."""
    missing: tuple[str, ...] = ()
    """The ARNs of loops that this round, or the one before at its beginning, found missing."""
    changed_at: datetime | None = field(default=None, compare=False)
    """When this was saved. None if it never was."""


class ReconcilerItems:
    """The ledger, as the reconciler uses it. A call that DynamoDB refuses is a `CallError`.

    Parameters
    ----------
    dynamodb
        A client.
    table
        The table's name.
    look_back
        How long after its creation a human loop is compared.
    """

    def __init__(self, dynamodb: Any, table: str, look_back: timedelta) -> None:
        self._table = LedgerTable(dynamodb, table)
        self._resource = f"table {table}"
        self._kept = look_back + _MARGIN

    def settled(self, loops: Sequence[ListedLoop]) -> set[ListedLoop]:
        """Return those of at most 100 loops that surely are settled, in one request.

        The others may be: under another text of the creation time, or a very new one.
        """
        by_key = {(each.arn, time_text(each.creation_time)): each for each in loops}
        if not by_key:
            return set()
        with naming(self._resource):
            items = self._table.find_some(by_key, attributes=_ENTRY)
        found = {by_key[key_of(item)]: Entry.parse(item) for item in items}
        return {
            loop
            for loop, entry in found.items()
            if entry is not None and _compared(entry, loop) is Record.SETTLED
        }

    def find(self, arn: str) -> LoopItems:
        """Return all items of a human loop's ARN."""
        outcomes: list[tuple[datetime, Entry]] = []
        markers: list[Marker] = []
        with naming(self._resource):
            items = [*self._table.items_of(arn, attributes=(*_ENTRY, _STATE, _ROUND, _RUN))]
        for item in items:
            if is_of_reconciler(item):
                markers.append(_marker(item))
            elif (time := _time(item)) is not None and (entry := Entry.parse(item)) is not None:
                outcomes.append((time, entry))
        return LoopItems(outcomes=outcomes, markers=markers)

    def mark(self, marker: Marker, *, instead_of: Marker | None, now: datetime) -> bool:
        """Set the marker of a human loop, unless another run did so meanwhile.

        Parameters
        ----------
        marker
            The new marker.
        instead_of
            The marker that it replaces; None if there is none.
        now
            The time.

        Returns
        -------
        bool
            Whether the marker is set.
        """
        condition, expected = f"attribute_not_exists({LEDGER_PARTITION_KEY})", {}
        if instead_of is not None:
            condition = f"{_STATE} = :state AND {_RUN} = :run"
            expected = {"state": instead_of.state, "run": instead_of.run}
        item = {
            **_reconciler_key(marker.arn, time_text(marker.creation_time)),
            _STATE: {"S": marker.state},
            _ROUND: {"N": str(marker.round)},
            _RUN: {"S": marker.run},
            _CHANGED: {"S": time_text(now)},
            LEDGER_TIME_TO_LIVE: self._expiry(now),
        }
        with naming(self._resource):
            found = self._table.put_if(item, condition, **expected)
        return found is None or (bool(found) and _is_same_write(_marker(found), marker))

    def progress(self, flow_definition_arn: str) -> Progress:
        """Return how far the comparison of a flow definition's loops has come."""
        with naming(self._resource):
            item = self._table.find(flow_definition_arn, RECONCILER_SORT_KEY_PREFIX)
        if item is None:
            return Progress(flow_definition_arn=flow_definition_arn)
        return Progress(
            flow_definition_arn=flow_definition_arn,
            round=int(item[_ROUND]["N"]),
            resume_after=_optional_time(item, _RESUME),
            open_loops=int(item[_OPEN]["N"]),
            oldest_open_loop=_optional_time(item, _OLDEST),
            interruptions=int(item[_INTERRUPTIONS]["N"]),
            missing=tuple(each["S"] for each in item.get(_MISSING, {}).get("L", ())),
            changed_at=_optional_time(item, _CHANGED),
        )

    def save(self, progress: Progress, *, now: datetime) -> None:
        """Save how far the comparison of a flow definition's loops has come."""
        times = {_RESUME: progress.resume_after, _OLDEST: progress.oldest_open_loop, _CHANGED: now}
        item = {
            **_reconciler_key(progress.flow_definition_arn),
            _ROUND: {"N": str(progress.round)},
            _OPEN: {"N": str(progress.open_loops)},
            _INTERRUPTIONS: {"N": str(progress.interruptions)},
            **{name: {"S": time_text(time)} for name, time in times.items() if time},
            _MISSING: {"L": [{"S": arn} for arn in progress.missing]},
            LEDGER_TIME_TO_LIVE: self._expiry(now),
        }
        with naming(self._resource):
            self._table.put(item)

    def _expiry(self, now: datetime) -> dict[str, str]:
        return {"N": str(int((now + self._kept).timestamp()))}


def _compared(entry: Entry, loop: ListedLoop) -> Record:
    if not entry.is_authoritative:
        return Record.MISSING
    if entry.status != loop.status:
        return Record.DIFFERENT
    return Record.UNREADABLE if entry.unreadable else Record.SETTLED


def _reconciler_key(arn: str, creation_time: str = "") -> dict[str, dict[str, str]]:
    return item_key(arn, f"{RECONCILER_SORT_KEY_PREFIX}{creation_time}")


def _marker(item: Mapping[str, Any]) -> Marker:
    arn, sort_key = key_of(item)
    return Marker(
        arn=arn,
        creation_time=datetime.fromisoformat(sort_key.removeprefix(RECONCILER_SORT_KEY_PREFIX)),
        state=RecoveryState(item[_STATE]["S"]),
        round=int(item[_ROUND]["N"]),
        run=item[_RUN]["S"],
    )


def _is_same_write(one: Marker, other: Marker) -> bool:
    return (one.state, one.round, one.run) == (other.state, other.round, other.run)


def _time(item: Mapping[str, Any]) -> datetime | None:
    """Return when the loop of an outcome was created. None if its text is no time."""
    try:
        time = datetime.fromisoformat(key_of(item)[1])
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _optional_time(item: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]["S"]) if name in item else None

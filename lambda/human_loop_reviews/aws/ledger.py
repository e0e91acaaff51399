"""The ledger: a DynamoDB table with one item for each human loop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, DecimalException
from enum import StrEnum
from secrets import token_hex
from typing import Any, Final, NamedTuple

from boto3.dynamodb.types import DYNAMODB_CONTEXT, TypeDeserializer, TypeSerializer

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.aws.calls import naming
from human_loop_reviews.aws.ledger_table import LedgerTable, item_key
from human_loop_reviews.contract import (
    LEDGER_INDEX_SORT_KEY,
    LEDGER_TIME_TO_LIVE,
    RECOVERED,
    VERIFICATION_RETENTION_SECONDS,
    EventSource,
    HumanLoopStatus,
)

# Of two outcomes of a loop, the one with the greater text is kept, whichever arrives first. It
# begins with a rank.
_PRECEDENCE: Final = "precedence"


class _Rank(StrEnum):
    # An event that was sent again, without confirmation: of a verification, or recorded by an
    # earlier version.
    UNCONFIRMED = "0"
    AWS = "1"
    # What A2I's API says, also if AWS's event says the same.
    CONFIRMED = "2"


# Identifies a write.
_WRITE_ID: Final = "writeId"

# At the same time, a status with a review outranks one that may have one.
_STATUSES: Final = (HumanLoopStatus.FAILED, HumanLoopStatus.STOPPED, HumanLoopStatus.COMPLETED)

#: The attributes of an item that an entry is read from.
ENTRY_ATTRIBUTES: Final = (
    *(_PRECEDENCE, "eventSource", "humanLoopStatus", "outcomeId", "outputError", "outputS3Uri"),
)

# What an item has besides the outcome.
_NOT_OUTCOME: Final = (_PRECEDENCE, _WRITE_ID, LEDGER_TIME_TO_LIVE, RECOVERED)

# The parts of a field that can be any JSON; they are stored as JSON texts.
_VALUES: Final = "values"


class Entry(NamedTuple):
    """What the ledger has of a loop."""

    outcome_id: str
    """The id of the recorded outcome."""
    precedence: str
    """Its place among all outcomes of the loop. See `precedence_of`."""
    source: EventSource
    """The source of the event: AWS, or an event that was sent again."""
    status: str
    """How the loop ended."""
    output_s3_uri: str | None
    """Where its output is."""
    unreadable: bool
    """Whether that output could not be read. Then the loop is not settled."""

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Entry | None:
        """Read `ENTRY_ATTRIBUTES` of an item. None if it is not of an outcome."""
        if _PRECEDENCE not in item:
            return None
        return cls(
            outcome_id=item["outcomeId"]["S"],
            precedence=item[_PRECEDENCE]["S"],
            source=EventSource(item["eventSource"]["S"]),
            status=item["humanLoopStatus"]["S"],
            output_s3_uri=_text(item, "outputS3Uri"),
            unreadable=_text(item, "outputError") is not None,
        )

    @property
    def is_authoritative(self) -> bool:
        """Whether AWS sent the event, or A2I confirmed it. Anybody can have sent any other one."""
        return self._rank != _Rank.UNCONFIRMED

    def settles(self, loop: HumanLoopEvent) -> bool:
        """Return whether an event about the loop cannot add anything."""
        return self.precedence >= precedence_of(loop, unreadable=False)

    def complete(self, loop: HumanLoopEvent) -> HumanLoopEvent:
        """Return an event with what is known besides, if the entry says the same.

        AWS's event says when the loop ended, which A2I's API does not. Both together outrank each
        of them. So an output can also be read again once it is repaired.
        """
        output = None if loop.output is None else str(loop.output)
        # A Stopped loop can have an output that does not exist: its outcome has none.
        if self.status != loop.status or self.output_s3_uri not in (None, output):
            return loop
        if loop.source is EventSource.AWS:
            return loop._replace(confirmed=self._rank == _Rank.CONFIRMED)
        if self.source is EventSource.AWS and loop.confirmed:
            ended = datetime.fromisoformat(self.precedence.split(" ")[1])
            return loop._replace(source=EventSource.AWS, time=ended)
        return loop

    @property
    def _rank(self) -> str:
        return self.precedence.partition(" ")[0]


class Ledger:
    """The table of outcomes.

    Parameters
    ----------
    dynamodb
        A client.
    table
        The table's name.
    retention
        How long after a loop's end DynamoDB deletes its item.
    """

    def __init__(self, dynamodb: Any, table: str, retention: timedelta) -> None:
        self._table = LedgerTable(dynamodb, table)
        self._retention = retention

    def find(self, loop: HumanLoopEvent) -> Entry | None:
        """Return what is recorded of a loop. None without an item."""
        with naming(f"table {self._table.name}"):
            item = self._table.find(
                loop.human_loop_arn, loop.creation_time_text, attributes=ENTRY_ATTRIBUTES
            )
        return Entry.parse(item or {})

    def record(self, loop: HumanLoopEvent, outcome: dict[str, Any]) -> bool:
        """Record the outcome of a loop, unless the ledger has one that takes precedence.

        Parameters
        ----------
        loop
            The loop.
        outcome
            The outcome, ready for JSON.

        Returns
        -------
        bool
            Whether the ledger now has this outcome from this call.

        Raises
        ------
        CallError
            If DynamoDB refuses.
        """
        precedence = precedence_of(loop, unreadable=outcome.get("outputError") is not None)
        retention = self._retention.total_seconds()
        if loop.verification is not None:
            retention = VERIFICATION_RETENTION_SECONDS
        expires_at = int(loop.time.timestamp() + retention)
        write_id = token_hex(16)
        item: dict[str, Any] = {
            **_serialize(outcome),
            **item_key(loop.human_loop_arn, loop.creation_time_text),
            _PRECEDENCE: {"S": precedence},
            _WRITE_ID: {"S": write_id},
            LEDGER_TIME_TO_LIVE: {"N": str(expires_at)},
        }
        if loop.end_time is None:
            # DynamoDB refuses null as the key of an index, and leaves items without it out.
            item |= {LEDGER_INDEX_SORT_KEY: {"S": f"{loop.time:%Y-%m-%dT%H:%M:%SZ}"}}
            item |= {RECOVERED: {"BOOL": True}}
        if loop.verification is not None:
            # Without the key of the index, no query for outcomes returns it.
            del item[LEDGER_INDEX_SORT_KEY]
        condition = f"attribute_not_exists({_PRECEDENCE}) OR {_PRECEDENCE} < :precedence"
        with naming(f"table {self._table.name}"):
            kept = self._table.put_if(item, condition, precedence=precedence)
        return kept is None or _text(kept, _WRITE_ID) == write_id


def outcome_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcome of an item of the ledger, ready for JSON. Properties may be missing.

    Parameters
    ----------
    item
        The item in DynamoDB's types.
    """
    deserialize = TypeDeserializer().deserialize
    outcome = {
        name: _exact(deserialize(value)) for name, value in item.items() if name not in _NOT_OUTCOME
    }
    if is_recovered(item):
        # The index needs a time. The outcome has none.
        outcome[LEDGER_INDEX_SORT_KEY] = None
    fields = outcome.get("fields")
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field.get(_VALUES), str):
            field[_VALUES] = json.loads(field[_VALUES])
    return outcome


def is_recovered(item: Mapping[str, Any]) -> bool:
    """Return whether an item's loop is known from A2I's API, which does not say when it ended."""
    return item.get(RECOVERED) == {"BOOL": True}


def precedence_of(loop: HumanLoopEvent, *, unreadable: bool) -> str:
    """Return the place of an outcome among all outcomes of its loop, as a text to compare.

    What A2I confirmed outranks AWS's event, which outranks one that was sent again and not
    confirmed. Among equals the later end wins, if it is known. An output that was read outranks one
    that could not be.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> loop = HumanLoopEvent(
    ...     human_loop_arn="arn",
    ...     human_loop_name="loop",
    ...     flow_definition_arn="arn",
    ...     status=HumanLoopStatus.COMPLETED,
    ...     creation_time=datetime(2026, 3, 14, tzinfo=UTC),
    ...     time=datetime(2026, 3, 14, 12, 30, tzinfo=UTC),
    ... )
    >>> precedence_of(loop, unreadable=False)
    '1 2026-03-14T12:30:00.000000+00:00 2 1'
    """
    ended = loop.end_time
    # Without an end, all confirmations of a loop are equal.
    time = "-" if ended is None else ended.isoformat(timespec="microseconds")
    return f"{_rank_of(loop)} {time} {_STATUSES.index(loop.status)} {not unreadable:d}"


def _rank_of(loop: HumanLoopEvent) -> _Rank:
    if loop.confirmed:
        return _Rank.CONFIRMED
    return _Rank.AWS if loop.source is EventSource.AWS else _Rank.UNCONFIRMED


def _text(item: Mapping[str, Any], name: str) -> str | None:
    text: str | None = item.get(name, {}).get("S")
    return text


def _serialize(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome in DynamoDB's types, which hold fewer numbers and levels than JSON."""
    fields = [
        {name: json.dumps(part) if name == _VALUES else part for name, part in field.items()}
        for field in outcome["fields"]
    ]
    text = json.dumps({**outcome, "fields": fields})
    exact = json.loads(text, parse_float=_number, parse_int=_number)
    return {name: TypeSerializer().serialize(part) for name, part in exact.items()}


def _exact(value: Any) -> Any:
    """Return a value with JSON's numbers in place of DynamoDB's."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_exact(each) for each in value]
    if isinstance(value, dict):
        return {name: _exact(each) for name, each in value.items()}
    return value


def _number(text: str) -> Decimal | str:
    try:
        return DYNAMODB_CONTEXT.create_decimal(text)
    except DecimalException:
        return text

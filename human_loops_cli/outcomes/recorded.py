"""Outcomes as the ledger has them: read back into the JSON that was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from human_loop_reviews.a2i.event import HumanLoopEvent, ObjectLocation
from human_loop_reviews.aws.ledger import is_recovered, outcome_of
from human_loop_reviews.contract import LEDGER_INDEX_SORT_KEY, EventSource, HumanLoopStatus
from human_loop_reviews.outcome_values import SCHEMA_VERSION
from human_loop_tables.properties import PROPERTIES_OF_FIELD, PROPERTIES_OF_OUTCOME, Kind

_REQUIRED: Final = frozenset(each.name for each in PROPERTIES_OF_OUTCOME if not each.optional)
_REQUIRED_OF_FIELDS: Final = frozenset(
    each.name for each in PROPERTIES_OF_FIELD if not each.optional
)
_IDENTITY: Final = (
    *("outcomeId", "humanLoopArn", "humanLoopName"),
    *("flowDefinitionArn", "humanLoopStatus", "creationTime"),
)
_NUMBERS: Final = frozenset(
    each.name
    for each in (*PROPERTIES_OF_OUTCOME, *PROPERTIES_OF_FIELD)
    if each.type.kind in (Kind.COUNT, Kind.NUMBER)
)


@dataclass(frozen=True, kw_only=True)
class RecordedOutcome:
    """An item of the ledger."""

    outcome: dict[str, Any]
    """The properties of the published outcome that the item has."""
    ended: str
    """The end of the loop, or the time of its recovery, as the index has it."""
    recovered: bool
    """Whether the loop is known from A2I's API, after its event was sent again."""

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> RecordedOutcome:
        """Read an item as DynamoDB returns it.

        Examples
        --------
        >>> item = {"humanLoopName": {"S": "invoice-1"}, "endTime": {"S": "2026-03-14T11:30:05Z"},
        ...     "recovered": {"BOOL": True}, "writeId": {"S": "1"}}
        >>> RecordedOutcome.parse(item).outcome
        {'humanLoopName': 'invoice-1', 'endTime': None}
        """
        values = outcome_of(item)
        return cls(
            outcome={
                each.name: values[each.name]
                for each in PROPERTIES_OF_OUTCOME
                if each.name in values
            },
            ended=item[LEDGER_INDEX_SORT_KEY]["S"],
            recovered=is_recovered(item),
        )

    @property
    def human_loop_arn(self) -> str:
        """The loop's ARN, or unknown if it is not recorded."""
        return str(self.outcome.get("humanLoopArn", "unknown"))

    @property
    def is_complete(self) -> bool:
        """Whether the item has the complete published outcome, with all numbers."""
        outcome = self.outcome
        return (
            outcome.keys() >= _REQUIRED
            and _has_numbers(outcome)
            and not any(isinstance(each, str) for each in outcome["secondsWorked"])
            and all(
                each.keys() >= _REQUIRED_OF_FIELDS and _has_numbers(each)
                for each in outcome["fields"]
            )
        )

    @property
    def problem(self) -> str | None:
        """Why the outcome cannot be published again. None if it can be."""
        version = self.outcome.get("schemaVersion")
        if version not in (None, SCHEMA_VERSION):
            return (
                f"its schemaVersion is {version}, this command supports {SCHEMA_VERSION}: install "
                "the version that is deployed"
            )
        missing = [name for name in _IDENTITY if not self.outcome.get(name)]
        return f"the ledger has no {', '.join(missing)} of it" if missing else None

    @property
    def loop(self) -> HumanLoopEvent:
        """The loop, from the recorded properties of its event."""
        outcome = self.outcome
        bucket, _, key = (outcome.get("outputS3Uri") or "").removeprefix("s3://").partition("/")
        return HumanLoopEvent(
            human_loop_arn=outcome["humanLoopArn"],
            human_loop_name=outcome["humanLoopName"],
            flow_definition_arn=outcome["flowDefinitionArn"],
            status=HumanLoopStatus(outcome["humanLoopStatus"]),
            creation_time=datetime.fromisoformat(outcome["creationTime"]),
            time=datetime.fromisoformat(self.ended),
            failure_code=outcome.get("failureCode"),
            failure_reason=outcome.get("failureReason"),
            output=ObjectLocation(bucket=bucket, key=key) if key else None,
            source=EventSource(outcome.get("eventSource", EventSource.AWS)),
            confirmed=self.recovered,
        )


def _has_numbers(record: Mapping[str, Any]) -> bool:
    """Return whether no number is a string: DynamoDB supports fewer numbers than JSON."""
    return not any(isinstance(record.get(name), str) for name in _NUMBERS)

"""The ledger's items of the last days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer

from human_loop_reviews.aws.ledger_table import LedgerTable
from human_loop_reviews.contract import (
    LEDGER_INDEX,
    LEDGER_INDEX_PARTITION_KEY,
    LEDGER_INDEX_SORT_KEY,
)

_SHOWN: Final = (
    "humanLoopName",
    "humanLoopStatus",
    LEDGER_INDEX_PARTITION_KEY,
    LEDGER_INDEX_SORT_KEY,
    "failureCode",
    "failureReason",
)


@dataclass(kw_only=True)
class LedgerReader:
    """Reads the ledger page by page."""

    table: LedgerTable
    """The ledger's table."""
    items_read: int = 0
    """How many items DynamoDB read so far, which is what it charges for."""

    def loops(self, since: datetime, flow_definition_arn: str | None) -> Iterator[dict[str, Any]]:
        """Yield the loops that ended since a time, with what a summary needs of them.

        Parameters
        ----------
        since
            The earliest end.
        flow_definition_arn
            Only the loops of this flow definition.
        """
        deserialize = TypeDeserializer().deserialize
        for item in self.items(since=since, flow_definition_arn=flow_definition_arn, names=_SHOWN):
            yield {name: deserialize(value) for name, value in item.items()}

    def items(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        flow_definition_arn: str | None = None,
        names: Sequence[str] = (),
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of outcomes, as DynamoDB returns them.

        Items of the reconciler and of verifications have no end, so they are left out.

        Parameters
        ----------
        since, until
            The earliest and the latest end. Default: no limit.
        flow_definition_arn
            The loops of one flow definition are queried in an index. For all of them, the whole
            table is read.
        names
            The attributes. Default: all.
        """
        request: dict[str, Any] = {
            "ExpressionAttributeNames": {"#end": LEDGER_INDEX_SORT_KEY},
            "ExpressionAttributeValues": {
                ":since": {"S": _text(since) if since else "0"},
                ":until": {"S": _text(until) if until else "9"},
            },
        }
        if names:
            request["ExpressionAttributeNames"] |= {f"#{n}": name for n, name in enumerate(names)}
            request["ProjectionExpression"] = ", ".join(f"#{n}" for n, _ in enumerate(names))
        ended = "#end BETWEEN :since AND :until"
        if flow_definition_arn is None:
            request["FilterExpression"] = ended
        else:
            condition = f"#flow = :flow AND {ended}"
            request |= {"IndexName": LEDGER_INDEX, "KeyConditionExpression": condition}
            request["ExpressionAttributeNames"]["#flow"] = LEDGER_INDEX_PARTITION_KEY
            request["ExpressionAttributeValues"][":flow"] = {"S": flow_definition_arn}
        operation = "scan" if flow_definition_arn is None else "query"
        return self._items(self.table.pages(operation, request))

    def has_loop_of(self, flow_definition_arn: str) -> bool:
        """Return whether the ledger has a loop of a flow definition, of any time."""
        request = {
            "IndexName": LEDGER_INDEX,
            "KeyConditionExpression": "#flow = :flow",
            "ExpressionAttributeNames": {"#flow": LEDGER_INDEX_PARTITION_KEY},
            "ExpressionAttributeValues": {":flow": {"S": flow_definition_arn}},
            "Limit": 1,
        }
        first_page = islice(self.table.pages("query", request), 1)
        return any(True for _ in self._items(first_page))

    def items_of(self, arn: str) -> list[dict[str, Any]]:
        """Return the items of the outcomes of all loops that had an ARN."""
        items = self._items(self.table.outcome_pages(arn))
        # Those of verifications have no end.
        return [item for item in items if LEDGER_INDEX_SORT_KEY in item]

    def _items(self, pages: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for page in pages:
            self.items_read += page["ScannedCount"]
            yield from page["Items"]


def _text(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

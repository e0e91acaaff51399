"""The ledger's items of the last days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer

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
    """Reads the ledger page by page.

    Parameters
    ----------
    dynamodb
        A client.
    table
        The ledger's name.
    items_read
        How many items DynamoDB read so far, which is what it charges for.
    """

    dynamodb: Any
    table: str
    items_read: int = 0

    def loops(self, since: datetime, flow_definition_arn: str | None) -> Iterator[dict[str, Any]]:
        """Yield the loops that ended since a time, with what a summary needs of them.

        Parameters
        ----------
        since
            The earliest end.
        flow_definition_arn
            The loops of one flow definition are queried in an index. For all of them, the whole
            table is read.
        """
        names = {f"#{number}": name for number, name in enumerate(_SHOWN)}
        end = f"#{_SHOWN.index(LEDGER_INDEX_SORT_KEY)} >= :since"
        request: dict[str, Any] = {
            "TableName": self.table,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {":since": {"S": f"{since:%Y-%m-%dT%H:%M:%SZ}"}},
        }
        if flow_definition_arn is None:
            request["FilterExpression"] = end
        else:
            flow = f"#{_SHOWN.index(LEDGER_INDEX_PARTITION_KEY)} = :flow"
            request |= {"IndexName": LEDGER_INDEX, "KeyConditionExpression": f"{flow} AND {end}"}
            request["ExpressionAttributeValues"][":flow"] = {"S": flow_definition_arn}
        operation = "scan" if flow_definition_arn is None else "query"
        deserialize = TypeDeserializer().deserialize
        for page in self.dynamodb.get_paginator(operation).paginate(**request):
            self.items_read += page["ScannedCount"]
            for item in page["Items"]:
                yield {name: deserialize(value) for name, value in item.items()}

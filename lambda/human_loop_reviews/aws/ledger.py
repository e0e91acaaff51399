"""The ledger: a DynamoDB table with one item for each human loop."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal, DecimalException
from typing import Any, Final

from boto3.dynamodb.types import DYNAMODB_CONTEXT, TypeSerializer
from botocore.exceptions import ClientError

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.contract import (
    LEDGER_INDEX_SORT_KEY,
    LEDGER_PARTITION_KEY,
    LEDGER_SORT_KEY,
    LEDGER_TIME_TO_LIVE,
    RECOVERED,
)

# The terminal statuses of a loop that were settled. A loop ends once, but A2I does not promise that
# its events agree, and a settled status must not suppress another one.
_SETTLED: Final = "settledStatuses"

# The parts of a field that can be any JSON; they are stored as JSON texts.
_VALUES: Final = "values"


class LedgerConflictError(Exception):
    """The item changed while its loop was being settled. A retry reads it again."""


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
        self._dynamodb = dynamodb
        self._table = table
        self._retention = retention

    def settled_statuses(self, loop: HumanLoopEvent) -> frozenset[str]:
        """Return the terminal statuses of a loop that were settled."""
        response = self._dynamodb.get_item(
            TableName=self._table,
            Key=_key(loop),
            ConsistentRead=True,
            ProjectionExpression=_SETTLED,
        )
        return frozenset(response.get("Item", {}).get(_SETTLED, {}).get("SS", ()))

    def record(
        self, loop: HumanLoopEvent, outcome: dict[str, Any], settled: frozenset[str]
    ) -> bool:
        """Record the outcome of a loop.

        Parameters
        ----------
        loop
            The loop.
        outcome
            The outcome, ready for JSON.
        settled
            What `settled_statuses` returned before the loop was settled.

        Returns
        -------
        bool
            Whether this was the first time. False if the same status was settled meanwhile.

        Raises
        ------
        LedgerConflictError
            If another status was settled meanwhile.
        """
        expires_at = int((loop.time + self._retention).timestamp())
        item = {
            **_serialize(outcome),
            **_key(loop),
            _SETTLED: {"SS": sorted({*settled, loop.status})},
            LEDGER_TIME_TO_LIVE: {"N": str(expires_at)},
        }
        if loop.recovered:
            # DynamoDB refuses null as the key of an index, and leaves items without it out.
            item |= {LEDGER_INDEX_SORT_KEY: {"S": f"{loop.time:%Y-%m-%dT%H:%M:%SZ}"}}
            item |= {RECOVERED: {"BOOL": True}}
        condition: dict[str, Any] = {
            "ConditionExpression": f"attribute_not_exists({LEDGER_PARTITION_KEY})"
        }
        if settled:
            condition = {
                "ConditionExpression": f"{_SETTLED} = :settled",
                "ExpressionAttributeValues": {":settled": {"SS": sorted(settled)}},
            }
        try:
            self._dynamodb.put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        else:
            return True
        if loop.status in self.settled_statuses(loop):
            return False
        raise LedgerConflictError(f"human loop {loop.human_loop_arn}: settled twice at once")


def _key(loop: HumanLoopEvent) -> dict[str, dict[str, str]]:
    return {
        LEDGER_PARTITION_KEY: {"S": loop.human_loop_arn},
        LEDGER_SORT_KEY: {"S": loop.creation_time_text},
    }


def _serialize(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome in DynamoDB's types, which hold fewer numbers and levels than JSON."""
    fields = [
        {name: json.dumps(part) if name in _VALUES else part for name, part in field.items()}
        for field in outcome["fields"]
    ]
    text = json.dumps({**outcome, "fields": fields})
    exact = json.loads(text, parse_float=_number, parse_int=_number)
    return {name: TypeSerializer().serialize(part) for name, part in exact.items()}


def _number(text: str) -> Decimal | str:
    try:
        return DYNAMODB_CONTEXT.create_decimal(text)
    except DecimalException:
        return text

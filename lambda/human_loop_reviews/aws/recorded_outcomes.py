"""The outcomes that the ledger has of a human loop."""

from __future__ import annotations

from typing import Any

from human_loop_reviews.aws.calls import naming
from human_loop_reviews.aws.ledger import Entry, outcome_of
from human_loop_reviews.contract import (
    LEDGER_PARTITION_KEY,
    LEDGER_SORT_KEY,
    RECONCILER_SORT_KEY_PREFIX,
)


class RecordedOutcomes:
    """The outcomes in the ledger, by the ARN of the human loop.

    Parameters
    ----------
    dynamodb
        A client.
    table
        The ledger's name.
    """

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def of(self, human_loop_arn: str) -> list[dict[str, Any]]:
        """Return the outcomes of a human loop, ready for JSON, the first created first.

        There are several if the loop was deleted and its name was used again. An outcome of an
        event that anybody could send, and that A2I did not confirm, is left out.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            # The items of the reconciler come after all times.
            "KeyConditionExpression": (
                f"{LEDGER_PARTITION_KEY} = :arn AND {LEDGER_SORT_KEY} < :reconciler"
            ),
            "ExpressionAttributeValues": {
                ":arn": {"S": human_loop_arn},
                ":reconciler": {"S": RECONCILER_SORT_KEY_PREFIX},
            },
        }
        outcomes: list[dict[str, Any]] = []
        while True:
            with naming(f"table {self._table}"):
                response = self._dynamodb.query(**request)
            outcomes += [
                outcome_of(item)
                for item in response["Items"]
                if (entry := Entry.parse(item)) is not None and entry.is_authoritative
            ]
            if not response.get("LastEvaluatedKey"):
                return outcomes
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

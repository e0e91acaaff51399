"""The ledger's table: its keys, look-ups by key, and writes on a condition.

The review handler, the callbacks, the reconciler and the command line use it. Its methods raise the
errors of the SDK.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from human_loop_reviews.aws.calls import refusal_code
from human_loop_reviews.aws.pages import pages
from human_loop_reviews.contract import (
    LEDGER_PARTITION_KEY,
    LEDGER_SORT_KEY,
    RECONCILER_SORT_KEY_PREFIX,
)


class LedgerTable:
    """The table of the ledger. Items are in DynamoDB's types.

    Parameters
    ----------
    dynamodb
        A client.
    name
        The table's name.
    """

    def __init__(self, dynamodb: Any, name: str) -> None:
        self._dynamodb = dynamodb
        self.name = name

    def find(
        self, arn: str, sort_key: str, *, attributes: Iterable[str] = ()
    ) -> dict[str, Any] | None:
        """Return an item. None if there is none.

        Parameters
        ----------
        arn, sort_key
            Its key.
        attributes
            What to read of it. Default: all.
        """
        response = self._dynamodb.get_item(
            TableName=self.name,
            Key=item_key(arn, sort_key),
            ConsistentRead=True,
            **_projection(attributes),
        )
        found: dict[str, Any] | None = response.get("Item")
        return found

    def find_some(
        self, keys: Collection[tuple[str, str]], *, attributes: Iterable[str]
    ) -> list[dict[str, Any]]:
        """Return those of at most 100 items that one request returns.

        It may leave some out, and return what another request replaced.

        Parameters
        ----------
        keys
            Their keys.
        attributes
            What to read of each.
        """
        wanted = {"Keys": [item_key(*each) for each in keys], **_projection(attributes)}
        response = self._dynamodb.batch_get_item(RequestItems={self.name: wanted})
        return list(response["Responses"].get(self.name, ()))

    def items_of(self, arn: str, *, attributes: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
        """Yield all items of an ARN, those of outcomes first.

        Parameters
        ----------
        arn
            The ARN. Several human loops had it if its name was used again.
        attributes
            What to read of each item. Default: all.
        """
        request = _query(arn, f"{LEDGER_PARTITION_KEY} = :arn") | _projection(attributes)
        for page in self.pages("query", request):
            yield from page["Items"]

    def outcomes_of(self, arn: str) -> Iterator[dict[str, Any]]:
        """Yield the items of outcomes of an ARN, the first created first."""
        for page in self.outcome_pages(arn):
            yield from page["Items"]

    def outcome_pages(self, arn: str) -> Iterator[dict[str, Any]]:
        """Yield the items of outcomes of an ARN in pages, the first created first."""
        # The items of the reconciler come after all times.
        condition = f"{LEDGER_PARTITION_KEY} = :arn AND {LEDGER_SORT_KEY} < :reconciler"
        request = _query(arn, condition, reconciler=RECONCILER_SORT_KEY_PREFIX)
        return self.pages("query", request)

    def pages(self, operation: str, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the pages of a query or scan.

        Parameters
        ----------
        operation
            ``query`` or ``scan``.
        request
            Its parameters without the table.
        """
        return pages(getattr(self._dynamodb, operation), {"TableName": self.name, **request})

    def put(self, item: Mapping[str, Any]) -> None:
        """Write an item in place of one with its key."""
        self._dynamodb.put_item(TableName=self.name, Item=item)

    def put_if(
        self, item: Mapping[str, Any], condition: str, **values: str
    ) -> dict[str, Any] | None:
        """Write an item if a condition holds. Return None, or the item that does not meet it.

        If the response to a write is lost, the SDK repeats it, and the condition fails. The item is
        the written one then.

        Parameters
        ----------
        item
            The item.
        condition
            The condition on the item with its key.
        values
            The texts in the condition, by their names without the colon.
        """
        expected = {"ExpressionAttributeValues": _texts(values)} if values else {}
        try:
            self._dynamodb.put_item(
                TableName=self.name,
                Item=item,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **expected,
            )
        except ClientError as error:
            if refusal_code(error) != "ConditionalCheckFailedException":
                raise
            response: Mapping[str, Any] = error.response
            return dict(response.get("Item", {}))
        return None

    def delete(self, item: Mapping[str, Any], condition: str) -> None:
        """Delete an item if a condition on it holds."""
        self._dynamodb.delete_item(
            TableName=self.name,
            Key={name: item[name] for name in (LEDGER_PARTITION_KEY, LEDGER_SORT_KEY)},
            ConditionExpression=condition,
        )


def item_key(arn: str, sort_key: str) -> dict[str, dict[str, str]]:
    """Return the key of an item.

    Examples
    --------
    >>> item_key("arn", "2026-03-14T09:26:53.589Z")
    {'humanLoopArn': {'S': 'arn'}, 'creationTime': {'S': '2026-03-14T09:26:53.589Z'}}
    """
    return {LEDGER_PARTITION_KEY: {"S": arn}, LEDGER_SORT_KEY: {"S": sort_key}}


def key_of(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return the ARN and the sort key of an item."""
    return item[LEDGER_PARTITION_KEY]["S"], item[LEDGER_SORT_KEY]["S"]


def is_of_reconciler(item: Mapping[str, Any]) -> bool:
    """Return whether an item is the reconciler's, and not one of an outcome."""
    return key_of(item)[1].startswith(RECONCILER_SORT_KEY_PREFIX)


def _query(arn: str, condition: str, **values: str) -> dict[str, Any]:
    return {
        "ConsistentRead": True,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": _texts({"arn": arn, **values}),
    }


def _texts(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {f":{name}": {"S": text} for name, text in values.items()}


def _projection(attributes: Iterable[str]) -> dict[str, str]:
    listed = ", ".join(attributes)
    return {"ProjectionExpression": listed} if listed else {}

"""The table of callbacks: which executions wait for which human loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from human_loop_reviews.a2i.event import time_text
from human_loop_reviews.aws.calls import naming
from human_loop_reviews.aws.pages import pages
from human_loop_reviews.callback_contract import (
    CALLBACK_PARTITION_KEY,
    CALLBACK_SORT_KEY,
    CALLBACK_TIME_TO_LIVE,
)

# An execution lasts a year at most. A state can wait longer than its payload says, and nobody would
# resume it if its item was gone.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_LONGEST_EXECUTION: Final = timedelta(days=366)
_MARGIN: Final = timedelta(days=1)

_TOKEN: Final = "taskToken"  # noqa: S105 - the name of an attribute
_REQUEST: Final = "requestId"
_CREATED_AFTER: Final = "createdAfter"
_ACCEPT_STOPPED: Final = "acceptStopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """An execution that waits for a human loop."""

    human_loop_arn: str
    """The loop."""
    created_after: datetime
    """The loop was created then or later. One that was created earlier, and deleted, had the same
    name."""
    task_token: str
    """The secret that resumes the execution."""
    request_id: str
    """Identifies the request. A retry of the state makes the same request."""
    accept_stopped: bool
    """Whether a Stopped loop is a success."""

    def __repr__(self) -> str:
        """Leave the token out."""
        return f"Callback(human_loop_arn={self.human_loop_arn!r}, request_id={self.request_id!r})"


class CallbackTable:
    """The table of callbacks.

    Parameters
    ----------
    dynamodb
        A client.
    table
        The table's name.
    """

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, callback: Callback, *, expires_at: datetime) -> None:
        """Add a callback. Adding it again changes nothing.

        Parameters
        ----------
        callback
            The callback.
        expires_at
            When its state gives up. The item is kept for as long as an execution can last.
        """
        kept_until = max(expires_at, datetime.now(UTC) + _LONGEST_EXECUTION) + _MARGIN
        with naming(f"table {self._table}"):
            self._dynamodb.put_item(
                TableName=self._table,
                Item={
                    **_key(callback),
                    _TOKEN: {"S": callback.task_token},
                    _REQUEST: {"S": callback.request_id},
                    _CREATED_AFTER: {"S": time_text(callback.created_after)},
                    _ACCEPT_STOPPED: {"BOOL": callback.accept_stopped},
                    CALLBACK_TIME_TO_LIVE: {"N": str(int(kept_until.timestamp()))},
                },
            )

    def remove(self, callback: Callback) -> None:
        """Remove a callback, if it is there."""
        with naming(f"table {self._table}"):
            self._dynamodb.delete_item(TableName=self._table, Key=_key(callback))

    def of(self, human_loop_arn: str) -> list[Callback]:
        """Return the callbacks of a human loop."""
        request = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": f"{CALLBACK_PARTITION_KEY} = :arn",
            "ExpressionAttributeValues": {":arn": {"S": human_loop_arn}},
        }
        with naming(f"table {self._table}"):
            return [
                _callback(item)
                for page in pages(self._dynamodb.query, request)
                for item in page["Items"]
            ]


def _key(callback: Callback) -> dict[str, dict[str, str]]:
    return {
        CALLBACK_PARTITION_KEY: {"S": callback.human_loop_arn},
        # Not the token itself: keys appear in traces.
        CALLBACK_SORT_KEY: {"S": sha256(callback.task_token.encode()).hexdigest()},
    }


def _callback(item: Mapping[str, Any]) -> Callback:
    return Callback(
        human_loop_arn=item[CALLBACK_PARTITION_KEY]["S"],
        created_after=datetime.fromisoformat(item[_CREATED_AFTER]["S"]),
        task_token=item[_TOKEN]["S"],
        request_id=item[_REQUEST]["S"],
        accept_stopped=item[_ACCEPT_STOPPED]["BOOL"],
    )

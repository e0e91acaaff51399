"""Look-ups in the ledger's table return all pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from human_loop_reviews.aws.ledger_table import LedgerTable, is_of_reconciler, item_key
from human_loop_reviews.contract import LEDGER_SORT_KEY, RECONCILER_SORT_KEY_PREFIX
from human_loops_cli.ledger import LedgerReader

OUTCOMES = [
    {**item_key("arn", f"2026-03-14T09:26:5{second}Z"), "endTime": {"S": "2026-03-14T10:00:00Z"}}
    for second in range(2)
]


@pytest.fixture
def table() -> Iterator[LedgerTable]:
    """Return a table with an outcome on each of two pages."""
    dynamodb = boto3.client("dynamodb", region_name="eu-west-1")
    request: dict[str, Any] = {
        "TableName": "ledger",
        "ConsistentRead": True,
        "KeyConditionExpression": ANY,
        "ExpressionAttributeValues": ANY,
    }
    first, last = (
        {"Items": [each], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": key}
        for each, key in zip(OUTCOMES, ({"humanLoopArn": {"S": "arn"}}, {}), strict=True)
    )
    with Stubber(dynamodb) as stub:
        stub.add_response("query", first, request)
        stub.add_response(
            "query", last, {**request, "ExclusiveStartKey": first["LastEvaluatedKey"]}
        )
        yield LedgerTable(dynamodb, "ledger")
        stub.assert_no_pending_responses()


def test_items_of_a_loop_are_those_of_all_pages(table: LedgerTable) -> None:
    assert list(table.items_of("arn")) == OUTCOMES


def test_outcomes_of_a_loop_are_those_of_all_pages(table: LedgerTable) -> None:
    assert list(table.outcomes_of("arn")) == OUTCOMES


def test_command_line_reads_and_counts_all_pages(table: LedgerTable) -> None:
    reader = LedgerReader(table=table)

    assert reader.items_of("arn") == OUTCOMES
    assert reader.items_read == 2


def test_item_of_the_reconciler_is_not_one_of_an_outcome() -> None:
    assert not any(map(is_of_reconciler, OUTCOMES))
    assert is_of_reconciler({**OUTCOMES[0], LEDGER_SORT_KEY: {"S": RECONCILER_SORT_KEY_PREFIX}})

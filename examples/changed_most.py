"""Counts the changes of reviewers by field, in the last week, from the ledger.

    python examples/changed_most.py LEDGER_TABLE FLOW_DEFINITION_ARN [DAYS]

Prints how often reviewers did not uphold the prediction of each field, or added the field, with the
most changed field first.
Needs `dynamodb:Query` on the ledger's index and `kms:Decrypt` on its key (`ledger.grant_read`).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key


def changed_most(table: Any, flow_definition_arn: str, since: datetime) -> Counter[str]:
    """Count the changes of each field in the loops that ended since then."""
    return Counter(
        field["name"]
        for outcome in _outcomes(table, flow_definition_arn, since)
        for field in outcome["fields"]
        if field["modelCorrect"] is False or field["verdict"] == "added"
    )


def _outcomes(table: Any, flow_definition_arn: str, since: datetime) -> Iterator[dict[str, Any]]:
    query: dict[str, Any] = {
        "IndexName": "ByFlowDefinition",
        "KeyConditionExpression": Key("flowDefinitionArn").eq(flow_definition_arn)
        & Key("endTime").gte(f"{since:%Y-%m-%dT%H:%M:%SZ}"),
        "ProjectionExpression": "#fields",
        "ExpressionAttributeNames": {"#fields": "fields"},
    }
    while True:
        page = table.query(**query)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


if __name__ == "__main__":
    table_name, arn, *days = sys.argv[1:]
    since = datetime.now(UTC) - timedelta(days=int(days[0]) if days else 7)
    ledger = boto3.resource("dynamodb").Table(table_name)
    for name, count in changed_most(ledger, arn, since).most_common():
        print(f"{count:6} {name}")

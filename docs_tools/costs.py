"""The monthly cost of a deployment, from its resources, its requests and AWS's prices.

`make schema` writes the tables to docs/deploying.md. The tests compare the counts
with the template and with the calls of the handler.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from human_loop_tables.queries import QUERIES

#: US dollars in US East (N. Virginia), as AWS published them in November 2025. Without free tiers.
PRICES: Final = {
    "alarm, a month": 0.10,
    "custom metric, a month": 0.30,
    "dashboard, a month": 3.00,
    "log data, a GB": 0.50,
    "DynamoDB read unit": 0.125e-6,
    "DynamoDB write unit": 0.625e-6,
    "DynamoDB storage, a GB and month": 0.25,
    "DynamoDB point-in-time recovery, a GB and month": 0.20,
    "Athena, a TB read": 5.00,
    "EventBridge custom event": 1.00e-6,
    "Firehose, a GB received": 0.029,
    "Firehose, a GB converted": 0.018,
    "KMS key, a month": 1.00,
    "KMS request": 0.03 / 10_000,
    "Lambda request": 0.20e-6,
    "Lambda on Arm, a GB and second": 0.0000133334,
    "S3 GET request": 0.40e-6,
    "S3 PUT request": 5.00e-6,
    "S3 storage, a GB and month": 0.023,
    "SNS publish": 0.50e-6,
    "SNS e-mail": 2.00 / 100_000,
    "SQS request": 0.40e-6,
    "X-Ray trace": 5.00e-6,
}

#: Of the stack with default settings and one flow definition.
ALARMS: Final = 22
DASHBOARDS: Final = 1
#: One for each name and combination of dimensions, each for the whole month.
METRICS_OF_A_COMPLETED_LOOP: Final = 17
METRICS_OF_FAILED_AND_STOPPED_LOOPS: Final = 3
METRICS_OF_THE_RECONCILER: Final = 7
#: Calls of AWS for one Completed loop with direct delivery, by service and operation.
CALLS_PER_LOOP: Final = {
    "dynamodb:GetItem": 1,
    "dynamodb:PutItem": 1,
    "events:PutEvents": 1,
    "s3:GetObject": 1,
}
#: EventBridge sends the message. A consumer receives it and deletes it.
QUEUE_REQUESTS_PER_LOOP: Final = 3

#: Assumptions, for an outcome with about 15 fields.
OUTCOME_KIB: Final = 4
HANDLER_SECONDS: Final = 0.5
HANDLER_GIB: Final = 1.0
RECONCILER_GIB: Final = 0.5
RECONCILER_SECONDS_PER_PAGE: Final = 0.15
RECONCILER_MAX_RUN_SECONDS: Final = 600
LOOPS_PER_PAGE: Final = 100
RUNS_A_MONTH: Final = 730
LOG_KIB_PER_LOOP: Final = 4
SHARE_OF_FAILED_LOOPS: Final = 0.01
#: SQS, SNS and DynamoDB keep a data key for five minutes.
KMS_REQUESTS_WITHOUT_LOOPS: Final = 10 * 12 * 730
#: For an outcome archive. Firehose rounds the size of a record up to a multiple of 5 KB.
ARCHIVE_ALARMS: Final = 4
RECORD_KB: Final = 5
PARQUET_KIB: Final = 0.5
FILES_A_DAY: Final = 96
REPORTS_A_DAY: Final = 1
#: And where the sample of its advice ends.
QUERIES_OF_A_REPORT: Final = len(QUERIES) + 1
MIN_READ_TB: Final = 10e-6
DAYS_A_MONTH: Final = 365 / 12
LEDGER_DAYS: Final = 400
LOOK_BACK_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Cost:
    """The monthly cost of one part, in US dollars."""

    part: str
    dollars: float


def monthly_costs(loops: int) -> list[Cost]:
    """Return the cost of each part for a number of human loops a month.

    Examples
    --------
    >>> monthly_costs(1000)[0]
    Cost(part='KMS: the key', dollars=1.0)
    """
    return list(_costs(loops))


def _costs(loops: int) -> Iterator[Cost]:
    price = PRICES
    yield Cost("KMS: the key", price["KMS key, a month"])
    requests = loops + min(loops * 10, KMS_REQUESTS_WITHOUT_LOOPS)
    yield Cost("KMS: requests", requests * price["KMS request"])
    yield Cost("CloudWatch: alarms", ALARMS * price["alarm, a month"])
    yield Cost("CloudWatch: metrics", _metrics(loops) * price["custom metric, a month"])
    yield Cost("CloudWatch: dashboard", DASHBOARDS * price["dashboard, a month"])
    yield Cost("CloudWatch: logs", loops * LOG_KIB_PER_LOOP / 1024**2 * price["log data, a GB"])
    yield Cost("EventBridge: outcomes", loops * price["EventBridge custom event"])
    yield Cost(
        "Lambda: handler",
        loops
        * (
            price["Lambda request"]
            + HANDLER_SECONDS * HANDLER_GIB * price["Lambda on Arm, a GB and second"]
        ),
    )
    yield Cost("X-Ray: traces", loops * price["X-Ray trace"])
    yield Cost("S3: outputs", loops * price["S3 GET request"])
    # Each write goes to the table and to its index.
    yield Cost("DynamoDB: ledger, writes", loops * 2 * OUTCOME_KIB * price["DynamoDB write unit"])
    yield Cost("DynamoDB: ledger, reads", loops * price["DynamoDB read unit"])
    yield Cost("SQS: queue", loops * QUEUE_REQUESTS_PER_LOOP * price["SQS request"])
    failed = loops * SHARE_OF_FAILED_LOOPS
    yield Cost("SNS: topic, alerts", (loops + failed) * price["SNS publish"])
    yield Cost("SNS: one e-mail address", failed * price["SNS e-mail"])
    yield from _reconciler(loops)
    kept = loops / DAYS_A_MONTH * LEDGER_DAYS * 2 * OUTCOME_KIB / 1024**2
    yield Cost(
        "DynamoDB: ledger, storage after 400 days",
        kept
        * (
            price["DynamoDB storage, a GB and month"]
            + price["DynamoDB point-in-time recovery, a GB and month"]
        ),
    )


def archive_costs(loops: int) -> list[Cost]:
    """Return the additional cost of an outcome archive that has the outcomes of a year.

    Examples
    --------
    >>> archive_costs(1000)[0]
    Cost(part='CloudWatch: alarms', dollars=0.4)
    """
    price = PRICES
    received = loops * RECORD_KB / 1000**2
    kept = loops * 12 * PARQUET_KIB / 1024**2
    files = min(loops, FILES_A_DAY * DAYS_A_MONTH)
    queries = REPORTS_A_DAY * DAYS_A_MONTH * QUERIES_OF_A_REPORT
    read = queries * max(kept / 1024, MIN_READ_TB)
    converting = price["Firehose, a GB received"] + price["Firehose, a GB converted"]
    return [
        Cost("CloudWatch: alarms", ARCHIVE_ALARMS * price["alarm, a month"]),
        Cost("Firehose: records, conversion", received * converting),
        Cost("S3: files", files * price["S3 PUT request"]),
        Cost("S3: storage after a year", kept * price["S3 storage, a GB and month"]),
        Cost("Athena: a report each day", read * price["Athena, a TB read"]),
    ]


def _metrics(loops: int) -> int:
    of_loops = METRICS_OF_A_COMPLETED_LOOP + METRICS_OF_FAILED_AND_STOPPED_LOOPS
    return METRICS_OF_THE_RECONCILER + (of_loops if loops else 0)


def _reconciler(loops: int) -> Iterator[Cost]:
    compared = loops / DAYS_A_MONTH * LOOK_BACK_DAYS
    pages = max(1, math.ceil(compared / LOOPS_PER_PAGE))
    in_one_run = min(pages, int(RECONCILER_MAX_RUN_SECONDS / RECONCILER_SECONDS_PER_PAGE))
    seconds = in_one_run * RECONCILER_SECONDS_PER_PAGE
    yield Cost(
        "Reconciler: Lambda",
        RUNS_A_MONTH
        * (
            PRICES["Lambda request"]
            + seconds * RECONCILER_GIB * PRICES["Lambda on Arm, a GB and second"]
        ),
    )
    # An eventually consistent read of up to 4 KiB is half a unit.
    read = min(compared, in_one_run * LOOPS_PER_PAGE)
    yield Cost("Reconciler: DynamoDB", RUNS_A_MONTH * read * 0.5 * PRICES["DynamoDB read unit"])


def cost_table(*volumes: int, costs_of: Callable[[int], list[Cost]] = monthly_costs) -> str:
    """Return the costs for some numbers of human loops a month, in Markdown."""
    columns = [costs_of(loops) for loops in volumes]
    lines = [
        f"| US dollars a month | {' | '.join(f'{loops:,} loops' for loops in volumes)} |",
        f"| --- |{' ---: |' * len(volumes)}",
    ]
    lines += [
        f"| {costs[0].part} | {' | '.join(f'{each.dollars:.2f}' for each in costs)} |"
        for costs in zip(*columns, strict=True)
    ]
    totals = (f"**{sum(each.dollars for each in costs):.2f}**" for costs in columns)
    lines.append(f"| **Total** | {' | '.join(totals)} |")
    return "\n".join(lines) + "\n"

"""The health of a stack: its loops, failures, dead-letter queues, alarms and handler errors."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from human_loop_reviews.contract import HumanLoopStatus
from human_loops_cli.dead_letters.dead_letter_queues import DeadLetterQueueClient, find_queues
from human_loops_cli.ledger import LedgerReader
from human_loops_cli.session import Session
from human_loops_cli.stack_resources import physical_ids

_MAX_FAILURES: Final = 10

# CloudWatch's limit for one request.
_MAX_ALARMS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Health:
    """The health of a stack."""

    since: datetime
    """The earliest time of the loops, failures and errors."""
    loops: Counter[tuple[str, str]]
    """The number of loops by flow definition and status."""
    items_read: int
    """How many items of the ledger were read for it."""
    failures: list[dict[str, Any]]
    """The last loops that failed, the latest first."""
    dead_letters: dict[str, int]
    """The approximate number of messages in each dead-letter queue."""
    alarms: list[dict[str, str]]
    """The name, state and reason of each alarm."""
    handler_errors: int | None
    handler_runs: int | None
    """How often the handler failed, and was invoked. None where CloudWatch has no data."""

    @property
    def is_good(self) -> bool:
        """Whether no alarm is on, and all dead-letter queues are empty."""
        return not any(self.dead_letters.values()) and all(
            alarm["state"] != "ALARM" for alarm in self.alarms
        )

    def to_json(self) -> dict[str, Any]:
        """Return the health as JSON values."""
        return {
            "since": f"{self.since:%Y-%m-%dT%H:%M:%SZ}",
            "loops": [
                {"flowDefinitionArn": flow, "humanLoopStatus": status, "count": count}
                for (flow, status), count in sorted(self.loops.items())
            ],
            "ledgerItemsRead": self.items_read,
            "failures": self.failures,
            "deadLetters": self.dead_letters,
            "alarms": self.alarms,
            "handlerErrors": self.handler_errors,
            "handlerInvocations": self.handler_runs,
        }


def read_health(session: Session, *, flow_definition: str | None, days: int) -> Health:
    """Read the health of the deployed stack.

    Parameters
    ----------
    session
        The run.
    flow_definition
        Count loops of this flow definition only: its name or its ARN.
    days
        How far to look back.
    """
    stack, since = session.stack, datetime.now(UTC) - timedelta(days=days)
    reader = LedgerReader(dynamodb=session.client("dynamodb"), table=stack["LedgerTableName"])
    arn = None if flow_definition is None else stack.flow_definition_arn(flow_definition)
    loops: Counter[tuple[str, str]] = Counter()
    failures: list[tuple[str, int, dict[str, Any]]] = []
    for number, loop in enumerate(reader.loops(since, arn)):
        status = loop.get("humanLoopStatus", "unknown")
        loops[loop.get("flowDefinitionArn", "unknown"), status] += 1
        if status == HumanLoopStatus.FAILED:
            heapq.heappush(failures, (loop["endTime"], number, loop))
            if len(failures) > _MAX_FAILURES:
                heapq.heappop(failures)
    sqs = session.client("sqs")
    errors, runs = _handler_metrics(session, since, days)
    return Health(
        since=since,
        loops=loops,
        items_read=reader.items_read,
        failures=[loop for _, _, loop in sorted(failures, reverse=True)],
        dead_letters={
            queue.name: DeadLetterQueueClient(sqs, queue).count() for queue in find_queues(stack)
        },
        alarms=_alarms(session),
        handler_errors=errors,
        handler_runs=runs,
    )


def _alarms(session: Session) -> list[dict[str, str]]:
    names = physical_ids(session, "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    cloudwatch = session.client("cloudwatch")
    answers = [
        cloudwatch.describe_alarms(
            AlarmNames=names[start : start + _MAX_ALARMS],
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
        for start in range(0, len(names), _MAX_ALARMS)
    ]
    return sorted(
        (
            {
                "name": alarm["AlarmName"],
                "state": alarm["StateValue"],
                "reason": alarm.get("StateReason", ""),
                "description": alarm.get("AlarmDescription", ""),
            }
            for answer in answers
            for kind in ("MetricAlarms", "CompositeAlarms")
            for alarm in answer.get(kind, ())
        ),
        key=lambda alarm: (alarm["state"] != "ALARM", alarm["name"]),
    )


def _handler_metrics(session: Session, since: datetime, days: int) -> tuple[int | None, int | None]:
    """Return the sums of the handler's errors and invocations."""

    def total(metric: str) -> int | None:
        answer = session.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": session.stack["HandlerName"]}],
            StartTime=since,
            EndTime=since + timedelta(days=days, minutes=1),
            Period=24 * 60 * 60,
            Statistics=["Sum"],
        )
        points = answer.get("Datapoints", [])
        return sum(int(point["Sum"]) for point in points) if points else None

    return total("Errors"), total("Invocations")

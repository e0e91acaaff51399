"""The health of a stack: each part that can be read, and which cannot."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from human_loop_reviews.aws.ledger_table import LedgerTable
from human_loop_reviews.contract import HumanLoopStatus
from human_loops_cli.dead_letters.dead_letter_queues import DeadLetterQueueClient, find_queues
from human_loops_cli.errors import explain
from human_loops_cli.flow_definitions import find_flow_definition, is_in_environment
from human_loops_cli.known_flow_definitions import require_loop_or_flow_definition
from human_loops_cli.ledger import LedgerReader
from human_loops_cli.session import Session
from human_loops_cli.stack import DeployedStack
from human_loops_cli.stack_resources import physical_ids
from human_loops_cli.stack_rules import read_rule

_T = TypeVar("_T")

_MAX_FAILURES: Final = 10

# CloudWatch's limit for one request.
_MAX_ALARMS: Final = 100


@dataclass(frozen=True, kw_only=True)
class EndedLoops:
    """What the ledger has of the loops that ended."""

    counts: Counter[tuple[str, str]]
    """The number of loops by flow definition and status."""
    items_read: int
    """How many items of the ledger were read for it."""
    failures: list[dict[str, Any]]
    """The last loops that failed, the latest first."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """The health of a stack. A part that could not be read is None."""

    since: datetime
    """The earliest time of the loops, failures and errors."""
    ended: EndedLoops | None
    """The loops that ended."""
    dead_letters: dict[str, int | None]
    """The approximate number of messages in each dead-letter queue."""
    alarms: list[dict[str, str]] | None
    """The name, state and reason of each alarm."""
    handler: tuple[int | None, int | None] | None
    """How often the handler failed, and was invoked. None in it where CloudWatch has no data."""
    unknown_flow_definitions: list[str] | None
    """The ARNs of flow definitions that the rules name and A2I does not know."""
    unread: dict[str, str]
    """The parts that could not be read, with the reasons."""

    @property
    def is_good(self) -> bool:
        """Whether all parts were read, no alarm is on, and all dead-letter queues are empty."""
        return (
            not self.unread
            and not self.unknown_flow_definitions
            and not any(self.dead_letters.values())
            and all(alarm["state"] != "ALARM" for alarm in self.alarms or ())
        )

    def to_json(self) -> dict[str, Any]:
        """Return the health as JSON values."""
        ended, handler = self.ended, self.handler
        return {
            "since": f"{self.since:%Y-%m-%dT%H:%M:%SZ}",
            "loops": ended
            and [
                {"flowDefinitionArn": flow, "humanLoopStatus": status, "count": count}
                for (flow, status), count in sorted(ended.counts.items())
            ],
            "ledgerItemsRead": ended and ended.items_read,
            "failures": ended and ended.failures,
            "deadLetters": self.dead_letters,
            "alarms": self.alarms,
            "handlerErrors": handler and handler[0],
            "handlerInvocations": handler and handler[1],
            "unknownFlowDefinitions": self.unknown_flow_definitions,
            "unread": self.unread,
        }


def read_health(session: Session, *, flow_definition: str | None, days: int) -> Health:
    """Read the health of the deployed stack. An error of AWS leaves out one part only.

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
    table = LedgerTable(session.client("dynamodb"), stack["LedgerTableName"])
    reader = LedgerReader(table=table)
    arn = None if flow_definition is None else stack.flow_definition_arn(flow_definition)
    handler, sqs, parts = stack["HandlerName"], session.client("sqs"), _Parts()
    return Health(
        since=since,
        ended=parts.read(f"ledger {table.name}", lambda: _ended(session, reader, since, arn)),
        dead_letters={
            queue.name: parts.read(queue.name, DeadLetterQueueClient(sqs, queue).count)
            for queue in find_queues(stack)
        },
        alarms=parts.read("alarms", lambda: _alarms(session)),
        handler=parts.read(
            f"metrics of {handler}", lambda: _handler_metrics(session, handler, since, days)
        ),
        unknown_flow_definitions=parts.read(
            "flow definitions", lambda: _unknown_flow_definitions(session)
        ),
        unread=parts.unread,
    )


class _Parts:
    """Reads the parts of a stack, and notes those that cannot be read."""

    def __init__(self) -> None:
        self.unread: dict[str, str] = {}

    def read(self, name: str, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except (BotoCoreError, ClientError) as error:
            self.unread[name] = " ".join(str(explain(error)).split())
        return None


def _ended(session: Session, reader: LedgerReader, since: datetime, arn: str | None) -> EndedLoops:
    counts: Counter[tuple[str, str]] = Counter()
    failures: list[tuple[str, int, dict[str, Any]]] = []
    for number, loop in enumerate(reader.loops(since, arn)):
        status = loop.get("humanLoopStatus", "unknown")
        counts[loop.get("flowDefinitionArn", "unknown"), status] += 1
        if status == HumanLoopStatus.FAILED:
            heapq.heappush(failures, (loop["endTime"], number, loop))
            if len(failures) > _MAX_FAILURES:
                heapq.heappop(failures)
    if arn is not None and not counts:
        require_loop_or_flow_definition(session, reader, arn)
    return EndedLoops(
        counts=counts,
        items_read=reader.items_read,
        failures=[loop for _, _, loop in sorted(failures, reverse=True)],
    )


def _unknown_flow_definitions(session: Session) -> list[str]:
    """Return the flow definitions of the rule's pattern that A2I does not know."""
    rule = read_rule(session, "StatusChangeRuleName")
    return [
        arn
        for arn in (rule.flow_definitions(session.stack) if rule else ())
        if is_in_environment(session, arn) and find_flow_definition(session, arn) is None
    ]


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
            if _is_of_construct(session.stack, alarm.get("AlarmActions", ()))
        ),
        key=lambda alarm: (alarm["state"] != "ALARM", alarm["name"]),
    )


def _is_of_construct(stack: DeployedStack, actions: Collection[str]) -> bool:
    """Return whether an alarm does not notify the alerts of other constructs only."""
    return stack.outputs.get("AlertsTopicArn") in actions or stack.other_alerts.isdisjoint(actions)


def _handler_metrics(
    session: Session, handler: str, since: datetime, days: int
) -> tuple[int | None, int | None]:
    """Return the sums of the handler's errors and invocations."""

    def total(metric: str) -> int | None:
        answer = session.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": handler}],
            StartTime=since,
            EndTime=since + timedelta(days=days, minutes=1),
            Period=24 * 60 * 60,
            Statistics=["Sum"],
        )
        points = answer.get("Datapoints", [])
        return sum(int(point["Sum"]) for point in points) if points else None

    return total("Errors"), total("Invocations")

"""What was seen of the marked loop so far."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from human_loop_reviews.contract import HUMAN_LOOP_DETAIL_TYPES, OUTCOME_DETAIL_TYPE, VERIFICATION
from human_loops_cli.session import Session
from human_loops_cli.verification.additions import Additions, ledger_items
from human_loops_cli.verification.subject import PROBE_DETAIL_TYPE

_MOST_AT_ONCE: Final = 10
_SECONDS_BETWEEN_METRICS: Final = 15


@dataclass
class Inbox:
    """The verification's own queue, and what it has received.

    Parameters
    ----------
    additions
        What the verification added.
    alarm
        The name of the alarm that is tested. None for none.
    """

    additions: Additions
    alarm: str | None = None
    seen: set[str] = field(default_factory=set)

    def look(self, *, wait: int) -> set[str]:
        """Receive what has arrived, and return the places where the marked loop was seen."""
        sqs = self.additions.session.client("sqs")
        answer = sqs.receive_message(
            QueueUrl=self.additions.queue_url,
            MaxNumberOfMessages=_MOST_AT_ONCE,
            WaitTimeSeconds=wait,
        )
        for message in answer.get("Messages", ()):
            self.seen |= {self._place(json.loads(message["Body"]))} - {""}
            sqs.delete_message(
                QueueUrl=self.additions.queue_url, ReceiptHandle=message["ReceiptHandle"]
            )
        return self.seen

    def _place(self, body: dict[str, Any]) -> str:
        """Return where a message was seen. Empty if it is another one."""
        outputs = self.additions.subject.stack.outputs
        if "TopicArn" not in body:
            return _BUS.get(body["detail-type"], "") if self._is_ours(body) else ""
        message = _parsed(body["Message"])
        if body["TopicArn"] == outputs.get("TopicArn") and self._is_ours(message):
            return "topic"
        verification = self.additions.loop.verification
        is_alarm = message.get("AlarmName") == self.alarm and self.alarm is not None
        return "alarm" if is_alarm and verification in message["NewStateReason"] else ""

    def _is_ours(self, event: dict[str, Any]) -> bool:
        detail = event.get("detail")
        marker = detail.get(VERIFICATION) if isinstance(detail, dict) else None
        return bool(marker == self.additions.loop.verification)


_BUS: Final = {
    HUMAN_LOOP_DETAIL_TYPES[0]: "event bus",
    OUTCOME_DETAIL_TYPE: "outcome",
    PROBE_DETAIL_TYPE: "probe",
}


def _parsed(text: str) -> dict[str, Any]:
    """Return a message as JSON. Alerts can be plain text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@dataclass
class ConsumersQueue:
    """The queue for consumers, which is looked at without taking anything from them.

    Each receive of a message counts towards its dead-letter queue. So messages are received only
    while nobody else's is there, and another one that comes meanwhile is shown again at once and
    ends that. From then on CloudWatch tells whether a message came.

    Parameters
    ----------
    session
        Has the clients.
    url
        The queue's URL.
    verification
        The id of the verification.
    """

    session: Session
    url: str
    verification: str
    evidence: str = ""
    receives: bool = False
    _since: datetime = field(default_factory=lambda: datetime.now(UTC))
    _looked: float = 0.0

    def start(self) -> None:
        """Look at the queue before the event is sent."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.session.client("sqs").get_queue_attributes(
            QueueUrl=self.url, AttributeNames=names
        )
        self.receives = not any(int(answer["Attributes"][name]) for name in names)
        self._since = datetime.now(UTC).replace(second=0, microsecond=0)

    def look(self) -> bool:
        """Return whether the marked event came to the queue."""
        if not self.evidence and self.receives:
            self._receive()
        if not self.evidence and time.monotonic() - self._looked > _SECONDS_BETWEEN_METRICS:
            self._looked = time.monotonic()
            self._count()
        return bool(self.evidence)

    def _receive(self) -> None:
        sqs = self.session.client("sqs")
        answer = sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=1, VisibilityTimeout=30, WaitTimeSeconds=0
        )
        for message in answer.get("Messages", ()):
            handle = message["ReceiptHandle"]
            if self.verification in message["Body"]:
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
                self.evidence = "received, and deleted"
            else:
                sqs.change_message_visibility(
                    QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=0
                )
                self.receives = False

    def _count(self) -> None:
        answer = self.session.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="NumberOfMessagesSent",
            Dimensions=[{"Name": "QueueName", "Value": self.url.rpartition("/")[2]}],
            StartTime=self._since,
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        count = int(sum(point["Sum"] for point in answer.get("Datapoints", ())))
        if count:
            self.evidence = (
                f"CloudWatch counts {count} messages sent to the queue since "
                f"{self._since:%H:%M}Z. A consumer takes the marked one, or has taken it"
            )


def item_of(additions: Additions) -> dict[str, Any] | None:
    """Return the item of the ledger about the marked loop, None if there is none."""
    handler = additions.subject.handler
    if handler is None:
        return None
    dynamodb = additions.session.client("dynamodb")
    items = ledger_items(dynamodb, handler.settings.ledger_table, additions.loop.arn)
    return items[0] if items else None

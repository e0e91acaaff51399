"""The queue for consumers, and whether the marked event arrived there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from human_loops_cli.session import Session

_SECONDS_BETWEEN_METRICS: Final = 15


@dataclass
class ConsumerQueue:
    """The queue for consumers. No other message is taken from it.

    Each receive of a message increases its receive count, so messages are received only while the
    queue holds no other message. If another message arrives, it is made visible again at once, and
    receiving ends. From then on, CloudWatch's metric shows whether a message arrived.
    """

    session: Session
    """Provides the clients."""
    url: str
    """The queue's URL."""
    verification: str
    """The id of the verification."""
    evidence: str = ""
    receives: bool = False
    _since: datetime = field(default_factory=lambda: datetime.now(UTC))
    _looked: float = 0.0

    def start(self) -> None:
        """Check whether the queue is empty, before the event is sent."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.session.client("sqs").get_queue_attributes(
            QueueUrl=self.url, AttributeNames=names
        )
        self.receives = not any(int(answer["Attributes"][name]) for name in names)
        self._since = datetime.now(UTC).replace(second=0, microsecond=0)

    def look(self) -> bool:
        """Return whether the marked event arrived in the queue."""
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

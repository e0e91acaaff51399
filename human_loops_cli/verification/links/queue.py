"""The link ``queue``: the queue for consumers has the marked event."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from human_loops_cli.dead_letters.dead_letter_queues import queue_arn
from human_loops_cli.session import Session
from human_loops_cli.verification.links.link import Link, LinkState, VerifiedRun, first_cause
from human_loops_cli.verification.links.rule_target import target_causes
from human_loops_cli.verification.stack_parts import StackParts

_OUTPUT: Final = "QueueUrl"
_SECONDS_BETWEEN_METRICS: Final = 15

# Why it is not known whether the queue got the event.
_ANOTHER_CONSUMER: Final = (
    "another consumer may have received the message. verify did not read the queue because it held "
    "other messages. CloudWatch counts messages after some minutes: use a longer --timeout"
)


class QueueLink(Link):
    """The queue for consumers."""

    name = "queue"

    def __init__(self, run: VerifiedRun) -> None:
        super().__init__(run)
        self._url = run.parts.stack.outputs[_OUTPUT]
        self._queue = ConsumerQueue(run.session, self._url, run.loop.verification)

    @staticmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether the rule on ended loops has a queue."""
        return parts.rule is not None and bool(parts.output(_OUTPUT))

    def add(self) -> None:
        """Look whether the queue is empty."""
        self.add_or_break(self._url, self._queue.start)

    def seen(self) -> None:
        """Look whether the event arrived in the queue."""
        if self._queue.look():
            self.judge(LinkState.OK, self._queue.evidence)

    def cause(self) -> None:
        """Find why the queue did not get the event."""
        arn = queue_arn(self.run.session.client("sqs"), self._url)
        causes = target_causes(self.run, "queue", arn)
        reason = first_cause(*causes, lambda: _ANOTHER_CONSUMER)
        known = reason != _ANOTHER_CONSUMER
        self.judge(LinkState.BROKEN if known else LinkState.UNKNOWN, reason)


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

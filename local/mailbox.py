"""Queues that receive what a topic, a queue or an event bus sends."""

from __future__ import annotations

import json
from collections.abc import Mapping

from local.emulator import Emulator

_MAX_MESSAGES_RECEIVED = 10


class Mailbox:
    """A queue, and all messages that were received from it."""

    def __init__(self, emulator: Emulator, queue_url: str) -> None:
        self._sqs = emulator.client("sqs")
        self._url = queue_url
        self.messages: list[str] = []
        self.attributes: list[Mapping[str, str]] = []
        """The text attributes of each message."""

    @classmethod
    def subscribed(cls, emulator: Emulator, topic_arn: str) -> Mailbox:
        """Return the mailbox of a new subscriber to a topic."""
        mailbox = cls._create(emulator, f"{topic_arn.split(':')[-1][:60]}-subscriber")
        emulator.client("sns").subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=mailbox.arn,
            Attributes={"RawMessageDelivery": "true"},
        )
        return mailbox

    @classmethod
    def listening(
        cls, emulator: Emulator, pattern: Mapping[str, object], name: str, bus: str = "default"
    ) -> Mailbox:
        """Return the mailbox of a new listener on an event bus."""
        mailbox = cls._create(emulator, name)
        events = emulator.client("events")
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": name, "Arn": mailbox.arn}])
        return mailbox

    @classmethod
    def _create(cls, emulator: Emulator, name: str) -> Mailbox:
        return cls(emulator, emulator.client("sqs").create_queue(QueueName=name)["QueueUrl"])

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return str(self._attributes("QueueArn")["QueueArn"])

    @property
    def waiting(self) -> int:
        """The number of messages in the queue, including those that are in flight."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(count) for count in self._attributes(*names).values())

    def collect(self) -> list[str]:
        """Receive and delete all messages, and return them after those received before."""
        while True:
            received = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_MAX_MESSAGES_RECEIVED,
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not received:
                return self.messages
            for message in received:
                self.messages.append(message["Body"])
                self.attributes.append(
                    {
                        name: attribute["StringValue"]
                        for name, attribute in message.get("MessageAttributes", {}).items()
                    }
                )
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def _attributes(self, *names: str) -> Mapping[str, str]:
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(names))
        attributes: Mapping[str, str] = answer["Attributes"]
        return attributes

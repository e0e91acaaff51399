"""The temporary resources of a verification.

The queue is created first and removed last. If any resource is left over, the queue still exists,
and its name identifies the verification and its deadline.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError

from human_loop_reviews.aws.ledger_table import LedgerTable
from human_loop_reviews.contract import (
    PROJECT_SOURCE,
    VERIFICATION,
)
from human_loops_cli.errors import explain
from human_loops_cli.interrupts import uninterrupted
from human_loops_cli.session import Session
from human_loops_cli.verification.stack_parts import StackParts
from human_loops_cli.verification.verification_loop import (
    OutputPlace,
    VerificationLoop,
    loop_arn,
    resource_prefix,
)

_TARGET: Final = "verification"
_GONE: Final = ("NotFound", "ResourceNotFoundException", "NoSuchBucket", "NoSuchKey")
_NO_SUCH_QUEUE: Final = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


@dataclass(kw_only=True)
class TemporaryResources:
    """The resources that a verification creates and removes."""

    session: Session
    parts: StackParts
    loop: VerificationLoop
    """The session, the parts of the stack, and the loop of the verification."""
    places: Sequence[OutputPlace] = ()
    """Where earlier verifications can have written outputs."""
    queue_url: str = ""
    """The temporary queue."""
    left: list[str] = field(default_factory=list)
    """What could not be removed, and why."""
    _removals: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the queue and of the rules."""
        return f"{resource_prefix(self.parts.stack)}{self.loop.verification}"

    def create_queue(self) -> None:
        """Create the queue that receives the events. SQS encrypts it, so it needs no key."""
        sqs = self.session.client("sqs")
        arn = self._arn("sqs", self.name)
        sources = [self._arn("events", f"rule/*{self.name}")]
        sources += self.parts.topics
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnLike": {"aws:SourceArn": sources}},
        }
        plain_http = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement, plain_http]}
        self.register_removal(
            f"queue {self.name}",
            lambda: sqs.delete_queue(QueueUrl=self.queue_url or _url(sqs, arn)),
        )
        self.queue_url = sqs.create_queue(
            QueueName=self.name,
            Attributes={
                "SqsManagedSseEnabled": "true",
                "MessageRetentionPeriod": "3600",
                "Policy": json.dumps(policy),
            },
        )["QueueUrl"]

    def watch_bus(self, bus: str) -> None:
        """Add a rule on the marked events of a bus."""
        events = self.session.client("events")
        self.register_removal(
            f"rule {self.name} of bus {bus}", lambda: _remove_rule(events, bus, self.name)
        )
        pattern = {"source": [PROJECT_SOURCE], "detail": {VERIFICATION: [self.loop.verification]}}
        events.put_rule(
            Name=self.name,
            EventBusName=bus,
            EventPattern=json.dumps(pattern),
            Description="Made by human-loops verify, which removes it again",
        )
        target = {"Id": _TARGET, "Arn": self._arn("sqs", self.name)}
        events.put_targets(Rule=self.name, EventBusName=bus, Targets=[target])

    def watch_topic(self, topic: str) -> None:
        """Subscribe the queue to a topic."""
        sns = self.session.client("sns")
        self.register_removal(
            f"subscription to {topic}", lambda: _unsubscribe(sns, topic, self.name)
        )
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self._arn("sqs", self.name))

    def put_output(self) -> None:
        """Write the output of the marked loop, if it has one."""
        place, key = self.loop.place, self.loop.output_key
        if place is None:
            return
        s3, bucket = self.session.client("s3"), place.bucket
        self.register_removal(f"s3://{bucket}/{key}", lambda: _remove_objects(s3, bucket, key))
        kms = place.key_arn
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms} if kms else {}
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=self.loop.output(),
            ContentType="application/json",
            **encryption,
        )

    def expect_item(self, table: str) -> None:
        """Register the removal of the item that the handler will write."""
        dynamodb = self.session.client("dynamodb")
        self.register_removal(
            f"item {self.loop.arn} of table {table}",
            lambda: _remove_items(dynamodb, table, self.loop.arn),
        )

    def ledger_item(self) -> dict[str, Any] | None:
        """Return the item of the marked loop in the ledger. None if there is none."""
        handler = self.parts.handler
        if handler is None:
            return None
        table = LedgerTable(self.session.client("dynamodb"), handler.settings.ledger_table)
        deserialize = TypeDeserializer().deserialize
        for item in table.items_of(self.loop.arn):
            return {name: deserialize(value) for name, value in item.items()}
        return None

    def register_removal(self, what: str, remove: Callable[[], object]) -> None:
        """Register how to remove a resource. Call it before the resource is created.

        A call can succeed although its response is lost.
        """
        self._removals.append((what, remove))

    def remove(self) -> None:
        """Remove all resources, the queue last. Those that cannot be removed are listed in left."""
        with uninterrupted():
            while self._removals:
                what, remove = self._removals.pop()
                try:
                    remove()
                except ClientError as error:
                    if error.response["Error"]["Code"] not in (*_GONE, *_NO_SUCH_QUEUE):
                        self.left.append(f"{what}: {_one_line(explain(error))}")
                except BotoCoreError as error:
                    self.left.append(f"{what}: {_one_line(explain(error))}")

    def remove_leftovers(self) -> list[str]:
        """Remove what earlier verifications of the stack left, and return their names."""
        sqs, prefix = self.session.client("sqs"), resource_prefix(self.parts.stack)
        urls = sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
        names = {url.rpartition("/")[2]: url for url in urls}
        leftover = [name for name in names if _is_over(name.removeprefix(prefix))]
        for name in leftover:
            verification = name.removeprefix(prefix)
            clients = self.session.client
            for topic in self.parts.topics:
                _unsubscribe(clients("sns"), topic, name)
            for bus in self.parts.buses:
                _remove_rule(clients("events"), bus, name)
            if self.parts.handler is not None:
                for place in self.places:
                    prefix_of_one = f"{place.folder}{verification}/"
                    _remove_objects(clients("s3"), place.bucket, prefix_of_one)
                table = self.parts.handler.settings.ledger_table
                arn = loop_arn(self.parts.stack, verification)
                _remove_items(clients("dynamodb"), table, arn)
            sqs.delete_queue(QueueUrl=names[name])
        return leftover

    def _arn(self, service: str, resource: str) -> str:
        _, partition, _, region, account, _ = self.parts.stack.arn.split(":", 5)
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def _is_over(verification: str) -> bool:
    deadline = verification.partition("-")[0]
    return deadline.isdecimal() and int(deadline) < time.time()


def _url(sqs: Any, arn: str) -> str:
    return str(sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])


def _remove_rule(events: Any, bus: str, name: str) -> None:
    try:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=[_TARGET])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
    events.delete_rule(Name=name, EventBusName=bus)  # succeeds if there is none


def _unsubscribe(sns: Any, topic: str, queue: str) -> None:
    for each in subscriptions(sns, topic):
        if each["Endpoint"].endswith(f":{queue}"):
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def subscriptions(sns: Any, topic: str) -> Iterator[dict[str, Any]]:
    """Yield the subscriptions of a topic; none if there is no such topic."""
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    try:
        for page in pages:
            yield from page["Subscriptions"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise


def _remove_objects(s3: Any, bucket: str, prefix: str) -> None:
    """Remove all versions of the objects of a verification, which are alone in their folder."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def _remove_items(dynamodb: Any, table: str, arn: str) -> None:
    ledger = LedgerTable(dynamodb, table)
    for item in ledger.items_of(arn):
        ledger.delete(item, f"attribute_exists({VERIFICATION})")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())

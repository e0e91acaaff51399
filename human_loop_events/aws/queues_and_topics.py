"""Encrypted queues and topics as the constructs create them, and checks of supplied ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aws_cdk import Annotations, Duration, Token, Tokenization
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.aws.bounds import TimeBounds
from human_loop_events.aws.environments import DEAD_LETTER_QUEUE, check_environment
from human_loop_events.aws.retention import keep

#: The retention period of a dead-letter queue: the maximum of SQS.
DEAD_LETTER_RETENTION = Duration.days(14)

#: The retention period of other queues. A message keeps its time of arrival when SQS moves it to a
#: dead-letter queue, so the oldest message stays there for another four days.
QUEUE_RETENTION = Duration.days(10)

#: What the queue of a user may have. With more retention, a message could expire in the dead-letter
#: queue as soon as it is there.
VISIBILITY_TIMEOUT: Final = TimeBounds(timedelta(seconds=1), timedelta(hours=12))
RETENTION_PERIOD: Final = TimeBounds(timedelta(hours=1), timedelta(days=13))

#: The number of receives of a message before SQS moves it to the dead-letter queue.
DEFAULT_MAX_RECEIVES = 5


def create_topic(scope: Construct, topic_id: str, key: kms.IKey) -> sns.Topic:
    """Create an encrypted topic that refuses plain HTTP."""
    topic = sns.Topic(scope, topic_id, master_key=key, enforce_ssl=True)
    keep(topic)
    return topic


def create_queue(
    scope: Construct,
    queue_id: str,
    key: kms.IKey,
    *,
    dead_letter_queue: sqs.IQueue,
    max_receives: int = DEFAULT_MAX_RECEIVES,
    visibility_timeout: Duration | None = None,
    retention_period: Duration = QUEUE_RETENTION,
) -> sqs.Queue:
    """Create an encrypted queue that refuses plain HTTP and has a dead-letter queue."""
    queue = sqs.Queue(
        scope,
        queue_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=retention_period,
        visibility_timeout=visibility_timeout,
        dead_letter_queue=sqs.DeadLetterQueue(
            queue=dead_letter_queue, max_receive_count=max_receives
        ),
    )
    keep(queue)
    return queue


def validate_queue_times(
    visibility_timeout: Duration | None, retention_period: Duration | None
) -> None:
    """Refuse times that a queue cannot have.

    Raises
    ------
    ValueError
        If a value is no duration, or out of range.
    """
    if visibility_timeout is not None:
        VISIBILITY_TIMEOUT.require("visibility_timeout", visibility_timeout)
    if retention_period is not None:
        RETENTION_PERIOD.require("retention_period", retention_period)


def create_dead_letter_queue(
    scope: Construct, queue_id: str, key: kms.IKey, *, of_a_queue: bool
) -> sqs.Queue:
    """Create an encrypted dead-letter queue.

    Parameters
    ----------
    scope, queue_id, key
        The parent, the id, and the customer managed key.
    of_a_queue
        Whether it is the dead-letter queue of another queue.
    """
    queue = sqs.Queue(
        scope,
        queue_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=DEAD_LETTER_RETENTION,
    )
    keep(queue)
    acknowledge(
        queue,
        "This queue is itself a dead-letter queue. An alarm watches it.",
        "Serverless-SQSRedrivePolicy",
    )
    if not of_a_queue:
        acknowledge(
            queue,
            "This is the dead-letter queue of EventBridge rules and a function. The check "
            "recognises only the dead-letter queues of other queues.",
            "AwsSolutions-SQS3",
        )
    return queue


def check_dead_letter_queue(name: str, queue: sqs.IQueue, scope: Construct) -> None:
    """Refuse a dead-letter queue to which EventBridge and Lambda cannot send.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html

    Parameters
    ----------
    name
        The argument's name.
    queue
        The queue.
    scope
        The construct that uses the queue.

    Raises
    ------
    ValueError
        If the queue is a FIFO queue, encrypted with the AWS managed key, or in another Region.
    """
    if queue.fifo:
        raise ValueError(
            f"{name}: expected a standard queue, got the FIFO queue {_named(queue.queue_name)}: "
            "EventBridge and Lambda send undeliverable events to standard queues only"
        )
    refuse_aws_managed_key_of_queue(name, queue)
    check_environment(name, queue, queue.queue_arn, scope, DEAD_LETTER_QUEUE)


def check_message_group(
    name: str, queue: sqs.IQueue, message_group_id: str | None, scope: Construct
) -> None:
    """Refuse a FIFO queue, or a message group, with which EventBridge cannot send.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_SqsParameters.html

    Parameters
    ----------
    name
        The argument's name.
    queue, message_group_id
        The queue and the group. None for a standard queue.
    scope
        The construct on which a warning appears.

    Raises
    ------
    ValueError
        If a FIFO queue has no group or no content-based deduplication, or the group is a field of
        the event. EventBridge would send the path of the field as the group.
    """
    if message_group_id is not None and _is_event_field(message_group_id):
        raise ValueError(
            "message_group_id: expected one text for all events, got a field of the event: "
            "EventBridge would send the path of the field as the group"
        )
    if not queue.fifo:
        return
    if not message_group_id:
        raise ValueError(
            f"{name}: {queue.node.path} is a FIFO queue; expected a standard queue, or "
            "add_target(delivery.queue_target(queue, message_group_id=…)) and a queue with "
            "content-based deduplication"
        )
    resource = queue.node.default_child
    if not isinstance(resource, sqs.CfnQueue):
        Annotations.of(scope).add_warning_v2(
            "human-loop-events:fifo-deduplication",
            f"{name}: {_named(queue.queue_name)} was imported: it must have content-based "
            "deduplication; otherwise no event is delivered",
        )
    elif resource.content_based_deduplication is not True:
        raise ValueError(
            f"{name}: {queue.node.path} is a FIFO queue without content-based deduplication, and "
            "EventBridge sends no deduplication id; expected content_based_deduplication=True"
        )


def _is_event_field(text: str) -> bool:
    if not Token.is_unresolved(text):
        return text.startswith("$.")
    return any(
        isinstance(each, events.EventField) for each in Tokenization.reverse_string(text).tokens
    )


def refuse_aws_managed_key_of_queue(name: str, queue: sqs.IQueue) -> None:
    """Refuse a queue with the key ``alias/aws/sqs``: the key's policy admits no AWS service."""
    if queue.encryption_type == sqs.QueueEncryption.KMS_MANAGED or _is_aws_managed(
        queue.encryption_master_key
    ):
        raise ValueError(
            f"{name}: {_named(queue.queue_name)} is encrypted with the key alias/aws/sqs, which "
            "AWS manages: its policy cannot admit EventBridge or CloudWatch, so every delivery "
            "fails; expected a queue with a customer managed key or with SSE-SQS"
        )


def refuse_unusable_topic(name: str, topic: sns.ITopic) -> None:
    """Refuse a topic to which EventBridge and CloudWatch cannot publish.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html

    Parameters
    ----------
    name
        The argument's name.
    topic
        The topic.

    Raises
    ------
    ValueError
        If the topic is a FIFO topic or encrypted with the AWS managed key.
    """
    if topic.fifo:
        raise ValueError(
            f"{name}: expected a standard topic, got the FIFO topic {_named(topic.topic_name)}: "
            "EventBridge and CloudWatch publish to standard topics only"
        )
    if _is_aws_managed(topic.master_key):
        raise ValueError(
            f"{name}: {_named(topic.topic_name)} is encrypted with the key alias/aws/sns, which "
            "AWS manages: its policy cannot admit EventBridge or CloudWatch, so every delivery "
            "fails; expected a topic with a customer managed key"
        )


def _is_aws_managed(key: kms.IKey | None) -> bool:
    return key is not None and "alias/aws/" in key.key_id


def _named(name: str) -> str:
    return "that was given" if Token.is_unresolved(name) else repr(name)

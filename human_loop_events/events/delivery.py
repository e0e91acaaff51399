"""Delivery: the key, the dead-letter queue, the retry policy and the role that rules share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, TypedDict

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from human_loop_events.aws import environments
from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.bounds import NumberBounds, TimeBounds
from human_loop_events.aws.encryption import grant_through, require_key, supplied_or_new_key
from human_loop_events.aws.environments import check_environment
from human_loop_events.aws.queues_and_topics import (
    check_dead_letter_queue,
    check_message_group,
    create_dead_letter_queue,
    refuse_aws_managed_key_of_queue,
    refuse_unusable_topic,
)
from human_loop_events.events.completed_target import CompletedTarget
from human_loop_events.events.rule_targets import (
    DeliveryRole,
    DeliveryStreamTarget,
    EventBusTarget,
    FunctionTarget,
    QueueTarget,
    TopicTarget,
    admit_to_queue,
    create_before,
    from_any_rule,
)

#: The bounds of parameters.
#: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
MAX_EVENT_AGE: Final = TimeBounds(timedelta(minutes=1), timedelta(days=1))
RETRY_ATTEMPTS: Final = NumberBounds(0, 185)


class DeliverySettings(TypedDict, total=False):
    """The parameters of a `Delivery` that another construct creates."""

    encryption_key: kms.IKey
    earlier_encryption_keys: Sequence[kms.IKey]
    dead_letter_queue: sqs.IQueue
    max_event_age: Duration
    retry_attempts: int
    authorize_using_role: bool


@checks_arguments
class Delivery(Construct):
    """Delivers events to targets, with retries, a dead-letter queue, an execution role and a key.

    Any number of rules and constructs can share a delivery.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    encryption_key
        The customer managed key of the queues and topics of all constructs that share the delivery:
        a symmetric key. An imported alias is refused, because policies that name it allow nothing
        (https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html).
        Default: a new key, with rotation, which is kept when the stack is deleted.
    earlier_encryption_keys
        The keys that the constructs had before. What was encrypted with them stays readable:
        waiting messages, outputs in the created bucket, the ledger's items and archive files. See
        ``docs/deploying.md#change-the-key``. Default: none.
    dead_letter_queue
        A standard queue for events that cannot be delivered. Default: a new queue, encrypted,
        that keeps messages for 14 days.
    max_event_age
        The maximum age of an event that is retried, from 1 minute to 1 day
        (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html).
        Default: 24 hours.
    retry_attempts
        The maximum number of retries, from 0 to 185. Default: 185.
    authorize_using_role
        Whether rules publish to topics with a role that only the account's rules can assume.
        Without the role, a topic's policy admits all of EventBridge, because SNS supports no
        condition on rules. See ``docs/aws-claims.md#sns-targets-with-an-execution-role``. Default:
        yes.

    Raises
    ------
    ValueError
        If a number is outside of EventBridge's range, or EventBridge cannot send to the queue.

    Examples
    --------
    >>> delivery = Delivery(self, "Delivery", retry_attempts=10)  # doctest: +SKIP
    >>> rule.add_target(delivery.topic_target(topic))  # doctest: +SKIP
    """

    encryption_key: kms.IKey
    """The key of the queues and topics."""
    earlier_encryption_keys: tuple[kms.IKey, ...]
    """The keys that were used before."""
    dead_letter_queue: sqs.IQueue
    """The queue for events that cannot be delivered."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption_key: kms.IKey | None = None,
        earlier_encryption_keys: Sequence[kms.IKey] | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        max_event_age: Duration | None = None,
        retry_attempts: int = 185,
        authorize_using_role: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        age = MAX_EVENT_AGE.require("max_event_age", max_event_age or Duration.hours(24))
        self._retry_policy = events.CfnRule.RetryPolicyProperty(
            maximum_event_age_in_seconds=int(age.to_seconds()),
            maximum_retry_attempts=RETRY_ATTEMPTS.require("retry_attempts", retry_attempts),
        )
        if dead_letter_queue is not None:
            check_dead_letter_queue("dead_letter_queue", dead_letter_queue, self)
        self.encryption_key = supplied_or_new_key(self, encryption_key)
        self.earlier_encryption_keys = _validate_earlier_keys(
            earlier_encryption_keys or [], self.encryption_key
        )
        self.dead_letter_queue = dead_letter_queue or create_dead_letter_queue(
            self, "DeadLetterQueue", self.encryption_key, of_a_queue=False
        )
        # All rules of the account. If the policy named each rule, it would depend on the rules, and
        # the rules could not depend on it.
        admit_to_queue(self.dead_letter_queue, self, from_any_rule(Stack.of(self)))
        self._authorize_using_role = authorize_using_role
        self._role = DeliveryRole(self)

    def grant_earlier_keys(self, grantee: iam.IGrantable) -> None:
        """Allow decrypting with the earlier keys what SQS, S3 and DynamoDB have.

        Parameters
        ----------
        grantee
            A consumer of the queue, or a reader of outputs, of the ledger or of the archive. The
            functions of this project have the permission, and so has who gets ``grant_consume`` or
            ``grant_read_output`` of `HumanLoopEvents`.
        """
        for key in self.earlier_encryption_keys:
            for service in ("dynamodb", "s3", "sqs"):
                grant_through(key, grantee, service, ["kms:Decrypt"])

    @property
    def role(self) -> iam.IRole | None:
        """The role with which rules reach topics, event buses and Firehose. None if none does."""
        return self._role.role

    def topic_target(
        self, topic: sns.ITopic, *, message: events.RuleTargetInput | None = None
    ) -> events.IRuleTarget:
        """Return a topic as a rule's target.

        Parameters
        ----------
        topic
            A standard topic.
        message
            The message. Default: the event as JSON.

        Raises
        ------
        ValueError
            If EventBridge cannot publish to the topic.
        """
        refuse_unusable_topic("topic", topic)
        role = self._role if self._authorize_using_role else None
        check_environment(
            "topic",
            topic,
            topic.topic_arn,
            self,
            environments.TOPIC_TARGET_WITHOUT_ROLE if role is None else environments.TOPIC_TARGET,
        )
        return TopicTarget(self, role, topic, message)

    def queue_target(
        self, queue: sqs.IQueue, *, message_group_id: str | None = None
    ) -> events.IRuleTarget:
        """Return a queue as a rule's target.

        Parameters
        ----------
        queue
            The queue.
        message_group_id
            The message group. Required for a FIFO queue, which must also have content-based
            deduplication.
            https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html

        Raises
        ------
        ValueError
            If EventBridge cannot send to the queue.
        """
        refuse_aws_managed_key_of_queue("queue", queue)
        check_environment("queue", queue, queue.queue_arn, self, environments.QUEUE_TARGET)
        check_message_group("queue", queue, message_group_id, self)
        if queue.node.path == self.dead_letter_queue.node.path:
            raise ValueError(
                f"queue: {queue.node.path} is the dead-letter queue of {self.node.path} too; "
                "expected another queue: its consumers could not distinguish events from failures"
            )
        return QueueTarget(self, self._role, queue, message_group_id)

    def function_target(self, function: lambda_.IFunction) -> events.IRuleTarget:
        """Return a function as a rule's target."""
        check_environment(
            "function", function, function.function_arn, self, environments.FUNCTION_TARGET
        )
        return FunctionTarget(self._role, function)

    def event_bus_target(self, event_bus: events.IEventBus) -> events.IRuleTarget:
        """Return an event bus, also in another account or Region, as a rule's target.

        EventBridge forwards an event once. It does not forward the event from that bus to another.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html

        Parameters
        ----------
        event_bus
            The bus. The policy of a bus in another account must admit this account.
        """
        check_environment(
            "event_bus", event_bus, event_bus.event_bus_arn, self, environments.BUS_TARGET
        )
        return EventBusTarget(self._role, event_bus)

    def delivery_stream_target(
        self,
        delivery_stream: firehose.CfnDeliveryStream,
        *,
        message: events.RuleTargetInput | None = None,
    ) -> events.IRuleTarget:
        """Return a delivery stream of Amazon Data Firehose as a rule's target.

        Parameters
        ----------
        delivery_stream
            The stream.
        message
            The record. Default: the event as JSON.
        """
        check_environment(
            "delivery_stream",
            delivery_stream,
            delivery_stream.attr_arn,
            self,
            environments.STREAM_TARGET,
        )
        return DeliveryStreamTarget(self._role, delivery_stream, message)

    def _complete(self, target: events.IRuleTarget) -> CompletedTarget:
        """Add this retry policy and dead-letter queue to a target that has none.

        Parameters
        ----------
        target
            Any target, such as those in ``aws_cdk.aws_events_targets``.
        """
        if isinstance(target, CompletedTarget):
            return target
        return CompletedTarget(target, self._retry_policy, self.dead_letter_queue)

    def _precede(self, rule: IConstruct) -> None:
        """Let CloudFormation create a rule after the policy of the dead-letter queue.

        Otherwise, events that arrive during the first deployment could be lost.
        """
        policy = self.dead_letter_queue.node.try_find_child("Policy")
        if policy is not None:
            create_before(policy, rule)

    def metric_dead_letter_queue(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the messages in the dead-letter queue, as the maximum of a period (5 minutes)."""
        return self.dead_letter_queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=period or Duration.minutes(5)
        )


def _validate_earlier_keys(keys: Sequence[kms.IKey], current: kms.IKey) -> tuple[kms.IKey, ...]:
    name = "earlier_encryption_keys"
    earlier = tuple(require_key(name, key) for key in keys)
    if any(key.key_arn == current.key_arn for key in earlier):
        raise ValueError(
            f"{name}: expected keys that were used before encryption_key, got encryption_key itself"
        )
    return earlier

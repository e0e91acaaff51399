"""Delivery: how rules reach their targets, and where events go that cannot be delivered.

CDK's own targets leave service principals without a condition (`targets.SnsTopic`, and
`targets.SqsQueue` without a feature flag) and give a dead-letter queue no access to its key. So the
permissions for topics, queues and functions are written here, and any other target is completed.
"""

from __future__ import annotations

from typing import TypedDict

import jsii
from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct, IConstruct

from human_loop_events.aws.arguments import refuse_other_than_construct, whole_number
from human_loop_events.aws.encryption import (
    SEND_ACTIONS,
    admit_rules_to_topics,
    admit_senders,
    create_key,
    grant_through,
)
from human_loop_events.aws.policy_size import refuse_oversized
from human_loop_events.aws.queues_and_topics import (
    create_dead_letter_queue,
    refuse_aws_managed_key_of_queue,
    refuse_unusable_dead_letter_queue,
    refuse_unusable_topic,
)
from human_loop_events.aws.resource_policies import EVENTS, admit
from human_loop_events.events.completed_target import CompletedTarget


class DeliverySettings(TypedDict, total=False):
    """The parameters of a `Delivery` that another construct creates. See `Delivery`."""

    encryption_key: kms.IKey
    dead_letter_queue: sqs.IQueue
    max_event_age: Duration
    retry_attempts: int
    authorize_using_role: bool


class Delivery(Construct):
    """Delivers events to targets, with retries, a dead-letter queue, an execution role and a key.

    Any number of rules and constructs share one.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    encryption_key
        The customer managed key of the queues and topics of all who share the delivery. Default: a
        new one, with rotation, kept when the stack is deleted.
    dead_letter_queue
        A standard queue for events that cannot be delivered. Default: a new one, encrypted, that
        keeps messages for 14 days.
    max_event_age
        How long EventBridge retries, 1 minute to 24 hours. Default: 24 hours.
    retry_attempts
        How often EventBridge retries, 0 to 185 times. Default: 185.
    authorize_using_role
        Whether rules publish to topics with a role that only the account's rules can assume.
        Without it a topic's policy admits all of EventBridge: SNS has no condition for rules.
        Default: yes.

    Raises
    ------
    ValueError
        If a number is out of EventBridge's range, or EventBridge cannot send to the queue.

    Examples
    --------
    >>> delivery = Delivery(self, "Delivery", retry_attempts=10)  # doctest: +SKIP
    >>> rule.add_target(delivery.topic_target(topic))  # doctest: +SKIP
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption_key: kms.IKey | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        max_event_age: Duration | None = None,
        retry_attempts: int = 185,
        authorize_using_role: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        age = (max_event_age or Duration.hours(24)).to_seconds()
        if not 60 <= age <= 86_400:
            raise ValueError(f"max_event_age: expected 1 minute to 24 hours, got {age:g} seconds")
        self._retry_policy = events.CfnRule.RetryPolicyProperty(
            maximum_event_age_in_seconds=int(age),
            maximum_retry_attempts=whole_number(
                "retry_attempts", retry_attempts, least=0, most=185
            ),
        )
        refuse_other_than_construct(
            "encryption_key", encryption_key, expected="a key, such as kms.Key.from_key_arn(…)"
        )
        if dead_letter_queue is not None:
            refuse_unusable_dead_letter_queue("dead_letter_queue", dead_letter_queue)
        self._key = encryption_key or create_key(self)
        self._dead_letter_queue = dead_letter_queue or create_dead_letter_queue(
            self, "DeadLetterQueue", self._key, of_a_queue=False
        )
        self._admit_rules_to_dead_letter_queue()
        self._authorize_using_role = authorize_using_role
        self._role: iam.Role | None = None
        self._policy: iam.ManagedPolicy | None = None

    @property
    def encryption_key(self) -> kms.IKey:
        """The key of queues and topics."""
        return self._key

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """The queue for events that cannot be delivered."""
        return self._dead_letter_queue

    @property
    def role(self) -> iam.IRole | None:
        """The role with which rules reach topics, event buses and Firehose. None without them."""
        return self._role

    def topic_target(
        self, topic: sns.ITopic, *, message: events.RuleTargetInput | None = None
    ) -> events.IRuleTarget:
        """Return a topic as a rule's target.

        Parameters
        ----------
        topic
            A standard topic.
        message
            What is published. Default: the event as JSON.

        Raises
        ------
        ValueError
            If EventBridge cannot publish to the topic.
        """
        refuse_unusable_topic("topic", topic)
        return _TopicTarget(self, topic, message)

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
        if queue.fifo and not message_group_id:
            raise ValueError(
                f"queue: {queue.node.path} is a FIFO queue; expected a standard queue, or "
                "add_target(delivery.queue_target(queue, message_group_id=…)) and a queue with "
                "content-based deduplication"
            )
        if queue.node.path == self._dead_letter_queue.node.path:
            raise ValueError(
                f"queue: {queue.node.path} is the dead-letter queue of {self.node.path} too; "
                "expected another queue: its consumers could not tell events from failures"
            )
        return _QueueTarget(self, queue, message_group_id)

    def function_target(self, function: lambda_.IFunction) -> events.IRuleTarget:
        """Return a function as a rule's target."""
        return _FunctionTarget(self, function)

    def event_bus_target(self, event_bus: events.IEventBus) -> events.IRuleTarget:
        """Return an event bus, also of another account or Region, as a rule's target.

        EventBridge forwards an event once: from that bus it goes to no further one.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html

        Parameters
        ----------
        event_bus
            The bus. Its policy must admit this account if it is in another one.
        """
        refuse_other_than_construct(
            "event_bus",
            event_bus,
            expected="a bus, such as events.EventBus.from_event_bus_arn(…)",
        )
        return _EventBusTarget(self, event_bus)

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
            What is sent. Default: the event as JSON.
        """
        return _DeliveryStreamTarget(self, delivery_stream, message)

    def complete(self, target: events.IRuleTarget) -> CompletedTarget:
        """Return a target with this retry policy and dead-letter queue where it has none.

        Parameters
        ----------
        target
            Any target, such as those in ``aws_cdk.aws_events_targets``.
        """
        if isinstance(target, CompletedTarget):
            return target
        return CompletedTarget(target, self._retry_policy, self._dead_letter_queue)

    def precede(self, rule: IConstruct) -> None:
        """Let CloudFormation create a rule after the policy of the dead-letter queue.

        Without that, events that arrive during the first deployment could be lost.
        """
        policy = self._dead_letter_queue.node.try_find_child("Policy")
        if policy is not None:
            _create_before(policy, rule)

    def metric_dead_letter_queue(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the messages in the dead-letter queue, as the maximum of a period (5 minutes)."""
        return self._dead_letter_queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=period or Duration.minutes(5)
        )

    def _admit_rules_to_dead_letter_queue(self) -> None:
        # All rules of the account: with the ARN of each, the policy would depend on the rules, and
        # they could not depend on it.
        queue = self._dead_letter_queue
        admit(
            queue,
            "queue",
            queue.queue_arn,
            self,
            EVENTS,
            ["sqs:SendMessage"],
            conditions=_of_any_rule(Stack.of(self)),
        )
        admit_senders(queue.encryption_master_key, self, EVENTS)

    def _admit_to_topic(self, rule: IConstruct, topic: sns.ITopic) -> iam.IRole | None:
        """Let a rule publish to a topic, and return the role that it needs for that."""
        if not self._authorize_using_role:
            # A topic's policy cannot tell one EventBridge rule from another.
            admit(topic, "topic", topic.topic_arn, self, EVENTS, ["sns:Publish"])
            admit_rules_to_topics(topic.master_key, self)
            return None
        policy = self._allow_role("sns:Publish", resource_arn=topic.topic_arn)
        if topic.master_key is not None:
            grant_through(topic.master_key, policy, "sns", SEND_ACTIONS)
        _create_before(policy, rule)
        return self._role

    def _admit_to_event_bus(self, rule: IConstruct, bus: events.IEventBus) -> iam.IRole | None:
        """Let a rule put events on a bus, and return the role that it needs for that."""
        _create_before(self._allow_role("events:PutEvents", resource_arn=bus.event_bus_arn), rule)
        return self._role

    def _admit_to_delivery_stream(
        self, rule: IConstruct, stream: firehose.CfnDeliveryStream
    ) -> iam.IRole | None:
        """Let a rule put records into a delivery stream, and return the role that it needs.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
        """
        actions = ("firehose:PutRecord", "firehose:PutRecordBatch")
        _create_before(self._allow_role(*actions, resource_arn=stream.attr_arn), rule)
        return self._role

    def _allow_role(self, *actions: str, resource_arn: str) -> iam.ManagedPolicy:
        policy = self._policy or self._create_role()
        iam.Grant.add_to_principal(
            grantee=policy, actions=list(actions), resource_arns=[resource_arn]
        )
        return policy

    def _create_role(self) -> iam.ManagedPolicy:
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
        self._role = iam.Role(
            self,
            "Role",
            description="EventBridge rules reach their targets with this role",
            assumed_by=iam.ServicePrincipal(EVENTS, conditions=_of_any_rule(Stack.of(self))),
        )
        self._policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="Which targets EventBridge rules may reach",
            roles=[self._role],
        )
        refuse_oversized(self._policy)
        return self._policy

    def _admit_to_queue(self, rule: events.IRule, queue: sqs.IQueue) -> None:
        # The policy of a queue in another stack cannot name a rule of this one, for the rule names
        # the queue: CloudFormation would have to create each stack before the other.
        stack = Stack.of(rule)
        conditions = (
            {"ArnEquals": {"aws:SourceArn": rule.rule_arn}}
            if Stack.of(queue) == stack
            else _of_any_rule(stack)
        )
        admit(
            queue,
            "queue",
            queue.queue_arn,
            self,
            EVENTS,
            ["sqs:SendMessage"],
            conditions=conditions,
        )
        admit_senders(queue.encryption_master_key, self, EVENTS)


@jsii.implements(events.IRuleTarget)
class _TopicTarget:
    def __init__(
        self, delivery: Delivery, topic: sns.ITopic, message: events.RuleTargetInput | None
    ) -> None:
        self._delivery = delivery
        self._topic = topic
        self._message = message

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        role = self._delivery._admit_to_topic(rule, self._topic)
        return events.RuleTargetConfig(arn=self._topic.topic_arn, role=role, input=self._message)


@jsii.implements(events.IRuleTarget)
class _EventBusTarget:
    def __init__(self, delivery: Delivery, event_bus: events.IEventBus) -> None:
        self._delivery = delivery
        self._event_bus = event_bus

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        role = self._delivery._admit_to_event_bus(rule, self._event_bus)
        return events.RuleTargetConfig(arn=self._event_bus.event_bus_arn, role=role)


@jsii.implements(events.IRuleTarget)
class _DeliveryStreamTarget:
    def __init__(
        self,
        delivery: Delivery,
        stream: firehose.CfnDeliveryStream,
        message: events.RuleTargetInput | None,
    ) -> None:
        self._delivery = delivery
        self._stream = stream
        self._message = message

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        role = self._delivery._admit_to_delivery_stream(rule, self._stream)
        return events.RuleTargetConfig(arn=self._stream.attr_arn, role=role, input=self._message)


@jsii.implements(events.IRuleTarget)
class _QueueTarget:
    def __init__(self, delivery: Delivery, queue: sqs.IQueue, message_group_id: str | None) -> None:
        self._delivery = delivery
        self._queue = queue
        self._message_group_id = message_group_id

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        assert isinstance(rule, events.Rule)  # noqa: S101 - rules of the constructs only
        self._delivery._admit_to_queue(rule, self._queue)
        parameters = None
        if self._message_group_id is not None:
            parameters = events.CfnRule.SqsParametersProperty(
                message_group_id=self._message_group_id
            )
        return events.RuleTargetConfig(arn=self._queue.queue_arn, sqs_parameters=parameters)


@jsii.implements(events.IRuleTarget)
class _FunctionTarget:
    def __init__(self, delivery: Delivery, function: lambda_.IFunction) -> None:
        self._delivery = delivery
        self._function = function

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        assert isinstance(rule, events.Rule)  # noqa: S101 - rules of the constructs only
        self._function.add_permission(
            f"Allow{self._function.node.id}",
            principal=iam.ServicePrincipal(EVENTS),
            source_arn=rule.rule_arn,
            scope=rule,
        )
        self._admit_to_key_of_dead_letters()
        return events.RuleTargetConfig(arn=self._function.function_arn)

    def _admit_to_key_of_dead_letters(self) -> None:
        """Let a supplied function use the key of its dead-letter queue, which CDK leaves out."""
        function = self._function
        queue = function.dead_letter_queue if isinstance(function, lambda_.Function) else None
        if queue is not None and queue.encryption_master_key is not None:
            grant_through(queue.encryption_master_key, function, "sqs", SEND_ACTIONS)


def _of_any_rule(stack: Stack) -> dict[str, dict[str, str]]:
    """Build the condition that one of the account's rules in the Region is the source."""
    rules = stack.format_arn(
        service="events",
        resource="rule",
        resource_name="*",
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    return {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": rules},
    }


def _create_before(first: IConstruct, then: IConstruct) -> None:
    """Let CloudFormation create one construct before another one of the same stack."""
    if Stack.of(first) == Stack.of(then):
        then.node.add_dependency(first)

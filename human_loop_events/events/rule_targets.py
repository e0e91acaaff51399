"""Topics, queues, functions, event buses and delivery streams as targets of EventBridge rules.

CDK's own targets leave service principals without a condition (`targets.SnsTopic`, and
`targets.SqsQueue` without a feature flag), and `targets.LambdaFunction` grants no access to the key
of a function's dead-letter queue. Here, each target adds exactly the permissions that it needs.
"""

from __future__ import annotations

import jsii
from aws_cdk import Annotations, ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct, IConstruct

from human_loop_events.aws.encryption import (
    SEND_ACTIONS,
    admit_rules_to_topics,
    admit_senders,
    grant_through,
)
from human_loop_events.aws.environments import is_of_another_account
from human_loop_events.aws.ids import path_id
from human_loop_events.aws.policy_size import refuse_oversized
from human_loop_events.aws.resource_policies import EVENTS, UNKNOWN_KEY, admit, is_imported


class DeliveryRole:
    """The role with which rules reach topics, event buses and delivery streams.

    It is created for the first target that needs it.

    Parameters
    ----------
    scope
        The parent of the role and its policy.
    """

    def __init__(self, scope: Construct) -> None:
        self._scope = scope
        self._policy: iam.ManagedPolicy | None = None
        self.role: iam.Role | None = None
        """The role. None until a target needs it."""

    def allow(self, rule: IConstruct, *actions: str, resource_arn: str) -> iam.ManagedPolicy:
        """Allow actions on a resource before a rule is created, and return the policy."""
        policy = self._policy or self._create()
        iam.Grant.add_to_principal(
            grantee=policy, actions=list(actions), resource_arns=[resource_arn]
        )
        create_before(policy, rule)
        return policy

    def _create(self) -> iam.ManagedPolicy:
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
        self.role = iam.Role(
            self._scope,
            "Role",
            description="EventBridge rules reach their targets with this role",
            assumed_by=iam.ServicePrincipal(
                EVENTS, conditions=from_any_rule(Stack.of(self._scope))
            ),
        )
        self._policy = iam.ManagedPolicy(
            self._scope,
            "Policy",
            description="Which targets EventBridge rules may reach",
            roles=[self.role],
        )
        refuse_oversized(self._policy)
        return self._policy


@jsii.implements(events.IRuleTarget)
class TopicTarget:
    """A topic to which a rule publishes with the delivery role, or without a role.

    Parameters
    ----------
    scope
        The construct that needs the permission.
    role
        The role. None to admit EventBridge to the topic.
    topic, message
        The topic, and the message. None for the event as JSON.
    """

    def __init__(
        self,
        scope: Construct,
        role: DeliveryRole | None,
        topic: sns.ITopic,
        message: events.RuleTargetInput | None,
    ) -> None:
        self._scope = scope
        self._role = role
        self._topic = topic
        self._message = message

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        """Allow publishing to the topic."""
        topic = self._topic
        if self._role is None:
            # SNS supports no condition on the rule.
            admit(topic, "topic", topic.topic_arn, self._scope, EVENTS, ["sns:Publish"])
            admit_rules_to_topics(topic.master_key, self._scope)
            return events.RuleTargetConfig(arn=topic.topic_arn, input=self._message)
        policy = self._role.allow(rule, "sns:Publish", resource_arn=topic.topic_arn)
        if topic.master_key is not None:
            grant_through(topic.master_key, policy, "sns", SEND_ACTIONS)
        elif is_imported(topic):
            Annotations.of(self._scope).add_warning_v2(
                "human-loop-events:topic-key",
                f"topic: {topic.topic_arn} was imported. {UNKNOWN_KEY}, or allow the role of "
                f"{self._scope.node.path} {' and '.join(SEND_ACTIONS)}; otherwise no event is "
                "delivered",
            )
        return events.RuleTargetConfig(
            arn=topic.topic_arn, role=self._role.role, input=self._message
        )


@jsii.implements(events.IRuleTarget)
class EventBusTarget:
    """An event bus on which a rule puts events with the delivery role."""

    def __init__(self, role: DeliveryRole, event_bus: events.IEventBus) -> None:
        self._role = role
        self._event_bus = event_bus

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        """Allow the role to put events on the bus."""
        arn = self._event_bus.event_bus_arn
        self._role.allow(rule, "events:PutEvents", resource_arn=arn)
        return events.RuleTargetConfig(arn=arn, role=self._role.role)


@jsii.implements(events.IRuleTarget)
class DeliveryStreamTarget:
    """A delivery stream of Firehose into which a rule puts records with the delivery role."""

    def __init__(
        self,
        role: DeliveryRole,
        stream: firehose.CfnDeliveryStream,
        message: events.RuleTargetInput | None,
    ) -> None:
        self._role = role
        self._stream = stream
        self._message = message

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        """Allow the role to put records into the stream.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
        """
        arn = self._stream.attr_arn
        self._role.allow(rule, "firehose:PutRecord", "firehose:PutRecordBatch", resource_arn=arn)
        return events.RuleTargetConfig(arn=arn, role=self._role.role, input=self._message)


@jsii.implements(events.IRuleTarget)
class QueueTarget:
    """A queue that admits a rule, or to which a rule sends with a role in another account."""

    def __init__(
        self,
        scope: Construct,
        role: DeliveryRole,
        queue: sqs.IQueue,
        message_group_id: str | None,
    ) -> None:
        self._scope = scope
        self._role = role
        self._queue = queue
        self._message_group_id = message_group_id

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        """Admit the rule to the queue and its key."""
        assert isinstance(rule, events.Rule)  # noqa: S101 - rules of the constructs only
        stack, queue = Stack.of(rule), self._queue
        if is_of_another_account(queue, queue.queue_arn, stack):
            return self._bind_with_role(rule)
        # The rule refers to the queue. If the policy of a queue in another stack referred to the
        # rule, each stack would have to be created before the other.
        same_stack = Stack.of(queue) == stack
        admit_to_queue(
            queue,
            self._scope,
            {"ArnEquals": {"aws:SourceArn": rule.rule_arn}} if same_stack else from_any_rule(stack),
        )
        return events.RuleTargetConfig(arn=queue.queue_arn, sqs_parameters=self._parameters())

    def _bind_with_role(self, rule: events.Rule) -> events.RuleTargetConfig:
        """Allow the delivery role to send to the queue, which EventBridge requires there.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
        """
        queue = self._queue
        policy = self._role.allow(rule, "sqs:SendMessage", resource_arn=queue.queue_arn)
        if queue.encryption_master_key is not None:
            grant_through(queue.encryption_master_key, policy, "sqs", SEND_ACTIONS)
        return events.RuleTargetConfig(
            arn=queue.queue_arn, role=self._role.role, sqs_parameters=self._parameters()
        )

    def _parameters(self) -> events.CfnRule.SqsParametersProperty | None:
        if self._message_group_id is None:
            return None
        return events.CfnRule.SqsParametersProperty(message_group_id=self._message_group_id)


@jsii.implements(events.IRuleTarget)
class FunctionTarget:
    """A function that a rule invokes, with a role in another account."""

    def __init__(self, role: DeliveryRole, function: lambda_.IFunction) -> None:
        self._role = role
        self._function = function

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface's
    ) -> events.RuleTargetConfig:
        """Allow the rule to invoke the function."""
        assert isinstance(rule, events.Rule)  # noqa: S101 - rules of the constructs only
        arn = self._function.function_arn
        if is_of_another_account(self._function, arn, Stack.of(rule)):
            self._role.allow(rule, "lambda:InvokeFunction", resource_arn=arn)
            return events.RuleTargetConfig(arn=arn, role=self._role.role)
        # The path, because functions of two parents can have one id.
        permission_id = f"Allow{path_id(self._function, Stack.of(rule))}"
        if rule.node.try_find_child(permission_id) is None:
            self._function.add_permission(
                permission_id,
                principal=iam.ServicePrincipal(EVENTS),
                source_arn=rule.rule_arn,
                scope=rule,
            )
        self._allow_key_of_dead_letter_queue()
        return events.RuleTargetConfig(arn=arn)

    def _allow_key_of_dead_letter_queue(self) -> None:
        """Allow a supplied function to use the key of its dead-letter queue. CDK does not."""
        function = self._function
        queue = function.dead_letter_queue if isinstance(function, lambda_.Function) else None
        if queue is not None and queue.encryption_master_key is not None:
            grant_through(queue.encryption_master_key, function, "sqs", SEND_ACTIONS)


def admit_to_queue(
    queue: sqs.IQueue, scope: Construct, conditions: dict[str, dict[str, str]]
) -> None:
    """Let EventBridge send to a queue, under conditions, and use its key."""
    admit(
        queue, "queue", queue.queue_arn, scope, EVENTS, ["sqs:SendMessage"], conditions=conditions
    )
    admit_senders(queue.encryption_master_key, scope, EVENTS)


def from_any_rule(stack: Stack) -> dict[str, dict[str, str]]:
    """Build the condition that the source is a rule of the stack's account and Region."""
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


def create_before(first: IConstruct, then: IConstruct) -> None:
    """Let CloudFormation create one construct before another one of the same stack."""
    if Stack.of(first) == Stack.of(then):
        then.node.add_dependency(first)

"""Delivering a rule's events: to a topic, a queue or a function, each with dead letters.

CDK's own targets leave service principals without a condition (`targets.SnsTopic`, and
`targets.SqsQueue` without a feature flag) and give no key to dead letters, so the permissions are
written here, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import jsii
from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct

from human_loop_events.encryption import SEND_ACTIONS, admit_rules_to_topics, admit_senders
from human_loop_events.resource_policies import EVENTS, admit


class HandlerDelivery(StrEnum):
    """How events reach the handler.

    ``DIRECT``: the rule invokes the function. ``BUFFERED``: the rule sends to a queue of the
    handler's own, read in batches with partial failures and a cap on concurrency; for volume, and
    for outages longer than Lambda's two retries.
    """

    DIRECT = "DIRECT"
    BUFFERED = "BUFFERED"


class RuleDelivery:
    """Adds targets to rules, all with the same retry policy and dead letters.

    Parameters
    ----------
    scope
        The construct that owns the rules.
    dead_letters
        Where an event goes that cannot be delivered.
    max_event_age
        How long delivery is tried, 1 minute to 24 hours.
    retry_attempts
        How often delivery is tried again, 0 to 185 times.

    Raises
    ------
    ValueError
        If a number is out of EventBridge's range.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        dead_letters: sqs.IQueue,
        max_event_age: Duration,
        retry_attempts: int,
    ) -> None:
        age = max_event_age.to_seconds()
        if not 60 <= age <= 86_400:
            raise ValueError(f"max_event_age: expected 1 minute to 24 hours, got {age:g} seconds")
        if not 0 <= retry_attempts <= 185:
            raise ValueError(f"retry_attempts: expected 0 to 185, got {retry_attempts}")
        self._scope = scope
        self._dead_letters = dead_letters
        self._retry_policy = events.CfnRule.RetryPolicyProperty(
            maximum_event_age_in_seconds=int(age), maximum_retry_attempts=retry_attempts
        )
        admit_senders(dead_letters.encryption_master_key, scope, EVENTS)

    def to_topic(
        self,
        rule: events.Rule,
        topic: sns.ITopic,
        *,
        role: iam.IRole | None,
        message: events.RuleTargetInput | None = None,
    ) -> None:
        """Publish to a topic with the role, or, without one, as the service itself.

        A topic's policy cannot tell one EventBridge rule from another, so without a role it
        admits the service with no condition.
        """
        if role is None:
            admit(topic, "topic", topic.topic_arn, self._scope, EVENTS, ["sns:Publish"])
            admit_rules_to_topics(topic.master_key, self._scope)
        self._add(rule, topic.topic_arn, role=role, message=message)

    def to_queue(self, rule: events.Rule, queue: sqs.IQueue) -> None:
        """Send to a queue, which admits this rule only."""
        self._admit_to_queue(rule, queue)
        admit_senders(queue.encryption_master_key, self._scope, EVENTS)
        self._add(rule, queue.queue_arn)

    def to_function(self, rule: events.Rule, function: lambda_.IFunction) -> None:
        """Invoke a function, which admits this rule only."""
        function.add_permission(
            f"Allow{rule.node.id}",
            principal=iam.ServicePrincipal(EVENTS),
            source_arn=rule.rule_arn,
            scope=self._scope,
        )
        self._add(rule, function.function_arn)

    def _add(
        self,
        rule: events.Rule,
        arn: str,
        *,
        role: iam.IRole | None = None,
        message: events.RuleTargetInput | None = None,
    ) -> None:
        self._admit_to_queue(rule, self._dead_letters)
        rule.add_target(
            _Target(
                events.RuleTargetConfig(
                    arn=arn,
                    role=role,
                    input=message,
                    retry_policy=self._retry_policy,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self._dead_letters.queue_arn
                    ),
                )
            )
        )

    def _admit_to_queue(self, rule: events.Rule, queue: sqs.IQueue) -> None:
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
            self._scope,
            EVENTS,
            ["sqs:SendMessage"],
            conditions=conditions,
        )


def create_delivery_role(scope: Construct, topics: Sequence[sns.ITopic]) -> iam.Role:
    """Create the role with which this account's rules publish to topics.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    role = iam.Role(
        scope,
        "DeliveryRole",
        description="EventBridge rules publish human loop events with this role",
        assumed_by=iam.ServicePrincipal(EVENTS, conditions=_of_any_rule(Stack.of(scope))),
    )
    policy = iam.ManagedPolicy(
        scope, "DeliveryPolicy", description="What EventBridge rules may publish to", roles=[role]
    )
    for topic in topics:
        iam.Grant.add_to_principal(
            grantee=policy, actions=["sns:Publish"], resource_arns=[topic.topic_arn]
        )
        if topic.master_key is not None:
            topic.master_key.grant(policy, *SEND_ACTIONS)
    return role


def _of_any_rule(stack: Stack) -> dict[str, dict[str, str]]:
    """Write the condition that one of the account's rules in the Region is the source."""
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


@jsii.implements(events.IRuleTarget)
class _Target:
    """A target whose permissions are already in place."""

    def __init__(self, config: events.RuleTargetConfig) -> None:
        self._config = config

    def bind(
        self,
        rule: IRuleRef,  # noqa: ARG002 - the interface's
        id: str | None = None,  # noqa: A002, ARG002
    ) -> events.RuleTargetConfig:
        return self._config

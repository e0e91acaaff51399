"""A rule's target with a retry policy and a dead-letter queue."""

from __future__ import annotations

import inspect
import json
from hashlib import sha256
from typing import cast

import jsii
from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct

from human_loop_events.aws.encryption import admit_senders
from human_loop_events.aws.queues_and_topics import check_dead_letter_queue
from human_loop_events.aws.resource_policies import EVENTS

_IMPORTED_ID = "HumanLoopEventsImportedQueues"


@jsii.implements(events.IRuleTarget)
class CompletedTarget:
    """A target that keeps its retry policy and dead-letter queue, or gets those of a `Delivery`.

    Parameters
    ----------
    target
        The target.
    retry_policy, dead_letter_queue
        The defaults of the target.
    """

    def __init__(
        self,
        target: events.IRuleTarget,
        retry_policy: events.CfnRule.RetryPolicyProperty,
        dead_letter_queue: sqs.IQueue,
    ) -> None:
        self._target = target
        self._retry_policy = retry_policy
        self._dead_letter_queue = dead_letter_queue
        self.own_dead_letter_queue: sqs.IQueue | None = None
        """The dead-letter queue that the target has itself. None before `bind`."""

    def bind(
        self,
        rule: IRuleRef,
        id: str | None = None,  # noqa: A002 - the interface's name
    ) -> events.RuleTargetConfig:
        """Bind the target and complete its configuration."""
        config = self._target.bind(rule, id)
        own = config.dead_letter_config
        assert isinstance(rule, events.Rule)  # noqa: S101 - rules of the constructs only
        if own is not None:
            self._keep_own_dead_letter_queue(rule, _arn_of(own))
        return events.RuleTargetConfig(
            **{
                **{name: getattr(config, name) for name in _CONFIGURATION},
                "retry_policy": config.retry_policy or self._retry_policy,
                "dead_letter_config": own
                or events.CfnRule.DeadLetterConfigProperty(arn=self._dead_letter_queue.queue_arn),
            }
        )

    def _keep_own_dead_letter_queue(self, rule: events.Rule, arn: str) -> None:
        stack = Stack.of(rule)
        if stack.resolve(arn) == stack.resolve(self._dead_letter_queue.queue_arn):
            raise ValueError(
                f"target of {rule.node.path}: its dead_letter_queue is that of the delivery. CDK "
                "would add a policy that depends on the rule while the rule depends on the policy; "
                "omit dead_letter_queue: the rule sets it"
            )
        queue = _find_queue(stack, arn) or _import_queue(stack, arn)
        check_dead_letter_queue(f"dead_letter_queue of a target of {rule.node.path}", queue, rule)
        # CDK admits the rule to the queue, but not to the key of the queue.
        admit_senders(queue.encryption_master_key, rule, EVENTS)
        self.own_dead_letter_queue = queue


_CONFIGURATION = tuple(
    name
    for name in inspect.signature(events.RuleTargetConfig.__init__).parameters
    if name != "self"
)


def _arn_of(config: object) -> str:
    arn = getattr(config, "arn", None)
    assert isinstance(arn, str)  # noqa: S101 - a dead-letter queue without an ARN is none
    return arn


def _find_queue(stack: Stack, arn: str) -> sqs.IQueue | None:
    """Return the queue with an ARN, if the stack has it."""
    resolved = stack.resolve(arn)
    for construct in stack.node.find_all():
        if isinstance(construct, sqs.Queue) and stack.resolve(construct.queue_arn) == resolved:
            return construct
    return None


def _import_queue(stack: Stack, arn: str) -> sqs.IQueue:
    """Import a queue once for each stack, so that it has one set of alarms."""
    digest = sha256(json.dumps(stack.resolve(arn)).encode()).hexdigest()[:8]
    scope = stack.node.try_find_child(_IMPORTED_ID)
    imported = scope if isinstance(scope, Construct) else Construct(stack, _IMPORTED_ID)
    known = imported.node.try_find_child(digest)
    if known is not None:
        return cast("sqs.IQueue", known)
    return sqs.Queue.from_queue_arn(imported, digest, arn)

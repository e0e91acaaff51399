"""A rule with retries, a dead-letter queue and alarms for every target."""

from __future__ import annotations

import re
from typing import TypedDict

import jsii
from aws_cdk import Token
from aws_cdk import aws_events as events
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import require_short
from human_loop_events.aws.validation import validate_at_synthesis
from human_loop_events.events.alerts import Alerts
from human_loop_events.events.delivery import Delivery
from human_loop_events.events.shared_parts import refuse_part_of_another_stack

#: EventBridge's quota of targets for one rule.
#: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
MAX_TARGETS = 5

#: The maximum length of the description of a rule and of an archive.
#: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
MAX_RULE_DESCRIPTION = 512
_RULE_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")


class RuleOptions(TypedDict, total=False):
    """What every ``on_…`` method accepts besides its own parameters."""

    target: events.IRuleTarget | None
    """Where the events go. Default: no target. Add targets to the returned rule."""
    description: str | None
    """The rule's description."""
    rule_name: str | None
    """The rule's physical name. Default: CloudFormation generates a name."""


@checks_arguments
class DeliveredRule(events.Rule):
    """An EventBridge rule that completes its targets and registers with the alarms.

    A target without a retry policy or a dead-letter queue gets those of the delivery. This also
    applies to targets that are added later. Synthesis fails for a rule without a target.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    delivery
        The retry policy and the dead-letter queue.
    alerts
        The alarms on the rule and on its dead-letter queues.
    event_pattern
        The pattern of the events.
    event_bus
        The rule's bus. Default: the account's default bus.
    target
        The first target. Default: none. Add targets with `add_target`.
    description
        The rule's description.
    rule_name
        The rule's physical name. Default: CloudFormation generates a name.

    Examples
    --------
    >>> DeliveredRule(  # doctest: +SKIP
    ...     self, "Models", delivery=delivery, alerts=alerts, target=targets.SqsQueue(queue),
    ...     event_pattern=events.EventPattern(
    ...         source=["aws.sagemaker"], detail_type=["SageMaker Model Package State Change"]
    ...     ),
    ... )
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        delivery: Delivery,
        alerts: Alerts,
        event_pattern: events.EventPattern,
        event_bus: events.IEventBus | None = None,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        rule_name: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            event_pattern=event_pattern,
            event_bus=event_bus,
            description=require_short(
                f"description of the rule {construct_id}", description, most=MAX_RULE_DESCRIPTION
            ),
            rule_name=_require_rule_name(rule_name),
        )
        refuse_part_of_another_stack("delivery", delivery, self)
        refuse_part_of_another_stack("alerts", alerts, self)
        self._delivery = delivery
        self._alerts = alerts
        self._target_count = 0
        delivery._precede(self)
        alerts.watch_rule(self, event_bus)
        alerts.watch_queue(delivery.dead_letter_queue)
        validate_at_synthesis(self, self._find_missing_target)
        self.add_target(target)

    def add_target(self, target: events.IRuleTarget | None = None) -> None:
        """Add a target.

        Parameters
        ----------
        target
            Any target, such as those in ``aws_cdk.aws_events_targets``. None adds no target.

        Raises
        ------
        ValueError
            If the rule has five targets already, which is EventBridge's quota.
        """
        if target is None:
            return
        if self._target_count == MAX_TARGETS:
            raise ValueError(
                f"{self.node.path}: EventBridge accepts {MAX_TARGETS} targets for one rule; add a "
                "further rule, with on_event() for example, for further targets"
            )
        completed = self._delivery._complete(target)
        # Bound here and not by CDK, so that errors have no stack trace of its JavaScript.
        config = completed.bind(self, f"Target{self._target_count}")
        super().add_target(_BoundTarget(config))
        self._target_count += 1
        if completed.own_dead_letter_queue is not None:
            self._alerts.watch_queue(completed.own_dead_letter_queue)

    def _find_missing_target(self) -> list[str]:
        if self._target_count:
            return []
        return [f"the rule {self.node.path} has no target, and drops its events: add one"]


@jsii.implements(events.IRuleTarget)
class _BoundTarget:
    def __init__(self, config: events.RuleTargetConfig) -> None:
        self._config = config

    def bind(
        self,
        rule: IRuleRef,  # noqa: ARG002 - the interface's
        id: str | None = None,  # noqa: A002, ARG002
    ) -> events.RuleTargetConfig:
        return self._config


def _require_rule_name(name: str | None) -> str | None:
    if name is not None and not Token.is_unresolved(name) and not _RULE_NAME.fullmatch(name):
        raise ValueError(
            f"rule_name: expected 1 to 64 letters, digits, '.', '-' and '_', got {name!r}"
        )
    return name

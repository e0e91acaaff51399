"""Status events of one type: the rules on them, their targets, and the alerts on failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, TypeVar, Unpack

from aws_cdk import Annotations, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.bounds import NumberBounds
from human_loop_events.aws.environments import RULE_BUS, check_environment
from human_loop_events.aws.ids import ADDED_RULES, child_scope
from human_loop_events.aws.queues_and_topics import (
    QUEUE_RETENTION,
    create_dead_letter_queue,
    create_queue,
    create_topic,
    validate_queue_times,
)
from human_loop_events.aws.validation import validate_at_synthesis
from human_loop_events.events.alerts import Alerts, rule_metric
from human_loop_events.events.delivered_rule import DeliveredRule, RuleOptions
from human_loop_events.events.delivery import Delivery
from human_loop_events.events.event_archive import EventArchive
from human_loop_events.events.event_filter import EventFilter
from human_loop_events.events.human_loop_filter import HumanLoopFilter
from human_loop_events.events.human_loop_hub import HumanLoopHub
from human_loop_events.events.same_loops import ALERTS, warn_of_same_loops
from human_loop_events.events.shared_parts import supplied_or_new_alerts, supplied_or_new_delivery
from human_loop_events.stack_outputs import StackOutputs

_Part = TypeVar("_Part")

#: How long before the created queue deletes a message the alarm on it goes off, at most.
_BEFORE_EXPIRATION = Duration.days(2)

#: The longest that CloudWatch looks back for an alarm.
SILENT_DAYS: Final = NumberBounds(1, 7)


class QueueSettings(TypedDict, total=False):
    """Settings of the queue that is created for consumers.

    Parameters
    ----------
    visibility_timeout
        How long a received message is hidden from other consumers, 1 second to 12 hours. For a
        Lambda function as consumer: six times its timeout, as AWS recommends
        (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). Default: 30
        seconds.
    retention_period
        How long the queue keeps a message, 1 hour to 13 days. Default: ten days.
    """

    visibility_timeout: Duration
    retention_period: Duration


@checks_arguments
class StatusEvents(Construct):
    """Sends the status events that a filter matches to targets.

    `add_topic`, `add_queue`, `add_function` and `add_target` add targets to the rule
    `StatusChange`, which matches all events of the filter. `alert_on_failure` adds alerts and an
    alarm. The methods that begin with ``on_`` add further rules. Every target of every rule has
    retries, a dead-letter queue and alarms. Synthesis fails if there is no rule.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    filter
        The events, such as ``HumanLoopFilter()`` or ``JobFilter.training()``.
    delivery
        The delivery of the events. Default: a new `Delivery`.
    alerts
        The alerts on failures. Default: new `Alerts`.
    event_bus
        The bus with the events. Default: the account's default bus, to which AWS sends them.

    Raises
    ------
    ValueError
        If the filter's events cannot reach the bus.

    Examples
    --------
    >>> jobs = StatusEvents(  # doctest: +SKIP
    ...     self, "Jobs", filter=JobFilter.training(), delivery=delivery, alerts=alerts
    ... )
    >>> jobs.add_queue()  # doctest: +SKIP
    >>> jobs.alert_on_failure()  # doctest: +SKIP
    """

    delivery: Delivery
    """The delivery of the events."""
    alerts: Alerts
    """The alerts on failures, and the alarms."""
    event_bus: events.IEventBus | None
    """The bus with the events. None for the account's default bus."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        filter: EventFilter,  # noqa: A002 - the word for it
        delivery: Delivery | None = None,
        alerts: Alerts | None = None,
        event_bus: events.IEventBus | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if isinstance(event_bus, HumanLoopHub) and not isinstance(filter, HumanLoopFilter):
            raise ValueError(
                f"event_bus: {event_bus.node.path} is a hub, which admits the events of human "
                "loops only; expected a HumanLoopFilter, or another bus"
            )
        stack = Stack.of(self)
        if event_bus is None:
            filter.refuse_other_environments(stack)
        else:
            check_environment("event_bus", event_bus, event_bus.event_bus_arn, self, RULE_BUS)
        self._filter = filter
        self.delivery = supplied_or_new_delivery(self, delivery)
        self.alerts = supplied_or_new_alerts(self, alerts, self.delivery.encryption_key)
        self.event_bus = event_bus
        self._outputs = StackOutputs(self)
        self._outputs.add(
            AlertsTopicArn=self.alerts.topic.topic_arn,
            DeadLetterQueueUrl=self.delivery.dead_letter_queue.queue_url,
        )
        self._topic: sns.ITopic | None = None
        self._queue: sqs.IQueue | None = None
        self._queue_dead_letter_queue: sqs.IQueue | None = None
        self._rule_count = 0
        self._rule: DeliveredRule | None = None
        self._failed_rule: DeliveredRule | None = None
        self._failure_alarm: cloudwatch.Alarm | None = None
        self._archive: EventArchive | None = None
        filter.pattern()  # an invalid filter is an error here, not at its first use
        validate_at_synthesis(self, self._find_missing_rule)

    @property
    def rule(self) -> DeliveredRule:
        """The rule on all events of the filter. A target is required."""
        if self._rule is None:
            self._rule = self._create_rule(
                "StatusChange", self._filter.pattern(), description=self._filter.description
            )
            self._outputs.add(StatusChangeRuleName=self._rule.rule_name)
        return self._rule

    @property
    def topic(self) -> sns.ITopic:
        """The topic. It exists after `add_topic`."""
        return _require_added(self._topic, "topic", "add_topic()")

    @property
    def queue(self) -> sqs.IQueue:
        """The queue. It exists after `add_queue`."""
        return _require_added(self._queue, "queue", "add_queue()")

    @property
    def queue_dead_letter_queue(self) -> sqs.IQueue:
        """The dead-letter queue of the queue that `add_queue` created."""
        return _require_added(
            self._queue_dead_letter_queue, "queue_dead_letter_queue", "add_queue() without a queue"
        )

    @property
    def dead_letter_queues(self) -> dict[str, sqs.IQueue]:
        """The dead-letter queues of the rules and of the created `queue`, by these names."""
        queues = {"rules": self.delivery.dead_letter_queue}
        if self._queue_dead_letter_queue is not None:
            queues["queue"] = self._queue_dead_letter_queue
        return queues

    @property
    def failed_rule(self) -> DeliveredRule:
        """The rule on failures. It exists after `alert_on_failure`."""
        return _require_added(self._failed_rule, "failed_rule", "alert_on_failure()")

    @property
    def failure_alarm(self) -> cloudwatch.Alarm:
        """The alarm on failures. It exists after `alert_on_failure`."""
        return _require_added(self._failure_alarm, "failure_alarm", "alert_on_failure()")

    def add_topic(self, topic: sns.ITopic | None = None) -> sns.ITopic:
        """Publish the events, as JSON, to a topic.

        Parameters
        ----------
        topic
            A standard topic. Default: a new topic, encrypted.

        Raises
        ------
        ValueError
            If there is a topic already, or EventBridge cannot publish to it.
        """
        _refuse_second(self._topic, "topic")
        self._topic = topic or create_topic(self, "Topic", self.delivery.encryption_key)
        self.rule.add_target(self.delivery.topic_target(self._topic))
        self._outputs.add(TopicArn=self._topic.topic_arn)
        return self._topic

    def add_queue(
        self, queue: sqs.IQueue | None = None, **settings: Unpack[QueueSettings]
    ) -> sqs.IQueue:
        """Send the events, as JSON, to a queue.

        Parameters
        ----------
        queue
            A standard queue. Default: a new queue, encrypted, that keeps messages for ten days and
            has a dead-letter queue.
        settings
            ``visibility_timeout`` and ``retention_period`` of the new queue. See `QueueSettings`.

        Raises
        ------
        ValueError
            If there is a queue already, EventBridge cannot send to it, or a setting is out of
            range or given with a supplied queue.
        """
        _refuse_second(self._queue, "queue")
        if queue is not None and settings:
            raise ValueError(
                f"{', '.join(settings)}: for a new queue, but queue is supplied; expected the "
                "settings on that queue"
            )
        validate_queue_times(settings.get("visibility_timeout"), settings.get("retention_period"))
        if queue is None:
            key = self.delivery.encryption_key
            self._queue_dead_letter_queue = create_dead_letter_queue(
                self, "QueueDeadLetterQueue", key, of_a_queue=True
            )
            self._outputs.add(QueueDeadLetterQueueUrl=self._queue_dead_letter_queue.queue_url)
            self.alerts.watch_queue(self._queue_dead_letter_queue)
            queue = create_queue(
                self,
                "Queue",
                key,
                dead_letter_queue=self._queue_dead_letter_queue,
                visibility_timeout=settings.get("visibility_timeout"),
                retention_period=settings.get("retention_period") or QUEUE_RETENTION,
            )
            self._watch_queue(queue, settings.get("retention_period") or QUEUE_RETENTION)
        self._queue = queue
        self.rule.add_target(self.delivery.queue_target(queue))
        self._outputs.add(QueueUrl=queue.queue_url)
        return queue

    def add_function(self, function: lambda_.IFunction) -> None:
        """Invoke a function with each event.

        Parameters
        ----------
        function
            The function. It needs a dead-letter queue: Lambda drops an event on which the function
            fails three times.
        """
        self.rule.add_target(self.delivery.function_target(function))
        self.alerts.watch_function(function)
        if _lacks_dead_letter_queue(function):
            Annotations.of(self).add_warning_v2(
                "human-loop-events:function-dead-letter-queue",
                f"{function.node.path} has no dead_letter_queue: an event on which it fails three "
                "times is lost. Give it one, or acknowledge this warning if it has an on-failure "
                "destination",
            )

    def add_target(self, target: events.IRuleTarget) -> None:
        """Send the events to any other target.

        A rule has at most five targets. For more, add a rule with `on_event`.

        Parameters
        ----------
        target
            A target, such as those in ``aws_cdk.aws_events_targets``.
        """
        self.rule.add_target(target)

    def alert_on_failure(
        self,
        *,
        threshold: int | None = None,
        period: Duration | None = None,
        evaluation_periods: int | None = None,
    ) -> cloudwatch.Alarm:
        """Notify the alerts about each failure with the rule `Failed`, and add an alarm.

        The alarm counts failures.
        The statuses of the filter do not limit the failures.

        Parameters
        ----------
        threshold, period, evaluation_periods
            The threshold of the alarm. Default: as configured for the alerts.
        """
        if self._failure_alarm is not None:
            raise ValueError(f"{self.node.path}: alert_on_failure() was called twice")
        failure = self._filter.failure
        if isinstance(self._filter, HumanLoopFilter):
            every_failure = HumanLoopFilter(flow_definitions=self._filter.flow_definitions)
            warn_of_same_loops(self, ALERTS, every_failure, self.event_bus)
        rule = self._create_rule(
            "Failed",
            self._filter.pattern(
                statuses=self._filter.failed_statuses, detail=self._filter.tests_excluded
            ),
            description=f"{self._filter.description}: failures",
        )
        topic = self.alerts.topic
        rule.add_target(
            self.delivery.topic_target(topic, message=self.alerts._failure_message(failure))
        )
        reason = self.alerts._reason_message(failure)
        if reason is not None:
            with_reason = self._create_rule(
                "FailedReason",
                self._filter.pattern(
                    statuses=self._filter.failed_statuses,
                    detail={**self._filter.tests_excluded, **(failure.reason_given or {})},
                ),
                description=f"{self._filter.description}: failures with a reason",
            )
            with_reason.add_target(self.delivery.topic_target(topic, message=reason))
        self._failed_rule = rule
        self._failure_alarm = self.alerts._watch_failures(
            rule,
            failure,
            event_bus=self.event_bus,
            threshold=threshold,
            period=period,
            evaluation_periods=evaluation_periods,
        )
        self._outputs.add(
            FailedRuleName=rule.rule_name, FailedLoopsAlarmName=self._failure_alarm.alarm_name
        )
        return self._failure_alarm

    def alert_on_silence(self, *, days: int) -> cloudwatch.Alarm:
        """Add an alarm that goes off when no event arrives for a number of days.

        An alarm cannot detect a single lost event. No event for days can mean that the source no
        longer sends events.

        Parameters
        ----------
        days
            The number of days, 1 to 7.

        Raises
        ------
        ValueError
            If `days` is out of range.
        """
        return self.alerts._add_alarm(
            self.rule,
            "Silence",
            self.metric_events(period=Duration.days(1)),
            threshold=1,
            evaluation_periods=SILENT_DAYS.require("days", days),
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            description=f"{self._filter.description}: no event for {days} days. Check that work "
            "is still started, and that the rule and its event bus still exist.",
            section="Silence",
        )

    def on_event(
        self,
        rule_id: str,
        *,
        statuses: Sequence[str] | None = None,
        detail: Mapping[str, Any] | None = None,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        """Add a rule on the events of the filter, except those of ``human-loops verify``.

        Parameters
        ----------
        rule_id
            The id of the rule within this construct.
        statuses
            The statuses. Default: those of the filter.
        detail
            Further conditions on the event's detail, as in an event pattern. A rule with
            ``{"verification": [{"exists": True}]}`` receives only events of ``human-loops verify``.
        options
            ``target``, ``description`` and ``rule_name``. See `RuleOptions`.
        """
        return self._create_rule(
            rule_id,
            self._filter.pattern(
                statuses=statuses, detail={**self._filter.tests_excluded, **(detail or {})}
            ),
            scope=child_scope(self, ADDED_RULES),
            **options,
        )

    def on_completed(
        self,
        rule_id: str,
        *,
        detail: Mapping[str, Any] | None = None,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        """Add a rule on success. See `on_event`."""
        return self.on_event(
            rule_id, statuses=self._filter.completed_statuses, detail=detail, **options
        )

    def on_failed(
        self,
        rule_id: str,
        *,
        detail: Mapping[str, Any] | None = None,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        """Add a rule on failure. See `on_event`."""
        return self.on_event(
            rule_id, statuses=self._filter.failed_statuses, detail=detail, **options
        )

    def on_stopped(
        self,
        rule_id: str,
        *,
        detail: Mapping[str, Any] | None = None,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        """Add a rule on loops or jobs that were stopped. See `on_event`.

        Raises
        ------
        ValueError
            If events of this type have no such status.
        """
        if not self._filter.stopped_statuses:
            raise ValueError(f"{self._filter.description}: there is no status for stopped ones")
        return self.on_event(
            rule_id, statuses=self._filter.stopped_statuses, detail=detail, **options
        )

    def add_archive(self, *, retention: Duration) -> EventArchive:
        """Archive the events, so that they can be replayed.

        Events of ``human-loops verify`` are excluded. A replay sends events to the rules that it
        names. Replayed events have the field ``replay-name``. The archive is encrypted with the key
        of the delivery. See ``docs/operations.md#replay``.

        Parameters
        ----------
        retention
            The retention period of an event, in whole days.

        Raises
        ------
        ValueError
            If there is an archive already, or `retention` is not in whole days.
        """
        if self._archive is not None:
            raise ValueError(f"{self.node.path}: add_archive() was called twice")
        self._archive = EventArchive(
            self,
            "EventArchive",
            event_pattern=self._filter.pattern(detail=self._filter.tests_excluded),
            retention=retention,
            encryption_key=self.delivery.encryption_key,
            description=self._filter.description,
            event_bus=self.event_bus,
        )
        self._outputs.add(ArchiveArn=self._archive.archive_arn)
        if self._rule is not None:
            self._outputs.add(ReplayDestination=self._archive.replay_destination(self._rule))
        return self._archive

    def add_outputs(self, *, prefix: str = "") -> None:
        """Add outputs to the stack, through which ``human-loops`` finds the parts.

        Parts that are added later have outputs too.

        Parameters
        ----------
        prefix
            The beginning of the outputs' names, such as ``"Claims"``, where several constructs of
            a stack have outputs. The option ``--prefix`` of ``human-loops`` names it. Default:
            none.

        Raises
        ------
        ValueError
            If the prefix is not valid, or another construct of the stack has outputs with it.
        """
        self._outputs.create(prefix)

    def metric_events(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the events that EventBridge matched, as a sum over the period (5 minutes)."""
        return rule_metric("TriggeredRules", self.rule, self.event_bus, period)

    def metric_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the failures that EventBridge matched, as a sum over the period (5 minutes)."""
        return rule_metric("TriggeredRules", self.failed_rule, self.event_bus, period)

    def _watch_queue(self, queue: sqs.IQueue, retention: Duration) -> None:
        """Add the alarm on messages that SQS deletes soon."""
        seconds = retention.to_seconds()
        early = min(_BEFORE_EXPIRATION.to_seconds(), seconds / 2)
        self.alerts.watch_backlog(
            queue,
            max_age=Duration.seconds(seconds - early),
            consequence=f"SQS deletes them after {retention.to_human_string()}. Start or fix the "
            "consumer.",
        )

    def _create_rule(
        self,
        rule_id: str,
        pattern: events.EventPattern,
        *,
        scope: Construct | None = None,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        self._rule_count += 1
        return DeliveredRule(
            scope or self,
            rule_id,
            delivery=self.delivery,
            alerts=self.alerts,
            event_pattern=pattern,
            event_bus=self.event_bus,
            **options,
        )

    def _find_missing_rule(self) -> list[str]:
        if self._rule_count:
            return []
        return [
            f"{self.node.path} has no rule, so no events are sent: call "
            "add_topic(), add_queue(), add_function(…), alert_on_failure() or on_event(…)"
        ]


def _require_added(part: _Part | None, name: str, needs: str) -> _Part:
    if part is None:
        raise ValueError(f"{name}: it does not exist yet; it needs {needs}")
    return part


def _lacks_dead_letter_queue(function: lambda_.IFunction) -> bool:
    """Return True if the template shows that a function has neither dead-letter queue nor topic."""
    resource = function.node.default_child
    return isinstance(resource, lambda_.CfnFunction) and resource.dead_letter_config is None


def _refuse_second(part: object, name: str) -> None:
    if part is not None:
        raise ValueError(
            f"{name}: there is one already; add another one with "
            f"add_target(delivery.{name}_target(…))"
        )

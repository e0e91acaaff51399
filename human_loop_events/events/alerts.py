"""Alerts: the topic for people, the messages about failures, and the alarms."""

from __future__ import annotations

from typing import Final, TypedDict

from aws_cdk import Duration, Fn, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import (
    require_choice,
    require_short,
)
from human_loop_events.aws.bounds import ALARM_PERIOD, FROM_ONE, TextForm
from human_loop_events.aws.encryption import admit_senders, supplied_or_new_key
from human_loop_events.aws.environments import ALERTS_TOPIC, check_environment
from human_loop_events.aws.ids import child_scope, path_id
from human_loop_events.aws.queues_and_topics import create_topic, refuse_unusable_topic
from human_loop_events.aws.resource_policies import CLOUDWATCH, admit
from human_loop_events.events.alert_messages import AlertFormat, failure_message, reason_message
from human_loop_events.events.event_filter import FailureDescription
from human_loop_events.events.runbook import runbook_section

_ALARM_PERIOD = Duration.minutes(5)

#: The form of the runbook of alerts and alarms.
RUNBOOK: Final = TextForm(r"\S+", "a path or URL without spaces")

#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_MAX_ALARM_DESCRIPTION = 1024


class AlertsSettings(TypedDict, total=False):
    """The parameters of an `Alerts` that another construct creates."""

    topic: sns.ITopic
    alert_format: AlertFormat
    include_failure_reason: bool
    runbook: str
    failure_threshold: int
    failure_period: Duration
    failure_evaluation_periods: int
    ok_actions: bool


@checks_arguments
class Alerts(Construct):
    """Notifies people about failures that events report, and about alarms.

    Any number of constructs can add alarms at any time. A resource that is watched twice has one
    set of alarms.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    topic
        The topic that people subscribe to. Default: a new topic, encrypted.
    encryption_key
        The customer managed key of the new topic, such as that of a `Delivery`. Default: a new key,
        with rotation.
    alert_format
        The format of alerts on failures. Default: text.
    include_failure_reason
        Whether alerts quote the reason that AWS gives for a failure. A reason can quote a document.
        Default: yes.
    runbook
        The path or URL of the runbook that alerts and alarms refer to. The section is appended, as
        in ``#failedloops``. Default: the command that prints a section of this project's runbook,
        such as ``human-loops runbook FailedLoops``.
    failure_threshold
        The number of failures in a period that raises an alarm. Default: one.
    failure_period
        The period, in whole minutes, 1 minute to 1 day. Default: 5 minutes.
    failure_evaluation_periods
        The number of successive periods in which the threshold must be reached. Default: one.
    ok_actions
        Whether alarms also notify when they return to OK. Default: no.

    Raises
    ------
    ValueError
        If a value is out of range, or AWS services cannot publish to the topic.

    Examples
    --------
    >>> alerts = Alerts(self, "Alerts", alert_format=AlertFormat.CHAT)  # doctest: +SKIP
    >>> alerts.topic.add_subscription(EmailSubscription("a@example.com"))  # doctest: +SKIP
    """

    topic: sns.ITopic
    """The topic that people subscribe to."""
    alert_format: AlertFormat
    """The format of alerts on failures."""
    runbook: str | None
    """The path or URL of the runbook. None for the runbook of this project."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: sns.ITopic | None = None,
        encryption_key: kms.IKey | None = None,
        alert_format: AlertFormat = AlertFormat.TEXT,
        include_failure_reason: bool = True,
        runbook: str | None = None,
        failure_threshold: int = 1,
        failure_period: Duration | None = None,
        failure_evaluation_periods: int = 1,
        ok_actions: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alert_format = require_choice("alert_format", alert_format, AlertFormat)
        self._include_reason = include_failure_reason
        self.runbook = None if runbook is None else RUNBOOK.require("runbook", runbook)
        self._failure_threshold = FROM_ONE.require("failure_threshold", failure_threshold)
        self._failure_period = ALARM_PERIOD.require(
            "failure_period", failure_period or _ALARM_PERIOD
        )
        self._failure_evaluation_periods = FROM_ONE.require(
            "failure_evaluation_periods", failure_evaluation_periods
        )
        self._ok_actions = ok_actions
        self._alarms: list[cloudwatch.Alarm] = []
        if topic is None:
            topic = create_topic(self, "Topic", supplied_or_new_key(self, encryption_key))
        refuse_unusable_topic("topic of the alerts", topic)
        check_environment("topic of the alerts", topic, topic.topic_arn, self, ALERTS_TOPIC)
        self.topic = topic
        self._action = actions.SnsAction(topic)
        admit(
            topic,
            "topic",
            topic.topic_arn,
            self,
            CLOUDWATCH,
            ["sns:Publish"],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
        )
        admit_senders(topic.master_key, self, CLOUDWATCH)

    @property
    def alarms(self) -> list[cloudwatch.Alarm]:
        """All alarms so far."""
        return list(self._alarms)

    def _runbook_section(self, section: str) -> str:
        """Return the path, the URL or the command of a section of the runbook."""
        return runbook_section(self.runbook, section)

    def _failure_message(self, failure: FailureDescription) -> events.RuleTargetInput:
        """Build the message about a failure, for a rule's target."""
        return failure_message(
            Stack.of(self),
            self.alert_format,
            failure,
            self._runbook_section(failure.runbook_section),
            include_reason=self._include_reason,
        )

    def _reason_message(self, failure: FailureDescription) -> events.RuleTargetInput | None:
        """Build the second message, with the reason. None if the format has one message."""
        if (
            self.alert_format is not AlertFormat.CHAT
            or failure.reason_path is None
            or not self._include_reason
        ):
            return None
        return reason_message(failure, failure.reason_path)

    def _watch_failures(
        self,
        rule: events.IRule,
        failure: FailureDescription,
        *,
        event_bus: events.IEventBus | None = None,
        threshold: int | None = None,
        period: Duration | None = None,
        evaluation_periods: int | None = None,
    ) -> cloudwatch.Alarm:
        """Add the alarm on failures. It counts the events that the rule matches.

        Parameters
        ----------
        rule
            The rule that matches the failures.
        failure
            The content of the alarm.
        event_bus
            The rule's bus. Default: the account's default bus.
        threshold, period, evaluation_periods
            The threshold of the alarm. Default: as configured for these alerts.
        """
        period = ALARM_PERIOD.require("period", period or self._failure_period)
        return self._add_alarm(
            rule,
            failure.alarm_id,
            rule_metric("TriggeredRules", rule, event_bus, period),
            threshold=FROM_ONE.require(
                "threshold", self._failure_threshold if threshold is None else threshold
            ),
            evaluation_periods=_validate_evaluation_periods(
                self._failure_evaluation_periods
                if evaluation_periods is None
                else evaluation_periods,
                period,
            ),
            description=failure.alarm_text,
            section=failure.runbook_section,
        )

    def watch_rule(self, rule: events.IRule, event_bus: events.IEventBus | None = None) -> None:
        """Add the alarms `SentToDeadLetterQueue` and `Lost`, on a rule that cannot deliver.

        Parameters
        ----------
        rule
            The rule.
        event_bus
            The rule's bus. Default: the account's default bus.
        """
        if self._is_watched(rule, "SentToDeadLetterQueue"):
            return
        name = rule.node.id
        self._add_alarm(
            rule,
            "SentToDeadLetterQueue",
            rule_metric("InvocationsSentToDlq", rule, event_bus),
            description=f"Rule {name} could not deliver events to a target and sent them to a "
            "dead-letter queue. Fix the target or its permissions, and redrive them.",
            section="RuleDelivery",
        )
        self._add_alarm(
            rule,
            "Lost",
            rule_metric("InvocationsFailedToBeSentToDlq", rule, event_bus),
            description=f"Rule {name} could deliver events neither to a target nor to a "
            "dead-letter queue. They are lost. Fix the policies of the queue and of its key, and "
            "find what ended meanwhile.",
            section="RuleDelivery",
        )

    def watch_queue(self, queue: sqs.IQueue) -> None:
        """Add the alarms `Visible` and `Growing` on a dead-letter queue.

        `Visible` stays on while the queue has messages. `Growing` notifies about each increase.

        Parameters
        ----------
        queue
            The dead-letter queue.
        """
        if self._is_watched(queue, "Visible"):
            return
        visible = queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=_ALARM_PERIOD
        )
        self._add_alarm(
            queue,
            "Growing",
            cloudwatch.MathExpression(
                expression="DIFF(visible)", using_metrics={"visible": visible}, period=_ALARM_PERIOD
            ),
            description=f"Further events are in the dead-letter queue {queue.node.id}. Read the "
            "reason of each, fix the cause, and redrive them.",
            section="DeadLetterQueue",
        )
        self._add_alarm(
            queue,
            "Visible",
            visible,
            description=f"Events are in the dead-letter queue {queue.node.id}. They were not "
            "processed. Read the reason of each, fix the cause, and redrive them.",
            section="DeadLetterQueue",
        )

    def watch_backlog(self, queue: sqs.IQueue, *, max_age: Duration, consequence: str) -> None:
        """Add the alarm `Backlog`, on the age of the messages in a queue.

        Parameters
        ----------
        queue
            The queue.
        max_age
            The maximum age of a message.
        consequence
            The consequence of a higher age, and the remedy, in full sentences.
        """
        if self._is_watched(queue, "Backlog"):
            return
        self._add_alarm(
            queue,
            "Backlog",
            queue.metric_approximate_age_of_oldest_message(
                statistic="Maximum", period=_ALARM_PERIOD
            ),
            threshold=max_age.to_seconds(),
            description=f"Events wait in the queue {queue.node.id} for "
            f"{max_age.to_human_string()} or longer. {consequence}",
            section="Backlog",
        )

    def watch_function(
        self,
        function: lambda_.IFunction,
        *,
        called: str = "handler",
        section: str = "HandlerErrors",
    ) -> None:
        """Add the alarms `Errors`, `Throttles` and `Dropped` (by Lambda) on a function.

        Parameters
        ----------
        function
            The function.
        called
            The name of the function in the alarms.
        section
            The section of the runbook.
        """
        if self._is_watched(function, "Errors"):
            return
        self._add_alarm(
            function,
            "Throttles",
            function.metric_throttles(period=_ALARM_PERIOD),
            description=f"Lambda throttled the {called}. Its events wait. Raise the account's "
            "quota of concurrent executions or reserved_concurrent_executions.",
            section=section,
        )
        self._add_alarm(
            function,
            "Dropped",
            function.metric("DeadLetterErrors", statistic="Sum", period=_ALARM_PERIOD),
            description=f"Lambda could not send events to the dead-letter queue of the {called}. "
            "They are lost. Fix the policies of the queue and of its key, and find what ended "
            "meanwhile.",
            section=section,
        )
        self._add_alarm(
            function,
            "Errors",
            function.metric_errors(period=_ALARM_PERIOD),
            description=f"The {called} raised errors. Its events are retried, and then sent to a "
            "dead-letter queue. Read the reason in the log of the function.",
            section=section,
        )

    def add_alarm(
        self,
        subject: IConstruct,
        alarm_id: str,
        metric: cloudwatch.IMetric,
        *,
        description: str,
        section: str,
        threshold: float = 1,
        evaluation_periods: int = 1,
        comparison_operator: cloudwatch.ComparisonOperator = (
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        ),
        treat_missing_data: cloudwatch.TreatMissingData = (
            cloudwatch.TreatMissingData.NOT_BREACHING
        ),
    ) -> cloudwatch.Alarm:
        """Add an alarm that notifies the topic.

        Parameters
        ----------
        subject
            The construct that is watched. The alarm's id contains its path.
        alarm_id
            The alarm's id among those that users add on the subject.
        metric
            The metric.
        description
            The problem and the remedy, in full sentences.
        section
            The section of the runbook.
        threshold, evaluation_periods, comparison_operator
            The threshold of the alarm. Default: 1 or more in one period.
        treat_missing_data
            The treatment of missing data. Default: not breaching.
        """
        return self._add_alarm(
            subject,
            alarm_id,
            metric,
            description=description,
            section=section,
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            comparison_operator=comparison_operator,
            treat_missing_data=treat_missing_data,
            scope_id="|Added",
        )

    def _add_alarm(
        self,
        subject: IConstruct,
        alarm_id: str,
        metric: cloudwatch.IMetric,
        *,
        description: str,
        section: str,
        threshold: float = 1,
        evaluation_periods: int = 1,
        comparison_operator: cloudwatch.ComparisonOperator = (
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        ),
        treat_missing_data: cloudwatch.TreatMissingData = (
            cloudwatch.TreatMissingData.NOT_BREACHING
        ),
        scope_id: str = "",
    ) -> cloudwatch.Alarm:
        """Add an alarm of this package. See `add_alarm`."""
        alarm = cloudwatch.Alarm(
            child_scope(self, path_id(subject, Stack.of(self)) + scope_id),
            alarm_id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            comparison_operator=comparison_operator,
            treat_missing_data=treat_missing_data,
            alarm_description=require_short(
                f"description of the alarm {alarm_id}, with its runbook",
                f"{description} Runbook: {self._runbook_section(section)}",
                most=_MAX_ALARM_DESCRIPTION,
            ),
        )
        alarm.add_alarm_action(self._action)
        if self._ok_actions:
            alarm.add_ok_action(self._action)
        self._alarms.append(alarm)
        return alarm

    def _is_watched(self, subject: IConstruct, alarm_id: str) -> bool:
        alarms = self.node.try_find_child(path_id(subject, Stack.of(self)))
        return alarms is not None and alarms.node.try_find_child(alarm_id) is not None


def rule_metric(
    name: str,
    rule: events.IRule,
    event_bus: events.IEventBus | None = None,
    period: Duration | None = None,
) -> cloudwatch.Metric:
    """Return a metric that EventBridge publishes for a rule, as a sum.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    dimensions = {"RuleName": rule.rule_name}
    if event_bus is not None and event_bus.event_bus_name != "default":
        # The Ref of a rule on a custom bus is not its name. Its ARN ends in /bus/name.
        dimensions["RuleName"] = Fn.select(2, Fn.split("/", rule.rule_arn))
        dimensions["EventBusName"] = event_bus.event_bus_name
    return cloudwatch.Metric(
        namespace="AWS/Events",
        metric_name=name,
        dimensions_map=dimensions,
        statistic="Sum",
        period=period or _ALARM_PERIOD,
    )


def _validate_evaluation_periods(evaluation_periods: int, period: Duration) -> int:
    """Refuse more time than CloudWatch can evaluate.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    longest = 86_400 if period.to_seconds() < 3600 else 7 * 86_400
    most = int(longest / period.to_seconds())
    if FROM_ONE.require("evaluation_periods", evaluation_periods) > most:
        raise ValueError(
            f"evaluation_periods: expected at most {most:,} periods of "
            f"{period.to_human_string()}, which CloudWatch evaluates, got {evaluation_periods:,}"
        )
    return evaluation_periods

"""The alarms on human loops and on their delivery."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.runbook import RUNBOOK, runbook_section


class HumanLoopAlarms(Construct):
    """Alarms that tell a topic what is wrong and what to do.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    alerts
        The topic that every alarm notifies.
    failed_rule
        The rule that matches Failed loops.
    rules
        The rules whose undeliverable events are watched, by a name for the alarm's id.
    dead_letters
        The dead-letter queues to watch, by a name for the alarm's id.
    handler
        The function whose errors are watched. Default: none.
    event_bus
        The bus of the rules. Default: the account's default bus.
    failed_loops_threshold
        How many Failed loops in one period are one too many. Default: 1.
    failed_loops_period
        The period. Default: 5 minutes.
    failed_loops_evaluation_periods
        For how many periods in a row. Default: 1.
    runbook
        The path or URL of the runbook that alarms refer to. Default: docs/operations.md.
    low_agreement_threshold
        Alarm when the mean agreement of people with the model, 0 to 1, of one of
        `low_agreement_flow_definitions` falls below this for a day. Default: no such alarm.
    low_agreement_flow_definitions
        Names of the flow definitions to watch for low agreement.

    Raises
    ------
    ValueError
        If a threshold is out of range, or one for agreement comes without flow definitions' names.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alerts: sns.ITopic,
        failed_rule: events.IRule,
        rules: Mapping[str, events.IRule],
        dead_letters: Mapping[str, sqs.IQueue],
        handler: lambda_.IFunction | None = None,
        event_bus: events.IEventBus | None = None,
        failed_loops_threshold: int = 1,
        failed_loops_period: Duration | None = None,
        failed_loops_evaluation_periods: int = 1,
        runbook: str = RUNBOOK,
        low_agreement_threshold: float | None = None,
        low_agreement_flow_definitions: tuple[str, ...] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        if failed_loops_threshold < 1:
            raise ValueError(
                f"failed_loops_threshold: expected 1 or more, got {failed_loops_threshold}"
            )
        if failed_loops_evaluation_periods < 1:
            raise ValueError(
                "failed_loops_evaluation_periods: expected 1 or more, got "
                f"{failed_loops_evaluation_periods}"
            )
        self._runbook = runbook
        self._action = actions.SnsAction(alerts)
        self._failed_loops = self._alarm(
            "FailedLoops",
            rule_metric("TriggeredRules", failed_rule, event_bus, failed_loops_period),
            threshold=failed_loops_threshold,
            evaluation_periods=failed_loops_evaluation_periods,
            description="Human loops ended Failed: their reviews will not be made. Read the alert "
            "of each loop for its reason, and start the reviews again.",
            section="FailedLoops",
        )
        for name, queue in dead_letters.items():
            self._alarm(
                f"{name}Visible",
                queue.metric_approximate_number_of_messages_visible(
                    statistic="Maximum", period=Duration.minutes(5)
                ),
                description=f"Events lie in the dead-letter queue {name}: they were not processed. "
                "Read their reason, mend the cause, and redrive them.",
                section="DeadLetters",
            )
        for name, rule in rules.items():
            self._alarm(
                f"{name}SentToDeadLetters",
                rule_metric("InvocationsSentToDlq", rule, event_bus),
                description=f"Rule {name} could not deliver events to a target and sent them to "
                "dead letters. Mend the target's permissions or existence, and redrive them.",
                section="RuleDelivery",
            )
            self._alarm(
                f"{name}Lost",
                rule_metric("InvocationsFailedToBeSentToDlq", rule, event_bus),
                description=f"Rule {name} could deliver events neither to a target nor to dead "
                "letters: they are lost. Mend the policies of the queue and its key, and find the "
                "loops with ListHumanLoops.",
                section="RuleDelivery",
            )
        if handler is not None:
            self._alarm(
                "HandlerErrors",
                handler.metric_errors(period=Duration.minutes(5)),
                description="The handler raised errors: events are retried and then end in dead "
                "letters. Read the reason in the function's log.",
                section="HandlerErrors",
            )
        if low_agreement_threshold is not None:
            self._watch_agreement(low_agreement_threshold, low_agreement_flow_definitions)

    @property
    def failed_loops(self) -> cloudwatch.Alarm:
        """The alarm on Failed loops."""
        return self._failed_loops

    def _watch_agreement(self, threshold: float, flow_definitions: tuple[str, ...]) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(f"low_agreement_threshold: expected over 0 up to 1, got {threshold}")
        if not flow_definitions:
            raise ValueError(
                "low_agreement_threshold: expected flow_definitions with names known at synthesis, "
                "got none: agreement is measured by flow definition"
            )
        for name in flow_definitions:
            self._alarm(
                f"LowAgreement-{name}",
                loop_metric("Agreement", name, statistic="Average", period=Duration.days(1)),
                threshold=threshold,
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                description=f"People agree with the model of {name} less than expected. Compare "
                "the ledger's corrected fields, and check the model and its input.",
                section="LowAgreement",
            )

    def _alarm(
        self,
        alarm_id: str,
        metric: cloudwatch.Metric,
        *,
        description: str,
        section: str,
        threshold: float = 1,
        evaluation_periods: int = 1,
        comparison: cloudwatch.ComparisonOperator = (
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        ),
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            alarm_id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            comparison_operator=comparison,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{description} Runbook: {runbook_section(self._runbook, section)}",
        )
        alarm.add_alarm_action(self._action)
        return alarm


def rule_metric(
    name: str,
    rule: events.IRule,
    event_bus: events.IEventBus | None = None,
    period: Duration | None = None,
) -> cloudwatch.Metric:
    """Take a metric that EventBridge publishes for a rule, as a sum.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    dimensions = {"RuleName": rule.rule_name}
    if event_bus is not None and event_bus.event_bus_name != "default":
        # The reference to a rule on a bus of one's own is not its name; the ARN ends in /bus/name.
        dimensions["RuleName"] = Fn.select(2, Fn.split("/", rule.rule_arn))
        dimensions["EventBusName"] = event_bus.event_bus_name
    return cloudwatch.Metric(
        namespace="AWS/Events",
        metric_name=name,
        dimensions_map=dimensions,
        statistic="Sum",
        period=period or Duration.minutes(5),
    )


def loop_metric(
    name: str,
    flow_definition: str,
    *,
    statistic: str = "Sum",
    period: Duration | None = None,
) -> cloudwatch.Metric:
    """Take a metric that the review handler publishes, for one flow definition by name."""
    return cloudwatch.Metric(
        namespace="HumanLoops",
        metric_name=name,
        dimensions_map={"FlowDefinition": flow_definition},
        statistic=statistic,
        period=period or Duration.minutes(5),
    )

"""The reconciler: a function that finds ended human loops without an event."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import require_choices
from human_loop_events.aws.bounds import TimeBounds
from human_loop_events.aws.queues_and_topics import create_dead_letter_queue
from human_loop_events.events.alerts import Alerts
from human_loop_events.events.delivery import Delivery
from human_loop_events.events.flow_definitions import FlowDefinitions, flow_definitions_or_all
from human_loop_events.events.human_loop_hub import HumanLoopHub
from human_loop_events.reviews.ledger import Ledger
from human_loop_events.reviews.loop_context import LoopContext
from human_loop_events.reviews.runtime_function import Network, RuntimeFunction
from human_loop_reviews import contract
from human_loop_reviews.contract import HumanLoopStatus, Metric, ReconcilerSetting

_LOOK_BACK = Duration.days(14)

#: The bounds of parameters.
SCHEDULE: Final = TimeBounds(
    timedelta(seconds=contract.RECONCILER_TIMEOUT_SECONDS), timedelta(days=1), whole="minutes"
)
LOOK_BACK: Final = TimeBounds(timedelta(hours=1))
_MEMORY_SIZE = 512


class ReconcilerSettings(Network, total=False):
    """The parameters of a `Reconciler` that another construct creates."""

    schedule: Duration
    look_back: Duration
    max_open_age: Duration
    log_retention: logs.RetentionDays


#: Create a reconciler if there is a `ReviewHandler` and A2I can list the human loops here.
RECONCILER_BY_DEFAULT = ReconcilerSettings()


@checks_arguments
class Reconciler(RuntimeFunction):
    """A function that compares A2I's human loops with the ledger, and sends missing events again.

    A2I may omit events, and a handler may fail on an event. On a schedule, the function lists the
    human loops of the flow definitions. If an ended loop is missing in the ledger in two successive
    comparisons, its event is sent again on the event bus, once, so that every target receives it.
    The same is done for a loop that has another status in the ledger than in A2I, or an output
    that could not be read. The answer of the function has ``missingLoops``, ``differentLoops`` and
    ``unreadableLoops``. Loops that ended before the first comparison of their flow definition are
    ignored. With the payload ``{"resend": ["<humanLoopArn>"]}``, the function sends the events of
    any ended loops again.

    The source of these events is ``human-loop-events``, and their detail has ``"recovered": true``:
    A2I's API does not return the time when a loop ended.
    https://docs.aws.amazon.com/augmented-ai/2019-11-07/APIReference/API_ListHumanLoops.html

    The alarms are `OpenLoops`, `RecoveredLoops`, `UnknownFlowDefinitions`, and those of the
    function, the schedule and the dead-letter queue.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    ledger
        The ledger.
    delivery
        The delivery of the scheduled invocations.
    alerts
        The alerts with the alarms.
    flow_definitions
        The flow definitions of the human loops, in the stack's account and Region. Default: all.
    statuses
        The terminal statuses that are recorded in the ledger. Default: all three.
    event_bus
        The bus with the events of human loops. Default: the account's default bus.
    schedule
        The time between comparisons, 15 minutes to 1 day, in whole minutes. Default: one hour.
    look_back
        The maximum age of the loops that are compared, from 1 hour to the ledger's retention.
        Default: 14 days, or the ledger's retention if that is shorter. A2I ends a loop after ten
        days.
    max_open_age
        An alarm goes off when a loop is open for longer. At least the time of the schedule.
        Default: three days.
    encryption_key
        The customer managed key of the logs and the dead-letter queue. Default: that of the
        delivery.
    log_retention
        The retention period of the logs. Default: one year.
    vpc, vpc_subnets, security_groups
        The VPC of the function, with the meaning of the parameters of `aws_lambda.Function`. The
        VPC needs endpoints for the services that the function calls: see
        ``docs/deploying.md#functions-in-a-vpc``. Default: no VPC.

    Raises
    ------
    ValueError
        If a value is out of range, or a flow definition is in another account or Region.

    Examples
    --------
    >>> Reconciler(  # doctest: +SKIP
    ...     self, "Reconciler", ledger=handler.ledger, delivery=delivery, alerts=alerts
    ... )
    """

    dead_letter_queue: sqs.Queue
    """The queue for invocations that failed."""
    rule: events.Rule
    """The schedule."""
    schedule: Duration
    """The time between comparisons."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        ledger: Ledger,
        delivery: Delivery,
        alerts: Alerts,
        flow_definitions: FlowDefinitions | None = None,
        statuses: Sequence[HumanLoopStatus] = tuple(HumanLoopStatus),
        event_bus: events.IEventBus | None = None,
        schedule: Duration | None = None,
        look_back: Duration | None = None,
        max_open_age: Duration | None = None,
        encryption_key: kms.IKey | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    ) -> None:
        super().__init__(
            scope, construct_id, encryption_key=encryption_key or delivery.encryption_key
        )
        if isinstance(event_bus, HumanLoopHub):
            raise ValueError(
                f"reconciler: {event_bus.node.path} is a hub, and A2I lists the human loops of an "
                "account and Region only there; expected False, and a HumanLoopEvents beside the "
                "spoke in each account. Its reconciler sends lost events again, also to the hub"
            )
        self._flow_definitions = flow_definitions_or_all(flow_definitions)
        self._flow_definitions._refuse_those_of_other_environments(Stack.of(self))
        self.schedule = SCHEDULE.require(
            "schedule of the reconciler", schedule or Duration.hours(1)
        )
        self._ledger = ledger
        self._event_bus = event_bus
        # cdk-nag recognises the dead-letter queue of a function too.
        self.dead_letter_queue = create_dead_letter_queue(
            self, "DeadLetterQueue", self.encryption_key, of_a_queue=True
        )
        self._create_role(
            description="Compares human loops with the ledger",
            policy_description="What the reconciler may do",
            log_retention=log_retention,
        )
        bus = event_bus or events.EventBus.from_event_bus_name(self, "DefaultBus", "default")
        self._add_statements(bus)
        self._create_function(
            description="Finds ended human loops that are missing in the ledger",
            entry_point=contract.RECONCILER_ENTRY_POINT,
            dead_letter_queue=self.dead_letter_queue,
            # The next run repeats the work of a failed run.
            retry_attempts=0,
            memory_size=_MEMORY_SIZE,
            timeout=Duration.seconds(contract.RECONCILER_TIMEOUT_SECONDS),
            network=self._connect_network(vpc, vpc_subnets, security_groups),
            environment={
                ReconcilerSetting.LEDGER_TABLE.value: ledger._name_for(self),
                ReconcilerSetting.EVENT_BUS.value: bus.event_bus_arn,
                ReconcilerSetting.FLOW_DEFINITIONS.value: self._flow_definitions._to_environment(),
                ReconcilerSetting.STATUSES.value: json.dumps(
                    require_choices("statuses", statuses, HumanLoopStatus)
                ),
                ReconcilerSetting.LOOK_BACK_DAYS.value: _days(
                    _validate_look_back(look_back, ledger)
                ),
            },
        )
        self._acknowledge_function()
        self.rule = self._create_rule(delivery)
        self._add_alarms(alerts, _validate_max_open_age(max_open_age, self.schedule))

    def metric_recovered_loops(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the events that were sent again, as a sum over the period (the schedule)."""
        return self._metric(Metric.RECOVERED_LOOPS, "Sum", period)

    def metric_unknown_flow_definitions(
        self, *, period: Duration | None = None
    ) -> cloudwatch.Metric:
        """Return 1 if A2I does not know a flow definition, as a maximum (of the schedule)."""
        return self._metric(Metric.UNKNOWN_FLOW_DEFINITIONS, "Maximum", period)

    def metric_oldest_open_loop_age(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return the age of the oldest open loop in seconds, as a maximum (of the schedule)."""
        return self._metric(Metric.OLDEST_OPEN_LOOP_AGE, "Maximum", period)

    def _metric(self, name: str, statistic: str, period: Duration | None) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=contract.METRIC_NAMESPACE,
            metric_name=name,
            dimensions_map={contract.FUNCTION_METRIC_DIMENSION: self.function.function_name},
            statistic=statistic,
            period=period or self.schedule,
        )

    def _add_statements(self, bus: events.IEventBus) -> None:
        listing = ["sagemaker:ListHumanLoops"]
        if not self._flow_definitions.values:
            listing.append("sagemaker:ListFlowDefinitions")
        self._allow(listing, "*")
        self._allow_describe_loops()
        self._ledger._grant_reconcile(self.policy)
        self._allow_events(
            bus, contract.HUMAN_LOOP_DETAIL_TYPES[0], is_default_bus=self._event_bus is None
        )
        self._allow_send(self.dead_letter_queue)
        self._allow_logs_and_traces()
        self._acknowledge_any_resource(
            "X-Ray's two write actions, ListHumanLoops and ListFlowDefinitions take no resource: "
            "AWS defines them for '*' only."
        )

    def _create_rule(self, delivery: Delivery) -> events.Rule:
        rule = events.Rule(
            self,
            "Schedule",
            description="Compares human loops with the ledger",
            schedule=events.Schedule.rate(self.schedule),
        )
        rule.add_target(
            delivery._complete(
                targets.LambdaFunction(
                    self.function,
                    dead_letter_queue=self.dead_letter_queue,
                    max_event_age=self.schedule,
                    retry_attempts=2,
                )
            )
        )
        return rule

    def _add_alarms(self, alerts: Alerts, max_open_age: Duration) -> None:
        alerts.watch_rule(self.rule)
        alerts.watch_queue(self.dead_letter_queue)
        alerts._add_alarm(
            self.function,
            "Errors",
            self.function.metric_errors(period=Duration.minutes(5)),
            description="The reconciler raised errors, so lost events may stay lost. Read the "
            "reason in the log of the function. The next run repeats what was left out.",
            section="ReconcilerErrors",
        )
        alerts._add_alarm(
            self.function,
            "RecoveredLoops",
            self.metric_recovered_loops(),
            description="Human loops ended whose events did not reach the ledger. The reconciler "
            "sent the events again. Find out whether the handler fails or A2I omits events.",
            section="RecoveredLoops",
        )
        alerts._add_alarm(
            self.function,
            "UnknownFlowDefinitions",
            self.metric_unknown_flow_definitions(),
            description="A2I does not know a flow definition that the stack names, so lost events "
            "of its human loops stay lost. human-loops status names it. Correct its name in "
            "flow_definitions, or remove it.",
            section="UnknownFlowDefinitions",
        )
        alerts._add_alarm(
            self.function,
            "OpenLoops",
            self.metric_oldest_open_loop_age(),
            threshold=max_open_age.to_seconds(),
            description="A human loop has been open for longer than max_open_age, "
            f"{max_open_age.to_human_string()}. Check that the work team has members who answer.",
            section="OpenLoops",
        )

    def _acknowledge_function(self) -> None:
        self._acknowledge_shared_concurrency(
            "One invocation at a time, on a schedule. Reserved concurrency is taken from the "
            "account's quota, and the deployment fails where the quota is small.",
        )
        retries = self.function.node.find_child("EventInvokeConfig")
        assert isinstance(retries, Construct)  # noqa: S101 - retry_attempts creates it
        acknowledge(
            retries,
            "The function has a dead-letter queue instead, which an alarm watches. It receives the "
            "event itself, so that a failed command can be repeated.",
            "Serverless-LambdaAsyncFailureDestination",
        )


def supplied_or_new_reconciler(
    context: LoopContext, reconciler: Reconciler | ReconcilerSettings | Literal[False]
) -> Reconciler | None:
    """Return the supplied reconciler, or create one with the settings.

    Raises
    ------
    ValueError
        If the value is neither, or settings are supplied without a review handler.
    """
    if reconciler is False:
        return None
    if isinstance(reconciler, Reconciler):
        return reconciler
    handler = context.review_handler
    if reconciler is RECONCILER_BY_DEFAULT and (
        handler is None
        or isinstance(context.event_bus, HumanLoopHub)
        or context.flow_definitions._are_of_other_environments(Stack.of(context.scope))
    ):
        return None
    if handler is None:
        raise ValueError(
            "reconciler: it compares human loops with the ledger of a ReviewHandler, but "
            "handler is your own function; expected Reconciler(…, ledger=…) or False"
        )
    return Reconciler(
        context.scope,
        "Reconciler",
        ledger=handler.ledger,
        delivery=context.delivery,
        alerts=context.alerts,
        flow_definitions=context.flow_definitions,
        statuses=context.statuses,
        event_bus=context.event_bus,
        **reconciler,
    )


def _validate_look_back(look_back: Duration | None, ledger: Ledger) -> Duration:
    retention = ledger.retention
    if look_back is None:
        return min(_LOOK_BACK, retention, key=_seconds)
    return replace(
        LOOK_BACK,
        most=timedelta(seconds=retention.to_seconds()),
        because="the ledger deletes a loop after its retention",
    ).require("look_back", look_back)


def _validate_max_open_age(max_open_age: Duration | None, schedule: Duration) -> Duration:
    age = max_open_age or Duration.days(3)
    if age.to_seconds() < schedule.to_seconds():
        raise ValueError(
            f"max_open_age: expected at least the time of the schedule, "
            f"{schedule.to_human_string()}, got {age.to_human_string()}"
        )
    return age


def _days(duration: Duration) -> str:
    return f"{duration.to_days(integral=False):g}"


def _seconds(duration: Duration) -> float:
    return math.floor(duration.to_seconds())

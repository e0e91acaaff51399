"""Notifications, reviews and alerts for ended human loops of Amazon A2I, with defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeVar, Unpack

from aws_cdk import Annotations, Duration, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.archive.outcome_archive import (
    OutcomeArchive,
    OutcomeArchiveSettings,
    create_outcome_archive,
)
from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.bounds import ALARM_PERIOD, ShareBounds
from human_loop_events.events.alerts import Alerts, AlertsSettings
from human_loop_events.events.delivered_rule import DeliveredRule, RuleOptions
from human_loop_events.events.delivery import Delivery, DeliverySettings
from human_loop_events.events.event_archive import EventArchive
from human_loop_events.events.flow_definitions import FlowDefinitions, flow_definitions_or_all
from human_loop_events.events.human_loop_filter import HumanLoopFilter, failure_code_detail
from human_loop_events.events.human_loop_hub import HumanLoopHub
from human_loop_events.events.same_loops import HANDLES, warn_of_same_loops
from human_loop_events.events.shared_parts import supplied_or_new_alerts, supplied_or_new_delivery
from human_loop_events.events.status_events import QueueSettings, StatusEvents
from human_loop_events.human_loop_dashboard import HumanLoopDashboard
from human_loop_events.reviews.corrected_documents import CorrectedDocuments
from human_loop_events.reviews.handler_queue import HandlerDelivery, HandlerQueue
from human_loop_events.reviews.loop_context import LoopContext
from human_loop_events.reviews.loop_metrics import agreement_metric, loop_metric
from human_loop_events.reviews.output_bucket import OutputBucketSettings, create_output_bucket
from human_loop_events.reviews.output_location import OutputLocation
from human_loop_events.reviews.output_locations import OutputLocations
from human_loop_events.reviews.reconciler import (
    RECONCILER_BY_DEFAULT,
    Reconciler,
    ReconcilerSettings,
    supplied_or_new_reconciler,
)
from human_loop_events.reviews.review_handler import ReviewHandler, ReviewHandlerSettings
from human_loop_events.stack_outputs import StackOutputs
from human_loop_events.step_functions.callbacks import (
    HumanLoopCallbacks,
    HumanLoopCallbacksSettings,
    create_callbacks,
)
from human_loop_reviews.contract import HumanLoopStatus

_DIRECT = HandlerDelivery.direct()
_HANDLER_BACKLOG = Duration.hours(1)

#: The bounds of the share below which agreement is low.
LOW_AGREEMENT: Final = ShareBounds()
_Part = TypeVar("_Part")


@checks_arguments
class HumanLoopEvents(Construct):
    """Notifies people and systems when human loops end, and records the outcome of each review.

    The event of each ended loop goes to a topic, a queue and the review handler. For Failed loops,
    alerts are sent and the alarm `FailedLoops` goes off. To create fewer parts, compose
    `StatusEvents`, `Delivery`, `Alerts` and `ReviewHandler` instead.

    Each part can be configured or supplied. Settings, such as
    ``handler=ReviewHandlerSettings(memory_size=2048)``, configure a part that this construct
    creates, and never change its logical ids. A supplied part, such as
    ``handler=ReviewHandler(…)``, has other ids: if you replace settings with a supplied handler,
    CloudFormation creates a new, empty ledger and keeps the old one in the account.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    flow_definitions
        The flow definitions of the human loops. Default: all of the account and Region.
    statuses
        The terminal statuses that the topic, the queue and the handler receive. Alerts are sent for
        Failed loops in any case. Default: all three.
    event_bus
        The bus with the events, or a `HumanLoopHub` for the events of other accounts. Default: the
        account's default bus, to which A2I sends them.
    output
        The output location of the flow definitions, up to nine with the flow definitions of each,
        or settings of a new bucket. None with a hub: its spokes have the output. Default: a new
        bucket, private, encrypted and versioned, with access logs, without expiration of outputs.
        Existing flow definitions do not write to the new bucket.
    corrected_documents
        Where the review handler writes the corrected document of each loop that a reviewer
        answered. It contains the document's values. Default: none are written.
    topic
        The topic for systems: the event as JSON. Default: a new topic, encrypted.
    queue
        The queue for consumers: the event as JSON, or `QueueSettings` of a new one. Default: a new
        queue, encrypted, with a dead-letter queue.
    handler
        A supplied function or `ReviewHandler`, or settings of a new one. Default: a new
        `ReviewHandler`.
    handler_delivery
        The delivery of events to the handler. Default: the rule invokes the handler.
    alerts
        Supplied `Alerts` of the same stack, or settings of new ones. Default: new alerts.
    delivery
        A supplied `Delivery` of the same stack, or settings of a new one: key, dead-letter queue,
        retries. Default: a new delivery.
    reconciler
        A supplied `Reconciler`, settings of a new one, or False for no reconciler. It sends the
        events of loops again that are missing in the ledger. Default: a new reconciler if there is
        a `ReviewHandler` and the flow definitions are in the stack's account and Region. None with
        a hub: A2I does not list the human loops of other accounts there.
    outcome_archive
        Settings of an `OutcomeArchive` of all outcomes, or None for no archive. With a hub, it has
        the outcomes of all spokes. Default: none.

    Raises
    ------
    ValueError
        If a value is out of range or contradicts another one. The message names it.

    Examples
    --------
    >>> loops = HumanLoopEvents(  # doctest: +SKIP
    ...     self, "HumanLoops", flow_definitions=FlowDefinitions.from_names("invoices"),
    ...     output=OutputLocation(bucket, prefix="reviews/"),
    ... )
    >>> loops.alerts.topic.add_subscription(EmailSubscription("a@example.com"))  # doctest: +SKIP
    """

    delivery: Delivery
    """The delivery of the events: key, dead-letter queue, retries."""
    alerts: Alerts
    """The alerts on failures, and the alarms."""
    status_events: StatusEvents
    """The rules on ended loops and their targets."""
    handler: lambda_.IFunction
    """The function that handles each ended loop."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        flow_definitions: FlowDefinitions | None = None,
        statuses: Sequence[HumanLoopStatus] = tuple(HumanLoopStatus),
        event_bus: events.IEventBus | None = None,
        output: OutputLocation | Sequence[OutputLocation] | OutputBucketSettings | None = None,
        corrected_documents: CorrectedDocuments | None = None,
        topic: sns.ITopic | None = None,
        queue: sqs.IQueue | QueueSettings | None = None,
        handler: lambda_.IFunction | ReviewHandler | ReviewHandlerSettings | None = None,
        handler_delivery: HandlerDelivery = _DIRECT,
        alerts: Alerts | AlertsSettings | None = None,
        delivery: Delivery | DeliverySettings | None = None,
        reconciler: Reconciler | ReconcilerSettings | Literal[False] = RECONCILER_BY_DEFAULT,
        outcome_archive: OutcomeArchiveSettings | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._outputs = StackOutputs(self)
        self._flow_definitions = flow_definitions_or_all(flow_definitions)
        self._statuses = tuple(statuses)
        self._hub = event_bus if isinstance(event_bus, HumanLoopHub) else None
        self.delivery = supplied_or_new_delivery(self, delivery)
        self.alerts = supplied_or_new_alerts(self, alerts, self.delivery.encryption_key)
        loops = HumanLoopFilter(flow_definitions=self._flow_definitions, statuses=statuses)
        self.status_events = StatusEvents(
            self,
            "Events",
            filter=loops,
            delivery=self.delivery,
            alerts=self.alerts,
            event_bus=event_bus,
        )
        warn_of_same_loops(self, HANDLES, loops, event_bus)
        self.status_events.add_topic(topic)
        if isinstance(queue, dict):
            self.status_events.add_queue(**queue)
        else:
            self.status_events.add_queue(queue)
        self.status_events.alert_on_failure()
        self._output_bucket = output if isinstance(output, dict) else None
        self._output_locations: OutputLocations | None = None
        if output is not None and not isinstance(output, dict):
            self._output_locations = OutputLocations.of(output, self._flow_definitions)
        self._callbacks: list[HumanLoopCallbacks] = []
        self._dashboard: HumanLoopDashboard | None = None
        self._handler_queue: HandlerQueue | None = None
        self._review_handler: ReviewHandler | None = None
        if handler is None or isinstance(handler, dict):
            handler = self._create_review_handler(handler or {}, corrected_documents)
        elif corrected_documents is not None:
            raise ValueError(
                "corrected_documents: the review handler that is created would write them, but "
                "handler is supplied; expected ReviewHandler(…, corrected_documents=…)"
            )
        elif self._output_bucket is not None:
            raise ValueError(
                "output: OutputBucketSettings(…) configure the bucket that is created with the "
                "review handler, but handler is supplied; expected OutputLocation(…)"
            )
        if isinstance(handler, ReviewHandler):
            _refuse_handler_of_another_hub(handler, self._hub)
            self._review_handler = handler
            self.handler: lambda_.IFunction = handler.function
        else:
            self.handler = handler
        self._connect_handler(handler_delivery)
        self._context = LoopContext(
            scope=self,
            flow_definitions=self._flow_definitions,
            statuses=self._statuses,
            event_bus=event_bus,
            delivery=self.delivery,
            alerts=self.alerts,
            review_handler=self._review_handler,
        )
        self._reconciler = supplied_or_new_reconciler(self._context, reconciler)
        self._outcome_archive = create_outcome_archive(self._context, outcome_archive)
        self._offer_outputs()
        for function in (self._review_handler, self._reconciler):
            if function is not None:
                self.delivery.grant_earlier_keys(function.policy)

    @property
    def topic(self) -> sns.ITopic:
        """The topic for systems."""
        return self.status_events.topic

    @property
    def queue(self) -> sqs.IQueue:
        """The queue for consumers."""
        return self.status_events.queue

    @property
    def review_handler(self) -> ReviewHandler:
        """The review handler, with its ledger and logs.

        Raises
        ------
        ValueError
            If the handler is a supplied function. All properties of absent parts raise it.
        """
        return _require_part(self._review_handler, "review_handler", "handler is your own function")

    @property
    def handler_queue(self) -> HandlerQueue:
        """The queue before the handler, with buffered delivery."""
        return _require_part(self._handler_queue, "handler_queue", "handler_delivery is direct")

    @property
    def reconciler(self) -> Reconciler:
        """The reconciler."""
        return _require_part(
            self._reconciler, "reconciler", "it is off, or handler is your own function"
        )

    @property
    def outcome_archive(self) -> OutcomeArchive:
        """The archive of outcomes."""
        return _require_part(self._outcome_archive, "outcome_archive", "it is off")

    @property
    def output(self) -> OutputLocation:
        """The output location of the flow definitions, if there is one. See `output_locations`."""
        return self._require_output_locations().only

    @property
    def output_locations(self) -> tuple[OutputLocation, ...]:
        """The output locations of the flow definitions."""
        return self._require_output_locations().locations

    def _require_output_locations(self) -> OutputLocations:
        why = "the spokes have it" if self._hub else "none was given and handler is your own"
        return _require_part(self._output_locations, "output", why)

    def on_event(
        self,
        rule_id: str,
        *,
        statuses: Sequence[HumanLoopStatus] | None = None,
        failure_codes: Sequence[str] | None = None,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        """Add a rule on ended loops of these flow definitions.

        Its targets get retries, the dead-letter queue and alarms. A target that has its own retry
        policy or dead-letter queue keeps it.

        Parameters
        ----------
        rule_id
            The id of the rule. It cannot collide with an id of this construct.
        statuses
            The terminal statuses. Default: those of this construct.
        failure_codes
            Only loops with one of these failure codes, such as ``["InternalError"]``. Default: any.
        options
            ``target``, ``description`` and ``rule_name``. See `RuleOptions`.

        Raises
        ------
        ValueError
            If a list is empty or a text, or a value in it cannot occur.
        """
        return self.status_events.on_event(
            rule_id, statuses=statuses, detail=failure_code_detail(failure_codes), **options
        )

    def on_completed(self, rule_id: str, **options: Unpack[RuleOptions]) -> DeliveredRule:
        """Add a rule on Completed loops. See `on_event`."""
        return self.status_events.on_completed(rule_id, **options)

    def on_failed(
        self,
        rule_id: str,
        *,
        failure_codes: Sequence[str] | None = None,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        """Add a rule on Failed loops, of any or some failure codes. See `on_event`."""
        return self.status_events.on_failed(
            rule_id, detail=failure_code_detail(failure_codes), **options
        )

    def on_stopped(self, rule_id: str, **options: Unpack[RuleOptions]) -> DeliveredRule:
        """Add a rule on Stopped loops. See `on_event`."""
        return self.status_events.on_stopped(rule_id, **options)

    def on_outcome(self, rule_id: str, **options: Unpack[RuleOptions]) -> DeliveredRule:
        """Add a rule on the outcomes of the review handler. See `ReviewHandler.on_outcome`."""
        return self.review_handler.on_outcome(
            rule_id, delivery=self.delivery, alerts=self.alerts, **options
        )

    def add_callbacks(
        self, construct_id: str = "Callbacks", **settings: Unpack[HumanLoopCallbacksSettings]
    ) -> HumanLoopCallbacks:
        """Add what `HumanLoopTask` needs to let executions of Step Functions wait for loops.

        See ``docs/step-functions.md``.

        Parameters
        ----------
        construct_id
            The id within this construct.
        settings
            ``log_retention``, ``vpc``, ``vpc_subnets`` and ``security_groups``. See
            `HumanLoopCallbacks`.

        Raises
        ------
        ValueError
            If the handler is your own function or belongs to a hub, or if it does not receive the
            loops of all statuses: an execution would wait for the other loops until its timeout.
        """
        callbacks = create_callbacks(self._context, construct_id, self.review_handler, settings)
        self._callbacks.append(callbacks)
        self.delivery.grant_earlier_keys(callbacks.policy)
        name = "".join(filter(str.isalnum, construct_id))
        self._outputs.add(
            **{
                f"{name}Name": callbacks.function.function_name,
                f"{name}Arn": callbacks.function.function_arn,
                f"{name}DeadLetterQueueUrl": callbacks.dead_letter_queue.queue_url,
            }
        )
        if self._dashboard is not None:
            self._dashboard.add_callbacks(callbacks)
        return callbacks

    def add_dashboard(self, construct_id: str = "Dashboard") -> HumanLoopDashboard:
        """Add a CloudWatch dashboard for operators. It includes callbacks that are added later.

        Parameters
        ----------
        construct_id
            The id within this construct.

        Raises
        ------
        ValueError
            If there is a dashboard already.
        """
        if self._dashboard is not None:
            raise ValueError(f"{self.node.path}: add_dashboard() was called twice")
        self._dashboard = HumanLoopDashboard(
            self,
            construct_id,
            status_events=self.status_events,
            handler=self.handler,
            alerts=self.alerts,
            # In a hub metrics have qualified names, which CloudWatch searches.
            flow_definitions=None if self._hub else self._flow_definitions,
            statuses=self._statuses,
            reviews=self._review_handler is not None,
            handler_queue=self._handler_queue,
            reconciler=self._reconciler,
        )
        for callbacks in self._callbacks:
            self._dashboard.add_callbacks(callbacks)
        self._outputs.add(
            DashboardName=self._dashboard.dashboard.dashboard_name, DashboardUrl=self._dashboard.url
        )
        return self._dashboard

    def add_archive(self, *, retention: Duration) -> EventArchive:
        """Archive the events, so that they can be replayed. See `StatusEvents.add_archive`.

        How to replay them: ``docs/operations.md#replay``.
        """
        return self.status_events.add_archive(retention=retention)

    def add_outputs(self, *, prefix: str = "") -> None:
        """Add outputs to the stack, through which ``human-loops`` finds the parts.

        Call it for the commands ``status``, ``dead-letters``, ``resend``, ``outcomes`` and
        ``verify``. Callbacks, a dashboard and an archive that are added later have outputs too.

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

        Examples
        --------
        >>> claims.add_outputs(prefix="Claims")  # doctest: +SKIP
        """
        self.status_events.add_outputs(prefix=prefix)
        self._outputs.create(prefix)

    def alert_on_silence(self, *, days: int) -> cloudwatch.Alarm:
        """Add the alarm ``Silence``, which goes off when no loop ends for 1 to 7 days."""
        return self.status_events.alert_on_silence(days=days)

    def alert_on_low_agreement(
        self, threshold: float, *, period: Duration | None = None
    ) -> list[cloudwatch.Alarm]:
        """Add an alarm ``LowAgreement-<name>`` for each flow definition.

        Parameters
        ----------
        threshold
            The minimum share of correct fields among the judged fields of a period, over 0 up to 1.
            The alarm goes off when the share is lower.
        period
            The period, in whole minutes, 1 minute to 1 day. Default: one day.

        Raises
        ------
        ValueError
            If the threshold is out of range, names of flow definitions are not known at synthesis,
            or the handler is a supplied function.
        """
        handler = self.review_handler.function
        LOW_AGREEMENT.require("threshold", threshold)
        if period is not None:
            ALARM_PERIOD.require("period", period)
        flow_definitions = self._flow_definitions
        names = flow_definitions._qualified_names if self._hub else flow_definitions.names
        if not names:
            raise ValueError(
                "alert_on_low_agreement: agreement is measured by flow definition, in a hub by "
                "account, Region and name; expected flow_definitions with "
                + ("ARNs" if self._hub else "names")
                + " known at synthesis, got none"
            )
        return [
            self.alerts._add_alarm(
                handler,
                f"LowAgreement-{name.replace('/', '-')}",
                self.metric_agreement(name, period=period),
                threshold=threshold,
                comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                description=f"Reviewers agree with the model of {name} less than expected. Compare "
                "the corrected fields in the ledger, and check the model and its input.",
                section="LowAgreement",
            )
            for name in names
        ]

    def grant_read_output(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading the output of these flow definitions, but no other objects."""
        self.delivery.grant_earlier_keys(grantee)
        return self._require_output_locations().grant_read(grantee)

    def grant_write_output(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a flow definition's execution role to write its output."""
        return self._require_output_locations().grant_write(grantee)

    def grant_consume(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading and deleting the messages of the queue."""
        self.delivery.grant_earlier_keys(grantee)
        return self.queue.grant_consume_messages(grantee)

    def metric_ended_loops(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the ended loops that EventBridge matched, as a sum over the period (5 minutes)."""
        return self.status_events.metric_events(period=period)

    def metric_failed_loops(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the Failed loops that EventBridge matched, as a sum over the period (5 minutes)."""
        return self.status_events.metric_failures(period=period)

    def metric_loops(
        self,
        metric_name: str,
        flow_definition: str,
        *,
        statistic: str = "Sum",
        period: Duration | None = None,
    ) -> cloudwatch.Metric:
        """Return a metric of the review handler for one flow definition.

        Parameters
        ----------
        metric_name
            The metric, such as ``"Completed"``, ``"TurnaroundSeconds"`` or ``"Agreement"``. See
            ``docs/reference.md#metrics``.
        flow_definition
            The flow definition's name. In a hub, account, Region and name, as in
            ``"111122223333/eu-west-1/invoices"``.
        statistic
            The statistic. Default: the sum.
        period
            The period. Default: 5 minutes.

        Raises
        ------
        ValueError
            If `flow_definition` is unqualified in a hub, or qualified elsewhere: there is no such
            metric.
        """
        self._refuse_other_dimension(flow_definition)
        return loop_metric(
            self.handler,
            metric_name,
            flow_definition,
            statistic=statistic,
            period=period or Duration.minutes(5),
        )

    def metric_agreement(
        self, flow_definition: str, *, period: Duration | None = None
    ) -> cloudwatch.IMetric:
        """Divide the correct fields of a flow definition by the judged fields.

        The mean of the loops' agreement differs: it weights a loop with one field like a loop with
        a hundred fields.

        Parameters
        ----------
        flow_definition
            The flow definition's name. For a hub, see `metric_loops`.
        period
            The period. Default: one day.
        """
        self._refuse_other_dimension(flow_definition)
        return agreement_metric(self.handler, flow_definition, period=period or Duration.days(1))

    def _offer_outputs(self) -> None:
        self._outputs.add(HandlerName=self.handler.function_name)
        if self._review_handler is not None:
            self._outputs.add(LedgerTableName=self._review_handler.ledger.table.table_name)
        if self._hub is not None:
            self._outputs.add(HubEventBusArn=self._hub.event_bus_arn)
        if self._output_locations is not None:
            self._outputs.add(**self._output_locations.stack_outputs())
        if self._reconciler is not None:
            self._outputs.add(ReconcilerName=self._reconciler.function.function_name)
        if self._handler_queue is not None:
            dead_letter_queue = self._handler_queue.dead_letter_queue
            self._outputs.add(
                HandlerQueueUrl=self._handler_queue.queue.queue_url,
                HandlerQueueDeadLetterQueueUrl=dead_letter_queue.queue_url,
            )
        if self._outcome_archive is not None:
            self._outputs.add(
                OutcomeArchiveLocation=self._outcome_archive.location,
                OutcomeArchiveWorkGroupName=self._outcome_archive.work_group_name,
            )

    def _refuse_other_dimension(self, flow_definition: str) -> None:
        """Refuse a name in a hub, and a qualified name elsewhere: there is no such metric."""
        if Token.is_unresolved(flow_definition):
            return
        if flow_definition.count("/") != (2 if self._hub else 0):
            expected = "'111122223333/eu-west-1/invoices'" if self._hub else "a name"
            raise ValueError(f"flow_definition: expected {expected}, got {flow_definition!r}")

    def _create_review_handler(
        self, settings: ReviewHandlerSettings, corrected_documents: CorrectedDocuments | None
    ) -> ReviewHandler:
        if self._hub is None and self._output_locations is None:
            bucket = create_output_bucket(
                self, self.delivery.encryption_key, self._output_bucket or {}
            )
            self._output_locations = OutputLocations.of(
                OutputLocation(bucket), self._flow_definitions
            )
            if self._output_bucket is None:
                Annotations.of(self).add_warning_v2(
                    "human-loop-events:new-output-bucket",
                    "no output was given, so a new bucket was created. Existing flow definitions "
                    "write to another location, which the handler cannot read. Set output to the "
                    "S3OutputPath of your flow definitions, or to OutputBucketSettings() if new "
                    "flow definitions will write to the new bucket",
                )
        return ReviewHandler(
            self,
            "ReviewHandler",
            output=None if self._output_locations is None else self.output_locations,
            hub=self._hub,
            corrected_documents=corrected_documents,
            flow_definitions=self._flow_definitions,
            dead_letter_queue=self.delivery.dead_letter_queue,
            encryption_key=self.delivery.encryption_key,
            **settings,
        )

    def _connect_handler(self, handler_delivery: HandlerDelivery) -> None:
        if self._review_handler is not None:
            self._review_handler.alert_on_unconfirmed_events(self.alerts)
        if not handler_delivery.is_buffered:
            self.status_events.add_function(self.handler)
            return
        key = self.delivery.encryption_key
        if self._review_handler is None:
            self._handler_queue = HandlerQueue(
                self,
                "HandlerQueue",
                function=self.handler,
                handler_delivery=handler_delivery,
                encryption_key=key,
            )
        else:
            self._handler_queue = self._review_handler.read_from_queue(
                self, "HandlerQueue", handler_delivery=handler_delivery, encryption_key=key
            )
        self.status_events.add_target(self.delivery.queue_target(self._handler_queue.queue))
        self.alerts.watch_queue(self._handler_queue.dead_letter_queue)
        self.alerts.watch_backlog(
            self._handler_queue.queue,
            max_age=_HANDLER_BACKLOG,
            consequence="Their loops are not settled. Check that the event source mapping is "
            "enabled, and read the log of the handler.",
        )
        self.alerts.watch_function(self.handler)


def _refuse_handler_of_another_hub(handler: ReviewHandler, hub: HumanLoopHub | None) -> None:
    if handler.hub is not hub:
        expected = "the hub as event_bus, or a ReviewHandler without hub"
        if hub is not None:
            expected = "ReviewHandler(…, hub=…) with the hub that is event_bus"
        raise ValueError(
            f"handler: {handler.node.path} is of another hub or none; expected {expected}"
        )


def _require_part(part: _Part | None, name: str, why: str) -> _Part:
    if part is None:
        raise ValueError(f"{name}: this HumanLoopEvents has none: {why}")
    return part

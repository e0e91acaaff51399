"""Everything that happens when a human loop of Amazon A2I ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from aws_cdk import Annotations, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.acknowledgements import acknowledge
from human_loop_events.alarms import HumanLoopAlarms, loop_metric, rule_metric
from human_loop_events.alerts import REASON_GIVEN, AlertFormat, failure_message, reason_message
from human_loop_events.delivery import HandlerDelivery, RuleDelivery, create_delivery_role
from human_loop_events.encryption import admit_senders, create_key
from human_loop_events.events import FlowDefinitions, HumanLoopStatus, human_loop_pattern
from human_loop_events.mappings import FieldMapping
from human_loop_events.output_bucket import OutputLocation, create_output_bucket
from human_loop_events.resource_policies import CLOUDWATCH, admit
from human_loop_events.review_handler import ReviewHandler
from human_loop_events.runbook import RUNBOOK

_RETENTION = Duration.days(14)
_LAMBDA_DEFAULT_TIMEOUT = Duration.seconds(3)
_MAX_RECEIVES = 5

_Part = TypeVar("_Part")


class HumanLoopEvents(Construct):
    """Delivers the end of human loops to programs and people, and loses none.

    Rule `StatusChange` sends the event of each ended loop to a topic, a queue and the review
    handler. Rule `Failed` tells the alerts topic, and its metric drives the alarm `FailedLoops`.
    Everything created can be supplied instead, and what is optional can be switched off.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    flow_definitions
        Whose human loops. Default: all of the account and Region.
    statuses
        Which ends the topic, the queue and the handler hear of. Default: all three. Alerts are
        about Failed loops whatever this says.
    event_bus
        The bus with the events. Default: the account's default bus, where A2I sends them.
    topic, topic_enabled
        The topic for programs: the event as JSON. Default: a new one, encrypted.
    authorize_topics_using_role
        Whether rules publish with a role bound to this account's rules. Without it the topics'
        policies admit all of EventBridge, for SNS knows no condition for rules. Default: yes.
    queue, queue_enabled
        The queue for consumers: the event as JSON. Default: a new one, encrypted, keeping messages
        for 14 days, with its own dead letters.
    handler, handler_enabled
        Your own function, or a `ReviewHandler` of yours. Default: a new `ReviewHandler`.
    handler_delivery
        How events reach the handler. Default: the rule invokes it.
    handler_max_concurrency
        With `HandlerDelivery.BUFFERED`: how many instances read the queue at once, 2 to 1,000.
        Default: 10.
    handler_timeout
        With `HandlerDelivery.BUFFERED` and your own function: its timeout, if CDK does not know
        it. The buffer's visibility timeout is six times that. Default: the function's.
    mappings, include_values, outcome_bus
        Passed on to the new `ReviewHandler`.
    output_bucket, output_prefix, output_encryption_key
        Where A2I writes the output of the flow definitions: their ``S3OutputPath`` and its key.
        Default: a new bucket, private and encrypted, if the handler is a new one.
    alerts, alerts_enabled
        The topic for people: failed loops and alarms. Default: a new one, encrypted. Without it
        there are no alarms either.
    alert_format
        How an alert on a failed loop is written. Default: text.
    runbook
        The path or URL of the runbook that alerts and alarms refer to; sections are appended, as
        in ``#failedloops``. Default: docs/operations.md, the one of this project.
    failed_loops_threshold, failed_loops_period, failed_loops_evaluation_periods
        When the alarm `FailedLoops` goes off. Default: one Failed loop in five minutes.
    low_agreement_threshold
        Alarm when people's agreement with a named flow definition's model falls below this share,
        0 to 1, for a day. Default: no such alarm.
    dead_letters
        The queue for what a rule or the function could not get delivered. Default: a new one,
        encrypted, keeping messages for 14 days.
    encryption_key
        The customer managed key of all that is created. Default: a new one, with rotation.
    max_event_age, retry_attempts
        For how long, and how often, a rule tries a target again. Default: 24 hours, 185 times.

    Raises
    ------
    ValueError
        If a value is out of range or contradicts another. The message names it.

    Examples
    --------
    >>> loops = HumanLoopEvents(  # doctest: +SKIP
    ...     self, "HumanLoops", flow_definitions=FlowDefinitions.named("invoices"),
    ...     output_bucket=bucket, output_prefix="reviews/",
    ... )
    >>> loops.alerts.add_subscription(EmailSubscription("a@example.com"))  # doctest: +SKIP
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        flow_definitions: FlowDefinitions | None = None,
        statuses: Sequence[HumanLoopStatus] = tuple(HumanLoopStatus),
        event_bus: events.IEventBus | None = None,
        topic: sns.ITopic | None = None,
        topic_enabled: bool = True,
        authorize_topics_using_role: bool = True,
        queue: sqs.IQueue | None = None,
        queue_enabled: bool = True,
        handler: ReviewHandler | lambda_.IFunction | None = None,
        handler_enabled: bool = True,
        handler_delivery: HandlerDelivery = HandlerDelivery.DIRECT,
        handler_max_concurrency: int = 10,
        handler_timeout: Duration | None = None,
        mappings: Mapping[str, Sequence[FieldMapping]] | None = None,
        include_values: bool = False,
        outcome_bus: events.IEventBus | None = None,
        output_bucket: s3.IBucket | None = None,
        output_prefix: str = "",
        output_encryption_key: kms.IKey | None = None,
        alerts: sns.ITopic | None = None,
        alerts_enabled: bool = True,
        alert_format: AlertFormat = AlertFormat.TEXT,
        runbook: str = RUNBOOK,
        failed_loops_threshold: int = 1,
        failed_loops_period: Duration | None = None,
        failed_loops_evaluation_periods: int = 1,
        low_agreement_threshold: float | None = None,
        dead_letters: sqs.IQueue | None = None,
        encryption_key: kms.IKey | None = None,
        max_event_age: Duration | None = None,
        retry_attempts: int = 185,
    ) -> None:
        super().__init__(scope, construct_id)
        for name, supplied, enabled in (
            ("topic", topic, topic_enabled),
            ("queue", queue, queue_enabled),
            ("handler", handler, handler_enabled),
            ("alerts", alerts, alerts_enabled),
        ):
            if supplied is not None and not enabled:
                raise ValueError(f"{name}: supplied, but {name}_enabled is False; expected one")
        if (handler or not handler_enabled) and (mappings or include_values or outcome_bus):
            raise ValueError(
                "mappings, include_values and outcome_bus configure the ReviewHandler that is "
                "created here, but handler is supplied or switched off; give them to your own "
                "ReviewHandler"
            )
        if low_agreement_threshold is not None and not alerts_enabled:
            raise ValueError("low_agreement_threshold: an alarm needs alerts_enabled=True")
        self._flow_definitions = flow_definitions or FlowDefinitions.any()
        self._event_bus = event_bus
        self._key = encryption_key or create_key(self)
        self._dead_letters = dead_letters or self._create_dead_letters("DeadLetters")
        self._watched_dead_letters: dict[str, sqs.IQueue] = {"DeadLetters": self._dead_letters}
        self._delivery = RuleDelivery(
            self,
            dead_letters=self._dead_letters,
            max_event_age=max_event_age or Duration.hours(24),
            retry_attempts=retry_attempts,
        )

        self._output: OutputLocation | None = None
        if output_bucket is None and handler_enabled and handler is None:
            output_bucket = create_output_bucket(self, self._key)
        if output_bucket is not None:
            self._output = OutputLocation(
                output_bucket, output_prefix, self._flow_definitions, output_encryption_key
            )

        self._topic = topic or (self._create_topic("Topic") if topic_enabled else None)
        self._alerts = alerts or (self._create_topic("Alerts") if alerts_enabled else None)
        self._queue = queue or (self._create_queue("Queue") if queue_enabled else None)
        self._review_handler = handler if isinstance(handler, ReviewHandler) else None
        if handler is None and handler_enabled:
            self._review_handler = ReviewHandler(
                self,
                "ReviewHandler",
                output_bucket=self.output_bucket,
                output_prefix=output_prefix,
                output_encryption_key=output_encryption_key,
                flow_definitions=self._flow_definitions,
                dead_letters=self._dead_letters,
                encryption_key=self._key,
                mappings=mappings,
                include_values=include_values,
                outcome_bus=outcome_bus,
            )
        self._handler: lambda_.IFunction | None
        if self._review_handler is not None:
            self._handler = self._review_handler.function
        else:
            assert not isinstance(handler, ReviewHandler)  # noqa: S101 - for the type checker
            self._handler = handler

        if low_agreement_threshold is not None and self._review_handler is None:
            raise ValueError(
                "low_agreement_threshold: agreement is measured by ReviewHandler, but handler is "
                "your own function or switched off"
            )

        topics = [each for each in (self._topic, self._alerts) if each is not None]
        self._delivery_role = (
            create_delivery_role(self, topics) if topics and authorize_topics_using_role else None
        )
        self._handler_queue: sqs.Queue | None = None
        self._status_change_rule = self._create_status_change_rule(
            statuses,
            HandlerDelivery(handler_delivery),
            handler_max_concurrency,
            handler_timeout,
        )
        self._watched_rules = {"StatusChange": self._status_change_rule}
        self._failed_rule: events.Rule | None = None
        self._alarms: HumanLoopAlarms | None = None
        if self._alerts is not None:
            self._failed_rule = self._create_failed_rule(
                self._alerts, AlertFormat(alert_format), runbook
            )
            self._admit_alarms(self._alerts)
            self._alarms = HumanLoopAlarms(
                self,
                "Alarms",
                alerts=self._alerts,
                failed_rule=self._failed_rule,
                rules=self._watched_rules,
                dead_letters=self._watched_dead_letters,
                handler=self._handler,
                event_bus=event_bus,
                failed_loops_threshold=failed_loops_threshold,
                failed_loops_period=failed_loops_period,
                failed_loops_evaluation_periods=failed_loops_evaluation_periods,
                runbook=runbook,
                low_agreement_threshold=low_agreement_threshold,
                low_agreement_flow_definitions=self._flow_definitions.names,
            )

    # What there is

    @property
    def encryption_key(self) -> kms.IKey:
        """The key of all that was created here."""
        return self._key

    @property
    def dead_letters(self) -> sqs.IQueue:
        """The queue for what a rule or the function could not get delivered."""
        return self._dead_letters

    @property
    def topic(self) -> sns.ITopic:
        """The topic for programs.

        Raises
        ------
        ValueError
            If it is switched off. So do all properties of parts that can be.
        """
        return _required(self._topic, "topic")

    @property
    def queue(self) -> sqs.IQueue:
        """The queue for consumers."""
        return _required(self._queue, "queue")

    @property
    def queue_dead_letters(self) -> sqs.IQueue:
        """The dead letters of the queue that was created here."""
        return _required(self._watched_dead_letters.get("QueueDeadLetters"), "queue")

    @property
    def handler(self) -> lambda_.IFunction:
        """The function that handles each ended loop."""
        return _required(self._handler, "handler")

    @property
    def review_handler(self) -> ReviewHandler:
        """The included handler, with its ledger and logs."""
        return _required(self._review_handler, "handler")

    @property
    def handler_queue(self) -> sqs.IQueue:
        """The buffer before the handler, with `HandlerDelivery.BUFFERED`."""
        return _required(self._handler_queue, "handler_delivery")

    @property
    def handler_queue_dead_letters(self) -> sqs.IQueue:
        """The dead letters of the buffer before the handler."""
        return _required(
            self._watched_dead_letters.get("HandlerQueueDeadLetters"), "handler_delivery"
        )

    @property
    def output_bucket(self) -> s3.IBucket:
        """The bucket that A2I writes the output to."""
        return self._output_location.bucket

    @property
    def alerts(self) -> sns.ITopic:
        """The topic for people."""
        return _required(self._alerts, "alerts")

    @property
    def alarms(self) -> HumanLoopAlarms:
        """The alarms."""
        return _required(self._alarms, "alerts")

    @property
    def status_change_rule(self) -> events.Rule:
        """The rule on ended loops."""
        return self._status_change_rule

    @property
    def failed_rule(self) -> events.Rule:
        """The rule on Failed loops."""
        return _required(self._failed_rule, "alerts")

    # What users add

    def on_event(
        self,
        rule_id: str,
        *,
        target: events.IRuleTarget | None = None,
        statuses: Sequence[HumanLoopStatus] = tuple(HumanLoopStatus),
        failure_codes: Sequence[str] = (),
        description: str | None = None,
        rule_name: str | None = None,
    ) -> events.Rule:
        """Define a rule of your own for ended loops of these flow definitions.

        Parameters
        ----------
        rule_id
            The id of the rule within this construct.
        target
            Where the events go; its retries and dead letters are the target's own properties.
            Default: nowhere; add targets to the returned rule.
        statuses
            Which ends. Default: all three.
        failure_codes
            Only loops with one of these failure codes. Default: whatever the code.
        description
            The rule's description.
        rule_name
            The rule's physical name. Default: one made by CloudFormation.
        """
        return events.Rule(
            self,
            rule_id,
            description=description,
            rule_name=rule_name,
            event_bus=self._event_bus,
            event_pattern=human_loop_pattern(
                self._flow_definitions, statuses, failure_codes=failure_codes
            ),
            targets=None if target is None else [target],
        )

    def on_completed(
        self,
        rule_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        rule_name: str | None = None,
    ) -> events.Rule:
        """Define a rule for Completed loops; see `on_event`."""
        return self.on_event(
            rule_id,
            target=target,
            statuses=[HumanLoopStatus.COMPLETED],
            description=description,
            rule_name=rule_name,
        )

    def on_failed(
        self,
        rule_id: str,
        *,
        target: events.IRuleTarget | None = None,
        failure_codes: Sequence[str] = (),
        description: str | None = None,
        rule_name: str | None = None,
    ) -> events.Rule:
        """Define a rule for Failed loops, of all or some failure codes; see `on_event`."""
        return self.on_event(
            rule_id,
            target=target,
            statuses=[HumanLoopStatus.FAILED],
            failure_codes=failure_codes,
            description=description,
            rule_name=rule_name,
        )

    def on_stopped(
        self,
        rule_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        rule_name: str | None = None,
    ) -> events.Rule:
        """Define a rule for Stopped loops; see `on_event`."""
        return self.on_event(
            rule_id,
            target=target,
            statuses=[HumanLoopStatus.STOPPED],
            description=description,
            rule_name=rule_name,
        )

    def grant_read_output(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading the output of these flow definitions, and nothing else in the bucket."""
        return self._output_location.grant_read(grantee)

    def grant_write_output(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a flow definition's execution role to write its output."""
        return self._output_location.grant_write(grantee)

    def grant_consume(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading and deleting the messages of the queue."""
        return self.queue.grant_consume_messages(grantee)

    def metric_failed_loops(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the Failed loops that EventBridge saw, as a sum over the period (5 minutes)."""
        return rule_metric("TriggeredRules", self.failed_rule, self._event_bus, period)

    def metric_ended_loops(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the ended loops that EventBridge saw, as a sum over the period (5 minutes)."""
        return rule_metric("TriggeredRules", self._status_change_rule, self._event_bus, period)

    def metric_dead_letters(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the messages in dead letters, as the maximum over the period (5 minutes)."""
        return self._dead_letters.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=period or Duration.minutes(5)
        )

    def metric_loops(
        self,
        metric_name: str,
        flow_definition: str,
        *,
        statistic: str = "Sum",
        period: Duration | None = None,
    ) -> cloudwatch.Metric:
        """Take a metric of the review handler for one flow definition.

        Parameters
        ----------
        metric_name
            Such as ``"Completed"``, ``"TurnaroundSeconds"`` or ``"Agreement"``; the reference
            lists them all.
        flow_definition
            The flow definition's name.
        statistic
            Default: the sum.
        period
            Default: 5 minutes.
        """
        return loop_metric(metric_name, flow_definition, statistic=statistic, period=period)

    # How it is made

    @property
    def _output_location(self) -> OutputLocation:
        return _required(self._output, "output_bucket")

    def _create_status_change_rule(
        self,
        statuses: Sequence[HumanLoopStatus],
        handler_delivery: HandlerDelivery,
        max_concurrency: int,
        timeout: Duration | None,
    ) -> events.Rule:
        rule = self.on_event(
            "StatusChange",
            statuses=statuses,
            description="Human loops of Amazon A2I that ended",
        )
        if self._topic is not None:
            self._delivery.to_topic(rule, self._topic, role=self._delivery_role)
        if self._queue is not None:
            self._delivery.to_queue(rule, self._queue)
        if self._handler is not None and handler_delivery is HandlerDelivery.DIRECT:
            self._delivery.to_function(rule, self._handler)
            _warn_without_dead_letters(self, self._handler)
        elif self._handler is not None:
            self._handler_queue = self._create_buffer(self._handler, max_concurrency, timeout)
            self._delivery.to_queue(rule, self._handler_queue)
        return rule

    def _create_failed_rule(
        self, alerts: sns.ITopic, alert_format: AlertFormat, runbook: str
    ) -> events.Rule:
        stack = Stack.of(self)
        rule = self.on_failed("Failed", description="Human loops of Amazon A2I that failed")
        self._delivery.to_topic(
            rule,
            alerts,
            role=self._delivery_role,
            message=failure_message(stack, alert_format, runbook),
        )
        self._watched_rules["Failed"] = rule
        if alert_format is AlertFormat.CHAT:
            reason_rule = events.Rule(
                self,
                "FailedReason",
                description="Human loops of Amazon A2I that failed with a reason",
                event_bus=self._event_bus,
                event_pattern=human_loop_pattern(
                    self._flow_definitions, [HumanLoopStatus.FAILED], more_detail=REASON_GIVEN
                ),
            )
            self._delivery.to_topic(
                reason_rule, alerts, role=self._delivery_role, message=reason_message()
            )
            self._watched_rules["FailedReason"] = reason_rule
        return rule

    def _admit_alarms(self, alerts: sns.ITopic) -> None:
        admit(
            alerts,
            "topic",
            alerts.topic_arn,
            self,
            CLOUDWATCH,
            ["sns:Publish"],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
        )
        admit_senders(alerts.master_key, self, CLOUDWATCH)

    def _create_topic(self, topic_id: str) -> sns.Topic:
        topic = sns.Topic(self, topic_id, master_key=self._key, enforce_ssl=True)
        topic.apply_removal_policy(RemovalPolicy.RETAIN)
        return topic

    def _create_queue(
        self, queue_id: str, *, visibility_timeout: Duration | None = None
    ) -> sqs.Queue:
        dead_letters_id = f"{queue_id}DeadLetters"
        dead_letters = self._create_dead_letters(dead_letters_id, of_queue=True)
        self._watched_dead_letters[dead_letters_id] = dead_letters
        return sqs.Queue(
            self,
            queue_id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            retention_period=_RETENTION,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=dead_letters, max_receive_count=_MAX_RECEIVES
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _create_dead_letters(self, queue_id: str, *, of_queue: bool = False) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            queue_id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            retention_period=_RETENTION,
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            queue,
            "This is a dead-letter queue itself; an alarm watches it, so nothing goes unseen.",
            "Serverless-SQSRedrivePolicy",
        )
        if not of_queue:
            acknowledge(
                queue,
                "This is the dead-letter queue of EventBridge rules and a function; the check "
                "recognises only those of other queues.",
                "AwsSolutions-SQS3",
            )
        return queue

    def _create_buffer(
        self, handler: lambda_.IFunction, max_concurrency: int, timeout: Duration | None
    ) -> sqs.Queue:
        if not 2 <= max_concurrency <= 1000:
            raise ValueError(f"handler_max_concurrency: expected 2 to 1000, got {max_concurrency}")
        if Stack.of(handler) != Stack.of(self):
            raise ValueError(
                "handler: with HandlerDelivery.BUFFERED expected a function of the stack that "
                f"{self.node.path} is in, got one of {Stack.of(handler).node.path}: the function "
                "would need the queue, and the queue the function"
            )
        if timeout is None and isinstance(handler, lambda_.Function):
            timeout = handler.timeout or _LAMBDA_DEFAULT_TIMEOUT
        if timeout is None:
            raise ValueError(
                "handler_timeout: with HandlerDelivery.BUFFERED expected the timeout of your "
                "function, which cannot be known from here"
            )
        buffer = self._create_queue(
            "HandlerQueue", visibility_timeout=Duration.seconds(6 * timeout.to_seconds())
        )
        # The included handler's role takes no policies but the one it has.
        buffer.grant_consume_messages(
            handler if self._review_handler is None else self._review_handler.policy
        )
        mapping = lambda_.EventSourceMapping(
            self,
            "HandlerQueueMapping",
            target=handler,
            event_source_arn=buffer.queue_arn,
            batch_size=10,
            report_batch_item_failures=True,
            max_concurrency=max_concurrency,
        )
        acknowledge(
            mapping,
            "Lambda takes no failure destination for a queue: what fails goes to the queue's own "
            "dead letters, which an alarm watches.",
            "Serverless-LambdaEventSourceMappingDestination",
        )
        return buffer


def _warn_without_dead_letters(scope: Construct, handler: lambda_.IFunction) -> None:
    if isinstance(handler, lambda_.Function) and handler.dead_letter_queue is None:
        Annotations.of(scope).add_warning_v2(
            "human-loop-events:handler-dead-letters",
            f"{handler.node.path} has no dead_letter_queue: an event that it fails on three times "
            "is lost. Give it one, or acknowledge this if it has a failure destination",
        )


def _required(part: _Part | None, name: str) -> _Part:
    if part is None:
        raise ValueError(f"{name}: this HumanLoopEvents has none; it is switched off or not given")
    return part

"""The review handler: a function that reads each review and records its outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Unpack

from aws_cdk import Annotations, Duration, Size, SizeRoundingBehavior
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import (
    require_texts,
)
from human_loop_events.aws.bounds import FROM_ONE, NumberBounds, SizeBounds, TimeBounds
from human_loop_events.aws.environments import OUTCOME_BUS, RULE_BUS, check_environment
from human_loop_events.aws.ids import ADDED_RULES, child_scope
from human_loop_events.aws.queues_and_topics import check_dead_letter_queue
from human_loop_events.events.alerts import Alerts
from human_loop_events.events.delivered_rule import DeliveredRule, RuleOptions
from human_loop_events.events.delivery import Delivery
from human_loop_events.events.flow_definitions import FlowDefinitions, flow_definitions_or_all
from human_loop_events.events.human_loop_hub import HumanLoopHub
from human_loop_events.reviews.corrected_documents import CorrectedDocuments
from human_loop_events.reviews.handler_queue import HandlerDelivery, HandlerQueue
from human_loop_events.reviews.ledger import Ledger
from human_loop_events.reviews.loop_metrics import unconfirmed_events_metric
from human_loop_events.reviews.mappings import create_mappings_layer, validate_mappings
from human_loop_events.reviews.output_location import OutputLocation
from human_loop_events.reviews.output_locations import OutputLocations
from human_loop_events.reviews.output_policies import create_output_policies
from human_loop_events.reviews.runtime_function import Network, RuntimeFunction
from human_loop_reviews import contract
from human_loop_reviews.contract import Metric, Setting
from human_loop_reviews.mapping import ROWS_IN_ORDER_OF_KEYS, FieldMapping, TaskMapping

#: Lambda allows 4,096 bytes for all environment variables, which are also for other settings.
_MAX_ALLOWED_NAMES_BYTES = 256

#: The bounds of parameters.
MEMORY_SIZE: Final = NumberBounds(256, 10_240)
MAX_OUTPUT_SIZE: Final = SizeBounds(1024, 1024**3)
TIMEOUT: Final = TimeBounds(
    timedelta(seconds=contract.MIN_TIMEOUT_SECONDS),
    timedelta(minutes=15),
    because="the calls to AWS and their retries need one minute",
)


#: The memory in MiB of the function itself, and for each MiB of output in the worst case.
_MEMORY_WITHOUT_OUTPUT = 80
_MEMORY_PER_OUTPUT = 31


#: The period of the alarm on unconfirmed events.
_ALARM_PERIOD = Duration.minutes(5)


class ReviewHandlerSettings(Network, total=False):
    """The parameters of a `ReviewHandler` that another construct creates."""

    ledger: Ledger
    ledger_retention: Duration
    mappings: Mapping[str, TaskMapping | Sequence[FieldMapping]]
    include_values: bool
    include_failure_reason: bool
    hash_field_names: bool
    allowed_field_names: Sequence[str]
    outcome_bus: events.IEventBus
    log_retention: logs.RetentionDays
    max_output_size: Size
    memory_size: int
    timeout: Duration
    reserved_concurrent_executions: int


@checks_arguments
class ReviewHandler(RuntimeFunction):
    """A function that settles ended human loops, with its role, log group and ledger.

    For each ended loop it reads the output from S3, reviews it (prediction against reviewers,
    reviewers against each other), publishes the outcome on an event bus, and records it in the
    ledger. Outcomes are published at least once. Ledger writes are idempotent. About the loop of an
    event that was sent again, it asks Amazon A2I first, and settles what that says. The function
    accepts an EventBridge event, or a batch of them from SQS.
    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-output-data.html

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    output
        The output location of the flow definitions, or several with the flow definitions of each.
        Required, except in a hub.
    hub
        The hub to which spokes forward events. The function then describes each loop and reads its
        output with a role of the spoke. In metrics, the names of flow definitions contain account
        and Region. Default: none.
    corrected_documents
        Where the function writes the corrected document of each loop that a reviewer answered. It
        is written before the outcome, which names it. It contains the document's values. Default:
        none are written.
    flow_definitions
        The flow definitions with output that the function can read. If the names are known at
        synthesis, it can read their folders only. Default: any.
    dead_letter_queue
        A standard queue for events that the function fails on three times when it is invoked
        directly. Default: none. Supply a queue unless the function only reads
        a handler queue.
    encryption_key
        The customer managed key of the new ledger and the logs. Default: a new key, with
        rotation.
    ledger
        The ledger. Default: a new ledger.
    ledger_retention
        The retention period of loops in the new ledger, from 1 day. Default: 400 days.
    mappings
        The locations of predictions and answers of custom tasks, by the flow definition's name. In
        a hub, a name applies to all accounts. A mapping by account, Region and name, as in
        ``"111122223333/eu-west-1/claims"``, takes precedence. They are in a layer of the function,
        so neither names nor expressions can be tokens. See ``docs/reviews.md#use-a-mapping``.
        Default: reviewers are compared with each other only.
    include_values
        Whether outcomes contain the documents' values. Default: names and verdicts only.
    include_failure_reason
        Whether outcomes contain the reason that A2I gives for a failure. A reason can quote a
        document. Default: yes.
    hash_field_names
        Whether outcomes contain a hash in place of each field's name. In a form, a name is text of
        the document. Default: no.
    allowed_field_names
        The names that outcomes contain in plain text. All other names are hashed. Default: see
        `hash_field_names`.
    outcome_bus
        The bus on which outcomes are published. Default: the account's default bus.
    log_retention
        The retention period of the logs. Default: one year.
    max_output_size
        Larger outputs are not read, and their events go to a dead-letter queue. Sizes are 1 KiB
        to 1 GiB. Default: 12 MiB.
    memory_size
        The function's memory in MiB, 256 to 10,240. Default: 1,024. An output can take more than
        thirty times its size.
    timeout
        The function's timeout, 2 minutes to 15 minutes. Default: two minutes. Calls to AWS, with
        retries, take at most one minute.
    reserved_concurrent_executions
        The maximum number of concurrent instances. Default: the limit of the account.
    vpc, vpc_subnets, security_groups
        The VPC of the function, with the meaning of the parameters of `aws_lambda.Function`. The
        VPC needs endpoints for the services that the function calls: see
        ``docs/deploying.md#functions-in-a-vpc``. Default: no VPC.

    Raises
    ------
    ValueError
        If a value is out of range, the mappings are not valid, the corrected documents are within
        the output, or Lambda cannot send to the dead-letter queue.

    Examples
    --------
    >>> ReviewHandler(  # doctest: +SKIP
    ...     self, "ReviewHandler", output=OutputLocation(bucket), dead_letter_queue=queue
    ... )
    """

    hub: HumanLoopHub | None
    """The hub to which spokes forward events. None outside a hub."""
    ledger: Ledger
    """The ledger."""
    outcome_bus: events.IEventBus
    """The bus on which outcomes are published."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        output: OutputLocation | Sequence[OutputLocation] | None = None,
        hub: HumanLoopHub | None = None,
        corrected_documents: CorrectedDocuments | None = None,
        flow_definitions: FlowDefinitions | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        encryption_key: kms.IKey | None = None,
        ledger: Ledger | None = None,
        ledger_retention: Duration | None = None,
        mappings: Mapping[str, TaskMapping | Sequence[FieldMapping]] | None = None,
        include_values: bool = False,
        include_failure_reason: bool = True,
        hash_field_names: bool = False,
        allowed_field_names: Sequence[str] | None = None,
        outcome_bus: events.IEventBus | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        max_output_size: Size | None = None,
        memory_size: int = 1024,
        timeout: Duration | None = None,
        reserved_concurrent_executions: int | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    ) -> None:
        if hub is not None and output is not None:
            raise ValueError(
                "output: the handler of a hub reads outputs only with the roles of the spokes; "
                "expected none, and the output of each spoke in its HumanLoopSpoke"
            )
        if ledger is not None and ledger_retention is not None:
            raise ValueError(
                "ledger_retention: it applies to a new ledger, but ledger is supplied; expected "
                "Ledger(…, retention=…)"
            )
        super().__init__(scope, construct_id, encryption_key=encryption_key)
        if dead_letter_queue is not None:
            check_dead_letter_queue("dead_letter_queue", dead_letter_queue, self)
        if outcome_bus is not None:
            check_environment(
                "outcome_bus", outcome_bus, outcome_bus.event_bus_arn, self, OUTCOME_BUS
            )
        self.hub = hub
        self._flow_definitions = flow_definitions_or_all(flow_definitions)
        self._outputs = OutputLocations.of(output, self._flow_definitions) if hub is None else None
        if hub is None:
            self._flow_definitions._refuse_names_of_several_environments()
        self.outcome_bus = outcome_bus or events.EventBus.from_event_bus_name(
            self, "DefaultBus", "default"
        )
        self.ledger = ledger or Ledger(
            self, "Ledger", encryption_key=self.encryption_key, retention=ledger_retention
        )
        self._create_role(
            description="Settles ended human loops",
            policy_description="What the review handler may do",
            log_retention=log_retention,
            role_name=hub._register_reader(self) if hub else None,
        )
        if corrected_documents is not None:
            corrected_documents._refuse_overlap(self._outputs.locations if self._outputs else ())
            corrected_documents._grant_write(self.policy)
            corrected_documents._check_environments(self)
        self._add_statements(dead_letter_queue, has_custom_bus=outcome_bus is not None)
        network = self._connect_network(vpc, vpc_subnets, security_groups)
        output_policies = self._allow_output()
        mappings_layer = self._create_mappings_layer(mappings)
        self._handler_queue: HandlerQueue | None = None
        self._create_function(
            description="Reads the review of each ended human loop and records the outcome",
            entry_point=contract.REVIEW_HANDLER_ENTRY_POINT,
            output_policies=output_policies,
            dead_letter_queue=dead_letter_queue,
            memory_size=MEMORY_SIZE.require("memory_size", memory_size),
            timeout=TIMEOUT.require(
                "timeout", timeout or Duration.seconds(contract.MIN_TIMEOUT_SECONDS)
            ),
            reserved_concurrent_executions=(
                None
                if reserved_concurrent_executions is None
                else FROM_ONE.require(
                    "reserved_concurrent_executions", reserved_concurrent_executions
                )
            ),
            network=network,
            layers=[mappings_layer] if mappings_layer else [],
            environment={
                Setting.LEDGER_ARN.value: self.ledger.table.table_arn,
                Setting.LEDGER_RETENTION_DAYS.value: (
                    f"{self.ledger.retention.to_days(integral=False):g}"
                ),
                Setting.OUTCOME_BUS.value: self.outcome_bus.event_bus_arn,
                Setting.INCLUDE_VALUES.value: _render_boolean(include_values),
                Setting.INCLUDE_FAILURE_REASON.value: _render_boolean(include_failure_reason),
                Setting.MAX_OUTPUT_BYTES.value: (
                    f"{_validate_output_size(max_output_size).to_bytes():.0f}"
                ),
                **_render_field_names(hash_field_names, allowed_field_names),
                **(
                    {Setting.MAPPINGS_LAYER.value: mappings_layer.layer_version_arn}
                    if mappings_layer
                    else {}
                ),
                **({Setting.HUB.value: hub.hub_name} if hub else {}),
                **(corrected_documents._environment() if corrected_documents else {}),
            },
        )
        if reserved_concurrent_executions is None:
            self._acknowledge_shared_concurrency(
                "Reserved concurrency is taken from the account's quota, and the deployment fails "
                "where the quota is small. The event rate is limited by how fast reviewers work. "
                "reserved_concurrent_executions sets it.",
            )
        for each in self._outputs.locations if self._outputs else ():
            each._check_environments(self)
        self._warn_of_small_memory(_validate_output_size(max_output_size), memory_size)
        self._warn_of_rows_in_order_of_keys(mappings or {})

    @property
    def output(self) -> OutputLocation:
        """The output location of the flow definitions.

        Raises
        ------
        ValueError
            In a hub, where the spokes have the output, or if there are several locations.
        """
        return self._require_outputs().only

    @property
    def output_locations(self) -> tuple[OutputLocation, ...]:
        """All output locations, with the flow definitions that write there.

        Raises
        ------
        ValueError
            In a hub. The spokes have the output.
        """
        return self._require_outputs().locations

    def _require_outputs(self) -> OutputLocations:
        if self._outputs is None:
            raise ValueError("output: this ReviewHandler has none: the spokes of its hub have it")
        return self._outputs

    def read_from_queue(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler_delivery: HandlerDelivery,
        encryption_key: kms.IKey | None = None,
    ) -> HandlerQueue:
        """Create a queue that the function reads. See `HandlerDelivery.buffered`.

        The function itself sends an event that it cannot process to the queue's dead-letter queue,
        with the error as message attributes. An error that no retry can fix is sent at once, any
        other one on the last permitted receive.

        Parameters
        ----------
        scope, construct_id
            The parent and the id of the queue.
        handler_delivery
            The concurrency and the retry time.
        encryption_key
            The customer managed key of the queue. Default: the key of the ledger.

        Raises
        ------
        ValueError
            If the function reads a queue already.
        """
        if self._handler_queue is not None:
            raise ValueError(
                f"handler: {self.node.path} reads {self._handler_queue.node.path} already, and "
                "sends to the dead-letter queue of one queue only; expected a ReviewHandler for "
                "each buffered delivery, or HandlerDelivery.direct()"
            )
        handler_queue = HandlerQueue(
            scope,
            construct_id,
            function=self.function,
            reader=self.policy,
            handler_delivery=handler_delivery,
            encryption_key=encryption_key or self.encryption_key,
        )
        self._handler_queue = handler_queue
        self._allow_send(handler_queue.dead_letter_queue)
        self.function.add_environment(
            Setting.DEAD_LETTER_QUEUE_URL, handler_queue.dead_letter_queue.queue_url
        )
        self.function.add_environment(Setting.MAX_RECEIVES, str(handler_queue.max_receives))
        return handler_queue

    def metric_unconfirmed_events(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the events of this project's source that A2I did not confirm (of five minutes)."""
        return unconfirmed_events_metric(self.function, period=period or _ALARM_PERIOD)

    def alert_on_unconfirmed_events(self, alerts: Alerts) -> None:
        """Add the alarm on events that were sent again and that A2I did not confirm.

        `HumanLoopEvents` adds it.

        Parameters
        ----------
        alerts
            Who is notified.
        """
        if alerts._is_watched(self.function, Metric.UNCONFIRMED_EVENTS):
            return
        alerts._add_alarm(
            self.function,
            Metric.UNCONFIRMED_EVENTS,
            self.metric_unconfirmed_events(),
            description="The review handler received events that say that a human loop ended, and "
            "A2I does not confirm them. They were not settled as they say. Find out who sent them "
            "to the event bus. The log of the handler names the human loops.",
            section="UnconfirmedEvents",
        )

    def on_outcome(
        self,
        rule_id: str,
        *,
        delivery: Delivery,
        alerts: Alerts,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        """Add a rule on the outcomes in this ledger, except those of verifications.

        Parameters
        ----------
        rule_id
            The id of the rule within this construct.
        delivery, alerts
            The delivery of the outcomes, and the alerts on failed deliveries.
        options
            ``target``, ``description`` and ``rule_name``. See `RuleOptions`.

        Raises
        ------
        ValueError
            If the outcome bus is in another account or Region. A rule must be where its bus is.
        """
        return self._create_outcome_rule(
            child_scope(self, ADDED_RULES),
            rule_id,
            delivery=delivery,
            alerts=alerts,
            **options,
        )

    def _create_outcome_rule(
        self,
        scope: Construct,
        rule_id: str,
        *,
        delivery: Delivery,
        alerts: Alerts,
        **options: Unpack[RuleOptions],
    ) -> DeliveredRule:
        bus = self.outcome_bus
        check_environment("outcome_bus", bus, bus.event_bus_arn, self, RULE_BUS)
        return DeliveredRule(
            scope,
            rule_id,
            delivery=delivery,
            alerts=alerts,
            event_bus=self.outcome_bus,
            event_pattern=events.EventPattern(
                source=[contract.PROJECT_SOURCE],
                detail_type=[contract.OUTCOME_DETAIL_TYPE],
                # Other stacks can publish on the same bus.
                resources=[self.ledger.table.table_arn],
                detail=contract.VERIFICATION_EXCLUDED,
            ),
            **options,
        )

    def _add_statements(
        self, dead_letter_queue: sqs.IQueue | None, *, has_custom_bus: bool
    ) -> None:
        self.ledger._grant_record(self.policy)
        self._allow_events(
            self.outcome_bus, contract.OUTCOME_DETAIL_TYPE, is_default_bus=not has_custom_bus
        )
        self._allow_logs_and_traces()
        self._acknowledge_any_resource(
            "X-Ray's two write actions take no resource: AWS defines them for '*' only."
        )
        if dead_letter_queue is not None:
            self._allow_send(dead_letter_queue)

    def _create_mappings_layer(
        self, mappings: Mapping[str, TaskMapping | Sequence[FieldMapping]] | None
    ) -> lambda_.LayerVersion | None:
        if mappings is None or mappings == {}:
            return None
        tasks = validate_mappings(mappings, self._flow_definitions, in_hub=self.hub is not None)
        return create_mappings_layer(self, "Mappings", tasks)

    def _allow_output(self) -> list[iam.ManagedPolicy]:
        """Allow reading the output and describing loops, or assuming the roles of the spokes."""
        if self._outputs is not None:
            self._allow_describe_loops()
            return create_output_policies(
                self,
                self.role,
                self._outputs,
                description="Which output the review handler may read",
            )
        assert self.hub is not None  # noqa: S101 - the constructor requires one of the two
        roles = self.hub._output_role_arns
        for arn in roles:
            self._allow(["sts:AssumeRole"], arn)
        self._acknowledge_wildcards(
            "The roles of the hub's spokes, one for each Region, whose names begin with the hub's. "
            "Each admits this function's role only, and lets it describe human loops and read "
            "their output. The function takes the role of the account and Region of an event, "
            "which EventBridge attests.",
            roles,
        )
        return []

    def _warn_of_small_memory(self, output_size: Size, memory_size: int) -> None:
        size = output_size.to_mebibytes(rounding=SizeRoundingBehavior.NONE)
        needed = _MEMORY_WITHOUT_OUTPUT + _MEMORY_PER_OUTPUT * size
        if needed > memory_size:
            Annotations.of(self).add_warning_v2(
                "human-loop-events:memory-size",
                f"an output of {size:g} MiB can take {needed:,.0f} MiB of memory, but memory_size "
                f"is {memory_size:,} MiB: such an output would end the function without a reason "
                "in the dead-letter queue. Raise memory_size or lower max_output_size",
            )

    def _warn_of_rows_in_order_of_keys(
        self, mappings: Mapping[str, TaskMapping | Sequence[FieldMapping]]
    ) -> None:
        for flow_definition, mapping in mappings.items():
            for field in TaskMapping.of(mapping).fields:
                if field.pairs_by_order_of_keys:
                    Annotations.of(self).add_warning_v2(
                        "human-loop-events:rows-in-order-of-keys",
                        f"mappings[{flow_definition!r}]: field {field.name!r} has no verdict: "
                        f"{ROWS_IN_ORDER_OF_KEYS}",
                    )


def _render_boolean(value: bool) -> str:
    return str(value).lower()


def _render_field_names(hash_field_names: bool, allowed: Sequence[str] | None) -> dict[str, str]:
    if allowed is not None:
        names = require_texts("allowed_field_names", allowed, example="['Total', 'Invoice Date']")
        rendered = json.dumps(names, separators=(",", ":"), ensure_ascii=False)
        size = len(rendered.encode())
        if size > _MAX_ALLOWED_NAMES_BYTES:
            raise ValueError(
                f"allowed_field_names: {size} bytes as JSON, but {_MAX_ALLOWED_NAMES_BYTES} fit "
                "into the function's environment; expected fewer or shorter names"
            )
        return {Setting.ALLOWED_FIELD_NAMES.value: rendered}
    how = contract.FieldNames.HASHED if hash_field_names else contract.FieldNames.PLAIN
    return {Setting.FIELD_NAMES.value: how.value}


def _validate_output_size(size: Size | None) -> Size:
    if size is None:
        return Size.bytes(contract.DEFAULT_MAX_OUTPUT_BYTES)
    return MAX_OUTPUT_SIZE.require("max_output_size", size)

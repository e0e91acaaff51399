"""The spoke: forwards the events of an account and Region with human loops to a hub."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aws_cdk import Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk.region_info import RegionInfo
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.events.alerts import Alerts, AlertsSettings
from human_loop_events.events.delivery import Delivery, DeliverySettings
from human_loop_events.events.flow_definitions import FlowDefinitions, flow_definitions_or_all
from human_loop_events.events.human_loop_filter import HumanLoopFilter
from human_loop_events.events.human_loop_hub import HumanLoopHub
from human_loop_events.events.rule_targets import EventBusTarget
from human_loop_events.events.shared_parts import supplied_or_new_alerts, supplied_or_new_delivery
from human_loop_events.events.status_events import StatusEvents
from human_loop_events.reviews.output_location import OutputLocation
from human_loop_events.reviews.output_locations import OutputLocations
from human_loop_events.reviews.output_policies import create_output_policies
from human_loop_events.reviews.runtime_function import allow_describe_loops
from human_loop_events.stack_outputs import StackOutputs
from human_loop_reviews.contract import (
    MAX_HUB_NAME,
    VERIFICATION_EXCLUDED,
    HumanLoopStatus,
    output_role_name,
    reader_role_name,
)

_BUS_ARN = re.compile(
    r"arn:(?P<partition>[^:]+):events:(?P<region>[^:]+):(?P<account>\d{12}):"
    rf"event-bus/(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_HUB_NAME - 1}}})"
)


class _Hub(NamedTuple):
    """The event bus of a hub."""

    arn: str
    partition: str
    region: str
    account: str
    name: str

    @property
    def reader_role_arn(self) -> str:
        role = reader_role_name(self.name, self.region)
        return f"arn:{self.partition}:iam::{self.account}:role/{role}"


@checks_arguments
class HumanLoopSpoke(Construct):
    """Forwards the events of ended human loops to a hub, and lets the hub read their output.

    The rule, its role, retries, dead-letter queue and alarms are in the account and Region of the
    human loops. The hub's review handler reads an output with a role of the spoke, so neither the
    bucket's policy nor that of its key must admit another account. With the same role it asks A2I
    about the loops of events that were sent again.

    Deploy the hub first. Until the bus exists and admits this account, events go to the dead-letter
    queue at once, because EventBridge does not retry a forbidden call. An alarm goes off.
    ``human-loops dead-letters redrive`` sends the events again.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    hub
        The `HumanLoopHub` of the same app, or the ARN of its event bus.
    output
        The output location of the flow definitions, or several with the flow definitions of each.
    flow_definitions
        The flow definitions of the human loops. Default: all of the account and Region.
    statuses
        The terminal statuses that are forwarded. Default: all three.
    event_bus
        The bus with the events. Default: the account's default bus, to which A2I sends them.
    alerts
        Supplied `Alerts`, or settings of new ones, for events that cannot be forwarded.
        Default: new alerts.
    delivery
        A supplied `Delivery`, or settings of a new one: key, dead-letter queue, retries. Default: a
        new delivery.

    Raises
    ------
    ValueError
        If `hub` is not a hub, is in another partition, or is also the bus with the events.

    Examples
    --------
    >>> HumanLoopSpoke(  # doctest: +SKIP
    ...     self, "Spoke", hub="arn:aws:events:eu-west-1:111122223333:event-bus/reviews-hub",
    ...     output=OutputLocation(bucket, prefix="reviews/"),
    ... )
    """

    status_events: StatusEvents
    """The rule that forwards. ``alert_on_silence`` adds an alarm for days without an event."""
    delivery: Delivery
    """The forwarding of the events: key, dead-letter queue, role, retries."""
    alerts: Alerts
    """The alerts on events that cannot be forwarded."""
    output_locations: tuple[OutputLocation, ...]
    """The output locations of the flow definitions."""
    output_role: iam.Role
    """The role with which the hub describes human loops and reads their output."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        hub: HumanLoopHub | str,
        output: OutputLocation | Sequence[OutputLocation],
        flow_definitions: FlowDefinitions | None = None,
        statuses: Sequence[HumanLoopStatus] = tuple(HumanLoopStatus),
        event_bus: events.IEventBus | None = None,
        alerts: Alerts | AlertsSettings | None = None,
        delivery: Delivery | DeliverySettings | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self._hub = _parse_hub(hub, stack)
        if isinstance(event_bus, HumanLoopHub):
            raise ValueError(
                f"event_bus: {event_bus.node.path} is a hub, and EventBridge forwards an event "
                "once; expected the bus to which A2I sends events, and the spokes of both hubs to "
                "forward to one of them"
            )
        flow_definitions = flow_definitions_or_all(flow_definitions)
        outputs = OutputLocations.of(output, flow_definitions)
        self.output_locations = outputs.locations
        for each in self.output_locations:
            each._check_environments(self)
        self.delivery = supplied_or_new_delivery(self, delivery)
        self.alerts = supplied_or_new_alerts(self, alerts, self.delivery.encryption_key)
        self.status_events = StatusEvents(
            self,
            "Events",
            filter=_Forwarded(flow_definitions=flow_definitions, statuses=statuses),
            delivery=self.delivery,
            alerts=self.alerts,
            event_bus=event_bus,
        )
        bus = events.EventBus.from_event_bus_arn(self, "Hub", self._hub.arn)
        # Not delivery.event_bus_target(), which warns about a bus of another account: a hub admits
        # its spokes, and is deployed before them.
        self.status_events.add_target(EventBusTarget(self.delivery._role, bus))
        self.output_role = self._create_output_role()
        allow_describe_loops(
            iam.ManagedPolicy(
                self,
                "LoopPolicy",
                description="Which human loops the hub may describe",
                roles=[self.output_role],
            )
        )
        create_output_policies(
            self,
            self.output_role,
            outputs,
            description="Which output the hub may read",
        )
        self._outputs = StackOutputs(self)
        self._outputs.add(HubEventBusArn=self._hub.arn, OutputRoleArn=self.output_role.role_arn)

    @property
    def hub_event_bus_arn(self) -> str:
        """The ARN of the event bus to which events are forwarded."""
        return self._hub.arn

    def add_outputs(self, *, prefix: str = "") -> None:
        """Add outputs to the stack. See `StatusEvents.add_outputs`."""
        self.status_events.add_outputs(prefix=prefix)
        self._outputs.create(prefix)

    def _create_output_role(self) -> iam.Role:
        return iam.Role(
            self,
            "OutputRole",
            description="The hub describes human loops and reads their output with this role",
            role_name=output_role_name(self._hub.name, Stack.of(self).region),
            # A role as principal must exist, and is no longer admitted after it is created again.
            assumed_by=iam.AccountPrincipal(self._hub.account).with_conditions(
                {"ArnEquals": {"aws:PrincipalArn": self._hub.reader_role_arn}}
            ),
        )


class _Forwarded(HumanLoopFilter):
    """Excludes the events of ``human-loops verify``, which test a stack of this account."""

    def pattern(
        self, *, statuses: Sequence[str] | None = None, detail: Mapping[str, Any] | None = None
    ) -> events.EventPattern:
        """Build the event pattern. See `EventFilter.pattern`."""
        detail = {**VERIFICATION_EXCLUDED, **(detail or {})}
        return super().pattern(statuses=statuses, detail=detail)


def _parse_hub(hub: object, stack: Stack) -> _Hub:
    if isinstance(hub, HumanLoopHub) and Stack.of(hub) == stack:
        raise ValueError(
            f"hub: {hub.node.path} is in the same stack, {stack.stack_name}; expected a "
            "separate stack for the hub, which is deployed before its spokes"
        )
    arn = hub._arn_for(stack) if isinstance(hub, HumanLoopHub) else hub
    match = _BUS_ARN.fullmatch(arn) if isinstance(arn, str) else None
    if match is None:
        raise ValueError(
            "hub: expected a HumanLoopHub of the app, or the ARN of a hub's event bus as in "
            f"arn:aws:events:eu-west-1:111122223333:event-bus/reviews-hub, got {hub!r}"
        )
    if match["name"] == "default":
        raise ValueError(f"hub: {arn} is an account's default bus; expected the bus of a hub")
    partition = (
        None if Token.is_unresolved(stack.region) else RegionInfo.get(stack.region).partition
    )
    if partition not in (None, match["partition"]):
        raise ValueError(
            f"hub: {arn} is in partition {match['partition']}, but {stack.stack_name} is deployed "
            f"to {partition}, and EventBridge forwards within a partition; expected a hub there"
        )
    return _Hub(arn=match[0], **match.groupdict())

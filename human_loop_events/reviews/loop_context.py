"""What `HumanLoopEvents` gives to each of its parts."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_events as events
from constructs import Construct

from human_loop_events.events.alerts import Alerts
from human_loop_events.events.delivery import Delivery
from human_loop_events.events.flow_definitions import FlowDefinitions
from human_loop_events.reviews.review_handler import ReviewHandler
from human_loop_reviews.contract import HumanLoopStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopContext:
    """The human loops that a part is about, and the other parts that it uses."""

    scope: Construct
    """The parent of the part."""
    flow_definitions: FlowDefinitions
    """The flow definitions of the human loops."""
    statuses: tuple[HumanLoopStatus, ...]
    """The terminal statuses that the handler receives."""
    event_bus: events.IEventBus | None
    """The bus with the events. None for the account's default bus."""
    delivery: Delivery
    """The delivery of the events."""
    alerts: Alerts
    """The alerts on failures, and the alarms."""
    review_handler: ReviewHandler | None
    """The review handler. None if the handler is a function of the user."""

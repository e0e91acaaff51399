"""AWS CDK constructs for the end of human loops in Amazon Augmented AI (A2I)."""

from human_loop_events.alarms import HumanLoopAlarms
from human_loop_events.alerts import AlertFormat
from human_loop_events.delivery import HandlerDelivery
from human_loop_events.events import FailureCode, FlowDefinitions, HumanLoopStatus
from human_loop_events.human_loop_events import HumanLoopEvents
from human_loop_events.mappings import FieldMapping
from human_loop_events.review_handler import ReviewHandler

__all__ = [
    "AlertFormat",
    "FailureCode",
    "FieldMapping",
    "FlowDefinitions",
    "HandlerDelivery",
    "HumanLoopAlarms",
    "HumanLoopEvents",
    "HumanLoopStatus",
    "ReviewHandler",
]

"""AWS CDK constructs for ended human loops in Amazon Augmented AI (A2I), and for SageMaker jobs."""

from human_loop_events.alert_messages import AlertFormat
from human_loop_events.alerts import Alerts, AlertsSettings
from human_loop_events.delivered_rule import DeliveredRule
from human_loop_events.delivery import Delivery, DeliverySettings
from human_loop_events.event_filter import EventFilter, FailureDescription
from human_loop_events.flow_definitions import FlowDefinitions
from human_loop_events.handler_queue import HandlerDelivery, HandlerQueue
from human_loop_events.human_loop_events import HumanLoopEvents
from human_loop_events.human_loop_filter import HumanLoopFilter
from human_loop_events.human_loop_hub import HumanLoopHub
from human_loop_events.human_loop_spoke import HumanLoopSpoke
from human_loop_events.job_filter import JobFilter
from human_loop_events.ledger import Ledger
from human_loop_events.output_location import OutputLocation
from human_loop_events.reconciler import Reconciler, ReconcilerSettings
from human_loop_events.review_handler import ReviewHandler, ReviewHandlerSettings
from human_loop_events.status_events import StatusEvents
from human_loop_reviews.contract import FailureCode, FieldMapping, HumanLoopStatus, TaskMapping

__all__ = [
    "AlertFormat",
    "Alerts",
    "AlertsSettings",
    "DeliveredRule",
    "Delivery",
    "DeliverySettings",
    "EventFilter",
    "FailureCode",
    "FailureDescription",
    "FieldMapping",
    "FlowDefinitions",
    "HandlerDelivery",
    "HandlerQueue",
    "HumanLoopEvents",
    "HumanLoopFilter",
    "HumanLoopHub",
    "HumanLoopSpoke",
    "HumanLoopStatus",
    "JobFilter",
    "Ledger",
    "OutputLocation",
    "Reconciler",
    "ReconcilerSettings",
    "ReviewHandler",
    "ReviewHandlerSettings",
    "StatusEvents",
    "TaskMapping",
]

"""AWS CDK constructs for ended human loops in Amazon Augmented AI (A2I), and for SageMaker jobs."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("aws_cdk") is None:
    raise ModuleNotFoundError(
        # A path, which pip does not look up in a registry: the package is on none.
        "human_loop_events needs aws-cdk-lib. Install the extra 'cdk' from this project's folder "
        "or wheel, not from a registry: pip install 'path/to/a2i-human-loop-events[cdk]'",
        name="aws_cdk",
    )

from human_loop_events.archive.outcome_archive import OutcomeArchive, OutcomeArchiveSettings
from human_loop_events.events.alert_messages import AlertFormat
from human_loop_events.events.alerts import Alerts, AlertsSettings
from human_loop_events.events.delivered_rule import DeliveredRule, RuleOptions
from human_loop_events.events.delivery import Delivery, DeliverySettings
from human_loop_events.events.event_archive import EventArchive
from human_loop_events.events.event_filter import EventFilter, FailureDescription
from human_loop_events.events.flow_definitions import FlowDefinitions
from human_loop_events.events.human_loop_filter import HumanLoopFilter
from human_loop_events.events.human_loop_hub import HumanLoopHub
from human_loop_events.events.job_filter import JobFilter
from human_loop_events.events.status_events import QueueSettings, StatusEvents
from human_loop_events.human_loop_dashboard import HumanLoopDashboard
from human_loop_events.human_loop_events import HumanLoopEvents
from human_loop_events.human_loop_spoke import HumanLoopSpoke
from human_loop_events.reviews.corrected_documents import CorrectedDocuments
from human_loop_events.reviews.handler_queue import HandlerDelivery, HandlerQueue
from human_loop_events.reviews.ledger import Ledger
from human_loop_events.reviews.output_bucket import OutputBucketSettings
from human_loop_events.reviews.output_location import OutputLocation
from human_loop_events.reviews.reconciler import Reconciler, ReconcilerSettings
from human_loop_events.reviews.review_handler import ReviewHandler, ReviewHandlerSettings
from human_loop_events.step_functions.callbacks import (
    HumanLoopCallbacks,
    HumanLoopCallbacksSettings,
)
from human_loop_reviews.callback_contract import CallbackError
from human_loop_reviews.contract import FailureCode, HumanLoopStatus
from human_loop_reviews.mapping import FieldMapping, TaskMapping

if TYPE_CHECKING:
    from human_loop_events.step_functions.task import HumanLoopTask

__all__ = [
    "AlertFormat",
    "Alerts",
    "AlertsSettings",
    "CallbackError",
    "CorrectedDocuments",
    "DeliveredRule",
    "Delivery",
    "DeliverySettings",
    "EventArchive",
    "EventFilter",
    "FailureCode",
    "FailureDescription",
    "FieldMapping",
    "FlowDefinitions",
    "HandlerDelivery",
    "HandlerQueue",
    "HumanLoopCallbacks",
    "HumanLoopCallbacksSettings",
    "HumanLoopDashboard",
    "HumanLoopEvents",
    "HumanLoopFilter",
    "HumanLoopHub",
    "HumanLoopSpoke",
    "HumanLoopStatus",
    "HumanLoopTask",
    "JobFilter",
    "Ledger",
    "OutcomeArchive",
    "OutcomeArchiveSettings",
    "OutputBucketSettings",
    "OutputLocation",
    "QueueSettings",
    "Reconciler",
    "ReconcilerSettings",
    "ReviewHandler",
    "ReviewHandlerSettings",
    "RuleOptions",
    "StatusEvents",
    "TaskMapping",
]


def __getattr__(name: str) -> Any:
    """Import `HumanLoopTask` at its first use: CDK's modules for Step Functions load slowly."""
    if name == "HumanLoopTask":
        from human_loop_events.step_functions.task import HumanLoopTask

        return HumanLoopTask
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Cases of rules and targets alone, and of the status events of jobs."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_events_targets as targets

from human_loop_events import (
    AlertFormat,
    Alerts,
    Delivery,
    HumanLoopEvents,
    HumanLoopFilter,
    HumanLoopStatus,
    JobFilter,
    StatusEvents,
)
from tests.infrastructure.cases.case import (
    Case,
    in_stack,
)
from tests.infrastructure.cases.resources import (
    create_function,
)


def _composed_without_handler(stack: Stack) -> None:
    delivery = Delivery(stack, "Delivery", authorize_using_role=False)
    loops = StatusEvents(
        stack,
        "Events",
        filter=HumanLoopFilter(statuses=[HumanLoopStatus.COMPLETED, HumanLoopStatus.STOPPED]),
        delivery=delivery,
        alerts=Alerts(
            stack,
            "Alerts",
            encryption_key=delivery.encryption_key,
            alert_format=AlertFormat.JSON,
        ),
    )
    loops.add_topic()
    loops.add_queue()
    loops.alert_on_failure()


#: The filters of the case `jobs`, by the id of their `StatusEvents`.
JOB_FILTERS = {
    "Training": JobFilter.training(name_prefix="invoices-"),
    "Processing": JobFilter.processing(statuses=["Completed", "Failed"]),
    "Transform": JobFilter.transform().failed_only(),
    "Tuning": JobFilter.hyperparameter_tuning(name_prefix="invoices-"),
    "Labeling": JobFilter.labeling(name_prefix="Invoices-"),
    "Pipelines": JobFilter.pipeline_executions(name_prefix="Invoices-"),
    "Endpoints": JobFilter.endpoints(statuses=["InService", "Failed"]),
}


def _jobs(stack: Stack) -> None:
    loops = HumanLoopEvents(stack, "HumanLoops", handler=create_function(stack, "Handler"))
    for construct_id, job_filter in JOB_FILTERS.items():
        jobs = StatusEvents(
            stack, construct_id, filter=job_filter, delivery=loops.delivery, alerts=loops.alerts
        )
        jobs.alert_on_failure()
        if construct_id == "Training":
            jobs.add_queue()
            jobs.on_completed(
                "Deploy", target=targets.LambdaFunction(create_function(stack, "Deployer"))
            )
        else:
            jobs.add_topic(loops.topic)


CASES = (
    Case("composed-without-handler", in_stack(_composed_without_handler)),
    Case("jobs", in_stack(_jobs)),
)

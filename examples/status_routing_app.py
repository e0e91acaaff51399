"""Several flow definitions, with a target for each status of their human loops.

Completed claims and invoices go to queues of their own, what expired to those who schedule the
reviewers, other failures to the on-call engineers, and Stopped loops to those who requested them.

Run it with `npx cdk synth --app "python examples/status_routing_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events import (
    Alerts,
    Delivery,
    FlowDefinitions,
    HumanLoopEvents,
    HumanLoopFilter,
    HumanLoopStatus,
    OutputLocation,
    StatusEvents,
)


class RoutedReviews(Stack):
    """Reviews of claims and invoices, routed by flow definition and by status."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        delivery = Delivery(self, "Delivery")
        alerts = Alerts(self, "Alerts", encryption_key=delivery.encryption_key)
        loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("claims", "invoices"),
            output=OutputLocation.from_s3_output_path(self, "Output", "s3://example-reviews/a2i/"),
            delivery=delivery,
            alerts=alerts,
        )

        # One queue for each flow definition, with the Completed loops.
        for name in ("claims", "invoices"):
            completed = StatusEvents(
                self,
                f"Completed-{name}",
                filter=HumanLoopFilter(
                    flow_definitions=FlowDefinitions.from_names(name),
                    statuses=[HumanLoopStatus.COMPLETED],
                ),
                delivery=delivery,
                alerts=alerts,
            )
            completed.add_queue()

        loops.on_failed("Expired", failure_codes=["Expired"], target=self._queue("Schedulers"))
        loops.on_failed(
            "Broken",
            failure_codes=["ValidationError", "InternalError"],
            target=self._queue("OnCall"),
        )
        loops.on_stopped("Cancelled", target=self._queue("Requesters"))

    def _queue(self, construct_id: str) -> targets.SqsQueue:
        return targets.SqsQueue(
            sqs.Queue(self, construct_id, enforce_ssl=True, retention_period=Duration.days(14))
        )


app = App()
RoutedReviews(app, "RoutedReviews")
app.synth()

"""Human loops and training jobs of one team, with one delivery and one set of alerts.

Run it with `npx cdk synth --app "python examples/jobs_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Stack
from constructs import Construct

from human_loop_events import (
    Alerts,
    Delivery,
    FlowDefinitions,
    HumanLoopEvents,
    JobFilter,
    OutputLocation,
    StatusEvents,
)


class ModelOperations(Stack):
    """Reviews of invoices, and the jobs that train and run the model behind them."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        delivery = Delivery(self, "Delivery")
        alerts = Alerts(self, "Alerts", encryption_key=delivery.encryption_key)

        HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("invoices"),
            output=OutputLocation.from_s3_output_path(self, "Output", "s3://example-reviews/a2i/"),
            delivery=delivery,
            alerts=alerts,
        )

        training = StatusEvents(
            self,
            "Training",
            filter=JobFilter.training(name_prefix="invoices-"),
            delivery=delivery,
            alerts=alerts,
        )
        training.add_topic()
        training.add_queue()
        training.alert_on_failure()

        pipelines = StatusEvents(
            self,
            "Pipelines",
            filter=JobFilter.pipeline_executions(name_prefix="invoices-").failed_only(),
            delivery=delivery,
            alerts=alerts,
        )
        pipelines.alert_on_failure()

        CfnOutput(self, "AlertsTopicArn", value=alerts.topic.topic_arn)
        CfnOutput(self, "TrainingTopicArn", value=training.topic.topic_arn)
        CfnOutput(self, "TrainingQueueUrl", value=training.queue.queue_url)


app = App()
ModelOperations(app, "ModelOperations")
app.synth()

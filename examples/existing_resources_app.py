"""Human loops with an existing bucket, an existing topic for incidents and an existing function.

Run it with `npx cdk synth --app "python examples/existing_resources_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, Stack
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from human_loop_events import (
    AlertsSettings,
    DeliverySettings,
    FieldMapping,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopEvents,
    OutputLocation,
    ReviewHandlerSettings,
)

PAGER = """
def handle(event, context):
    loop = event["detail"]
    print(f"Paging about {loop['humanLoopName']}: {loop.get('failureCode')}")
"""


class ClaimsReviews(Stack):
    """What happens when reviewers have answered claims and invoices."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        key = kms.Key(self, "Key", enable_key_rotation=True)
        incidents = sns.Topic(self, "Incidents", master_key=key, enforce_ssl=True)
        loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("claims", "invoices"),
            # The S3OutputPath of the flow definitions.
            output=OutputLocation.from_s3_output_path(self, "Output", "s3://example-reviews/a2i/"),
            handler=ReviewHandlerSettings(
                # The mapping of claims, a custom task.
                mappings={
                    "claims": [
                        FieldMapping(
                            name="Category",
                            prediction="model.category",
                            answer="category.label",
                            normalize=["case"],
                        ),
                        FieldMapping(
                            name="Amount",
                            prediction="model.amount",
                            answer="amount",
                            tolerance=0.005,
                        ),
                    ]
                },
            ),
            handler_delivery=HandlerDelivery.buffered(),
            alerts=AlertsSettings(topic=incidents),
            delivery=DeliverySettings(encryption_key=key),
        )
        loops.alert_on_low_agreement(0.8)

        pager = lambda_.Function(
            self,
            "Pager",
            code=lambda_.Code.from_inline(PAGER),
            handler="index.handle",
            runtime=lambda_.Runtime.PYTHON_3_14,
        )
        loops.on_failed(
            "Page",
            failure_codes=["InternalError", "Expired"],
            target=targets.LambdaFunction(pager),
        )

        flow_definition = iam.Role(
            self, "FlowDefinition", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
        )
        loops.grant_write_output(flow_definition)
        training = iam.Role(
            self, "Training", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
        )
        loops.grant_read_output(training)
        loops.review_handler.ledger.grant_read(training)


app = App()
ClaimsReviews(app, "ClaimsReviews")
app.synth()

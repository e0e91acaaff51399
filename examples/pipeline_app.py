"""A pipeline that deploys human loop events to a staging account, and then to production.

Run it with `npx cdk synth --app "python examples/pipeline_app.py"`.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import pipelines
from constructs import Construct

from human_loop_events import FlowDefinitions, HumanLoopEvents, OutputLocation

REGION = "eu-west-1"
TOOLS = cdk.Environment(account="111122223333", region=REGION)
STAGING = cdk.Environment(account="222233334444", region=REGION)
PRODUCTION = cdk.Environment(account="444455556666", region=REGION)
CONNECTION = f"arn:aws:codeconnections:{REGION}:{TOOLS.account}:connection/example"


class Reviews(cdk.Stage):
    """The stacks of one account: a stage of the pipeline."""

    def __init__(
        self, scope: Construct, construct_id: str, *, env: cdk.Environment, bucket_name: str
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        stack = cdk.Stack(self, "HumanLoops")
        bucket = s3.Bucket.from_bucket_name(stack, "Output", bucket_name)
        loops = HumanLoopEvents(
            stack,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("invoices", "claims"),
            output=OutputLocation(bucket, prefix="reviews/"),
        )
        loops.alerts.topic.add_subscription(
            subscriptions.EmailSubscription("ml-oncall@example.com")
        )


app = cdk.App()
tools = cdk.Stack(app, "ReviewsPipeline", env=TOOLS)
pipeline = pipelines.CodePipeline(
    tools,
    "Pipeline",
    pipeline_type=codepipeline.PipelineType.V2,
    cross_account_keys=True,
    synth=pipelines.ShellStep(
        "Synth",
        input=pipelines.CodePipelineSource.connection(
            "example/reviews", "main", connection_arn=CONNECTION
        ),
        commands=["pip install -r requirements.txt", "npx cdk synth"],
    ),
)
pipeline.add_stage(Reviews(app, "Staging", env=STAGING, bucket_name="reviews-staging"))
pipeline.add_stage(
    Reviews(app, "Production", env=PRODUCTION, bucket_name="reviews-prod"),
    pre=[pipelines.ManualApprovalStep("Approve")],
)
app.synth()

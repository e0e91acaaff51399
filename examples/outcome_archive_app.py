"""An archive of outcomes, and a role for the people who query it with Amazon Athena.

Run it with `npx cdk synth --app "python examples/outcome_archive_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Duration, Size, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from human_loop_events import (
    FlowDefinitions,
    HumanLoopEvents,
    OutcomeArchiveSettings,
    OutputLocation,
)


class ArchivedReviews(Stack):
    """Reviews of invoices, with their outcomes archived for two years."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("invoices"),
            output=OutputLocation.from_s3_output_path(self, "Output", "s3://example-reviews/a2i/"),
            outcome_archive=OutcomeArchiveSettings(
                expiration=Duration.days(730), scan_limit=Size.gibibytes(1)
            ),
        )
        analysts = iam.Role(
            self,
            "Analysts",
            assumed_by=iam.AccountPrincipal(self.account),
            description="Queries the outcomes of reviews",
        )
        loops.outcome_archive.grant_query(analysts)
        CfnOutput(self, "WorkGroup", value=loops.outcome_archive.work_group_name)


app = App()
ArchivedReviews(app, "ArchivedReviews")
app.synth()

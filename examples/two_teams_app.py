"""Two teams in one account and Region, each with a stack for its own flow definitions.

Both stacks publish outcomes on the default event bus. A rule of `on_outcome` matches only those
that its own stack records in its ledger. No human loop belongs to both:
`FlowDefinitions.from_names` keeps them apart.

Run it with `npx cdk synth --app "python examples/two_teams_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, Stack
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events import FlowDefinitions, HumanLoopEvents, OutputLocation


class TeamReviews(Stack):
    """The reviews of one team: its flow definitions, outcomes and alerts."""

    def __init__(self, scope: Construct, team: str, *, flow_definitions: list[str]) -> None:
        super().__init__(scope, f"{team}Reviews")
        self.loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names(*flow_definitions),
            # One bucket for both teams: each reads only the output of its own flow definitions.
            output=OutputLocation.from_s3_output_path(self, "Output", "s3://example-reviews/a2i/"),
        )
        self.loops.alerts.topic.add_subscription(
            subscriptions.EmailSubscription(f"{team.lower()}-oncall@example.com")
        )
        outcomes = sqs.Queue(self, "Outcomes", enforce_ssl=True)
        self.loops.on_outcome("Collect", target=targets.SqsQueue(outcomes))


app = App()
TeamReviews(app, "Lending", flow_definitions=["applications", "payslips"])
TeamReviews(app, "Support", flow_definitions=["tickets"])
app.synth()

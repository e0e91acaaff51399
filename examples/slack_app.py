"""Alerts in a Slack channel, by Amazon Q Developer in chat applications.

An administrator has to authorize the Slack workspace once, in the console. The ids of the workspace
and of the channel are in Slack's URLs.

Run it with `npx cdk synth --app "python examples/slack_app.py"`.
"""

from __future__ import annotations

from aws_cdk import App, Stack
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from constructs import Construct

from human_loop_events import (
    AlertFormat,
    AlertsSettings,
    FlowDefinitions,
    HumanLoopEvents,
    OutputLocation,
)


class SlackReviews(Stack):
    """Reviews of invoices, with failures and alarms in a Slack channel."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names("invoices"),
            output=OutputLocation.from_s3_output_path(self, "Output", "s3://example-reviews/a2i/"),
            # Amazon Q Developer drops messages in any other format.
            alerts=AlertsSettings(alert_format=AlertFormat.CHAT),
        )
        chatbot.SlackChannelConfiguration(
            self,
            "Slack",
            slack_channel_configuration_name="human-loops",
            slack_workspace_id="T0123456789",
            slack_channel_id="C0123456789",
            notification_topics=[loops.alerts.topic],
            # Notifications need no permission, and nobody can run commands from the channel.
            guardrail_policies=[
                iam.ManagedPolicy(
                    self,
                    "NoCommands",
                    statements=[
                        iam.PolicyStatement(effect=iam.Effect.DENY, actions=["*"], resources=["*"])
                    ],
                )
            ],
        )


app = App()
SlackReviews(app, "SlackReviews")
app.synth()

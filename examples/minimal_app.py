"""The smallest useful app: an e-mail for each failed review, everything else with its defaults.

Run it with `npx cdk synth --app "python examples/minimal_app.py"`.
"""

from aws_cdk import App, Stack
from aws_cdk import aws_sns_subscriptions as subscriptions

from human_loop_events import FlowDefinitions, HumanLoopEvents, OutputLocation

app = App()
stack = Stack(app, "Reviews")
loops = HumanLoopEvents(
    stack,
    "HumanLoops",
    flow_definitions=FlowDefinitions.from_names("invoices"),
    # The S3OutputPath of the flow definition.
    output=OutputLocation.from_s3_output_path(stack, "Output", "s3://example-reviews/a2i/"),
)
loops.alerts.topic.add_subscription(subscriptions.EmailSubscription("ml-oncall@example.com"))
app.synth()

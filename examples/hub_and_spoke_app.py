"""A hub and its spokes: human loops in two accounts, with alerts and reviews in a third one.

Deploy it with `npx cdk deploy --all --app "python examples/hub_and_spoke_app.py"`, with credentials
that can assume the roles in all three accounts. CDK deploys the hub first.
"""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_sns_subscriptions as subscriptions

from human_loop_events import (
    FlowDefinitions,
    HumanLoopEvents,
    HumanLoopHub,
    HumanLoopSpoke,
    OutputLocation,
)

ACCOUNTS = {"invoices": "444455556666", "claims": "777788889999"}

app = App()

people = Stack(app, "People", env=Environment(account="111122223333", region="eu-west-1"))
hub = HumanLoopHub(people, "Hub", accounts=list(ACCOUNTS.values()))
loops = HumanLoopEvents(people, "HumanLoops", event_bus=hub)
loops.alerts.topic.add_subscription(subscriptions.EmailSubscription("ml-oncall@example.com"))

for name, account in ACCOUNTS.items():
    stack = Stack(app, f"Spoke-{name}", env=Environment(account=account, region="eu-central-1"))
    stack.node.add_dependency(people)
    spoke = HumanLoopSpoke(
        stack,
        "Spoke",
        hub=hub,
        flow_definitions=FlowDefinitions.from_names(name),
        # The S3OutputPath of the flow definition.
        output=OutputLocation.from_s3_output_path(stack, "Output", f"s3://example-{name}/a2i/"),
    )
    # An event that cannot be forwarded raises an alarm here, not in the hub.
    spoke.alerts.topic.add_subscription(subscriptions.EmailSubscription("ml-oncall@example.com"))
    spoke.status_events.alert_on_silence(days=7)

app.synth()

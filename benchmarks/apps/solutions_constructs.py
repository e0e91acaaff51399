"""The peer: AWS Solutions Constructs for the same three targets, in one stack."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_solutions_constructs.aws_eventbridge_lambda import EventbridgeToLambda
from aws_solutions_constructs.aws_eventbridge_sns import EventbridgeToSns
from aws_solutions_constructs.aws_eventbridge_sqs import EventbridgeToSqs

app = cdk.App()
stack = cdk.Stack(app, "Peer")
rule = events.RuleProps(
    event_pattern=events.EventPattern(
        source=["aws.sagemaker"], detail_type=["SageMaker A2I HumanLoop Status Change"]
    )
)
EventbridgeToSqs(stack, "Queue", event_rule_props=rule)
EventbridgeToSns(stack, "Topic", event_rule_props=rule)
EventbridgeToLambda(
    stack,
    "Function",
    event_rule_props=rule,
    lambda_function_props=lambda_.FunctionProps(
        code=lambda_.Code.from_inline("def handle(event, context): ..."),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
    ),
)
app.synth()

"""The front door: `cdk deploy` puts one stack into each configured account and Region."""

import aws_cdk as cdk

from stacks.deployment import Deployment
from stacks.human_loop_stack import HumanLoopStack

app = cdk.App()
for deployment in Deployment.from_context(app.node.try_get_context("deployments")):
    HumanLoopStack(app, deployment.stack_name, deployment=deployment)
app.synth()

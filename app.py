"""The app: one stack for each configured account and Region. `cdk deploy` starts here."""

import sys

import aws_cdk as cdk

from stacks.deployment import ConfigurationError, read_deployments
from stacks.human_loop_stack import HumanLoopStack

app = cdk.App()
try:
    for deployment in read_deployments(app.node.try_get_context("deployments")):
        try:
            HumanLoopStack(app, deployment.stack_name, deployment=deployment)
        except ValueError as error:
            name = deployment.name or "without a name"
            raise ConfigurationError(f"deployment {name}: {error}") from error
    app.synth()
except (ConfigurationError, RuntimeError) as error:
    sys.exit(f"error: {error}")

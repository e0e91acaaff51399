"""The app: one stack for each configured account and Region. `cdk deploy` starts here."""

import sys

import aws_cdk as cdk

from stacks.create_stacks import create_stacks
from stacks.deployment import ConfigurationError, read_deployments

app = cdk.App()
try:
    create_stacks(app, read_deployments(app.node.try_get_context("deployments")))
    app.synth()
except (ConfigurationError, RuntimeError) as error:
    sys.exit(f"error: {error}")

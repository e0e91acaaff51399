"""The app: one stack for each configured account and Region. `cdk deploy` starts here."""

import sys

import aws_cdk as cdk

from stacks.create_stacks import create_stacks
from stacks.deployments_file import read_deployments
from stacks.faults import ConfigurationError

app = cdk.App()
try:
    context = app.node.try_get_context("deployments")
    create_stacks(app, read_deployments(context, source="cdk.json"))
    app.synth()
except (ConfigurationError, RuntimeError) as error:
    sys.exit(f"error: {error}")

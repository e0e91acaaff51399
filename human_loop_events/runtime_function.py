"""What the functions of this project have in common: code, logs, acknowledged findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aws_cdk import IgnoreMode
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from human_loop_events.acknowledgements import acknowledge
from human_loop_events.encryption import admit_log_groups
from human_loop_events.retention import KEEP
from human_loop_reviews import contract


def runtime_code() -> lambda_.Code:
    """Build the asset with the runtime package, and nothing else, from where it is installed."""
    package = Path(contract.__file__).parent
    return lambda_.Code.from_asset(
        str(package.parent),
        exclude=["*", f"!{package.name}", f"!{package.name}/**", "**/__pycache__"],
        ignore_mode=IgnoreMode.GIT,
    )


def create_log_group(
    scope: Construct, key: kms.IKey, retention: logs.RetentionDays
) -> logs.LogGroup:
    """Create the encrypted log group of a function, which is kept when the stack is deleted."""
    admit_log_groups(key, scope)
    return logs.LogGroup(
        scope, "Logs", encryption_key=key, retention=retention, removal_policy=KEEP
    )


def acknowledge_function(function: lambda_.Function) -> None:
    """Acknowledge the findings on every function of this project."""
    acknowledge(
        function,
        "The function calls public AWS endpoints only, with TLS and its own role, and accepts no "
        "connections. A VPC would add interface endpoints and a way to fail, and protect nothing.",
        "HIPAA.Security-LambdaInsideVPC",
        "NIST.800.53.R5-LambdaInsideVPC",
        "PCI.DSS.321-LambdaInsideVPC",
    )


def as_in_findings(value: Any) -> str:
    """Write a resolved ARN as cdk-nag does: references in angle brackets, joins joined."""
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(as_in_findings(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return as_in_findings(name)
        case {"Ref": resource}:
            return f"<{resource}>"
    return json.dumps(value, separators=(",", ":"))

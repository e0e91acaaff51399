"""What the functions of this project have in common: code, logs, role, permissions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypedDict

from aws_cdk import ArnFormat, Duration, IgnoreMode, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.aws.encryption import admit_log_groups
from human_loop_events.aws.retention import KEEP
from human_loop_reviews import contract

#: What Lambda needs to connect a function with a VPC.
#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
_NETWORK_ACTIONS: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


class Network(TypedDict, total=False):
    """Where in a VPC a function runs. Empty for nowhere."""

    vpc: ec2.IVpc
    vpc_subnets: ec2.SubnetSelection
    security_groups: Sequence[ec2.ISecurityGroup]


def create_log_group(
    scope: Construct, key: kms.IKey, retention: logs.RetentionDays
) -> logs.LogGroup:
    """Create the encrypted log group of a function, which is kept when the stack is deleted."""
    admit_log_groups(key, scope)
    return logs.LogGroup(
        scope, "Logs", encryption_key=key, retention=retention, removal_policy=KEEP
    )


def create_role(scope: Construct, *, description: str, role_name: str | None = None) -> iam.Role:
    """Create the execution role of a function."""
    return iam.Role(
        scope,
        "Role",
        role_name=role_name,
        description=description,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )


def create_function(
    scope: Construct,
    *,
    description: str,
    handler: str,
    role: iam.Role,
    policies: Sequence[iam.ManagedPolicy],
    log_group: logs.LogGroup,
    dead_letter_queue: sqs.IQueue | None,
    memory_size: int,
    timeout: Duration,
    environment: Mapping[str, str],
    network: Network | None = None,
    reserved_concurrent_executions: int | None = None,
    retry_attempts: int | None = None,
) -> lambda_.Function:
    """Create a function that runs the runtime package.

    Parameters
    ----------
    policies
        All that the function may do. CDK adds nothing to it.
    """
    function = lambda_.Function(
        scope,
        "Function",
        description=description,
        code=_runtime_code(),
        handler=handler,
        runtime=lambda_.Runtime.PYTHON_3_14,
        architecture=lambda_.Architecture.ARM_64,
        # The policies are complete. CDK must not add one of its own.
        role=role.without_policy_updates(),
        dead_letter_queue=dead_letter_queue,
        retry_attempts=retry_attempts,
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
        tracing=lambda_.Tracing.ACTIVE,
        memory_size=memory_size,
        timeout=timeout,
        reserved_concurrent_executions=reserved_concurrent_executions,
        environment=environment,
        **(network or {}),
    )
    # Lambda checks at creation that the role may send to the dead-letter queue.
    function.node.add_dependency(*policies)
    if not network:
        _acknowledge_no_vpc(function)
    return function


def network_of(
    policy: iam.ManagedPolicy,
    *,
    vpc: ec2.IVpc | None,
    vpc_subnets: ec2.SubnetSelection | None,
    security_groups: Sequence[ec2.ISecurityGroup] | None,
) -> Network:
    """Return where in a VPC a function runs, and allow Lambda to connect it.

    Raises
    ------
    ValueError
        If there are subnets or security groups without a VPC.
    """
    if vpc is None:
        for name, value in (("vpc_subnets", vpc_subnets), ("security_groups", security_groups)):
            if value is not None:
                raise ValueError(f"{name}: expected vpc with it, got none")
        return Network()
    iam.Grant.add_to_principal(grantee=policy, actions=list(_NETWORK_ACTIONS), resource_arns=["*"])
    # Lambda connects the function with its role. The function's own code must not.
    functions = Stack.of(policy).format_arn(
        service="lambda",
        resource="function",
        resource_name="*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    policy.add_statements(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            actions=list(_NETWORK_ACTIONS),
            resources=["*"],
            conditions={"ArnLike": {"lambda:SourceFunctionArn": functions}},
        )
    )
    acknowledge(
        policy,
        "Lambda requires these permissions for any resource to connect a function with a VPC. The "
        "code of the function is denied them.",
        "AwsSolutions-IAM5[Resource::*]",
    )
    network = Network(vpc=vpc)
    if vpc_subnets is not None:
        network["vpc_subnets"] = vpc_subnets
    if security_groups is not None:
        network["security_groups"] = security_groups
    return network


def allow(policy: iam.ManagedPolicy, actions: Sequence[str], resource: str) -> None:
    """Add a statement for one resource, or for ``*`` where AWS defines no resource."""
    iam.Grant.add_to_principal(grantee=policy, actions=actions, resource_arns=[resource])


def allow_events(
    policy: iam.ManagedPolicy, bus: events.IEventBus, detail_type: str, *, is_default_bus: bool
) -> None:
    """Allow to put the project's own events of one detail-type on a bus."""
    iam.Grant.add_to_principal(
        grantee=policy,
        actions=["events:PutEvents"],
        resource_arns=[bus.event_bus_arn],
        # One call can have several entries, so the keys have several values. ForAllValues is also
        # true without any value, which Null excludes.
        conditions={
            "ForAllValues:StringEquals": {
                "events:source": contract.PROJECT_SOURCE,
                "events:detail-type": detail_type,
            },
            "Null": {"events:source": "false", "events:detail-type": "false"},
        },
    )
    if not is_default_bus:
        # EventBridge drops what is sent to a bus that does not exist.
        allow(policy, ["events:DescribeEventBus"], bus.event_bus_arn)


def allow_logs_and_traces(policy: iam.ManagedPolicy, log_group: logs.LogGroup) -> None:
    """Allow to write the log and X-Ray's traces."""
    log_group.grant(policy, "logs:CreateLogStream", "logs:PutLogEvents")
    allow(policy, ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")


def acknowledge_shared_concurrency(function: lambda_.Function, reason: str) -> None:
    """Acknowledge that a function has no reserved concurrency, for a reason of its own."""
    acknowledge(
        function,
        reason,
        "HIPAA.Security-LambdaConcurrency",
        "NIST.800.53.R5-LambdaConcurrency",
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


def _runtime_code() -> lambda_.Code:
    """Build the asset with the runtime package, and nothing else, from where it is installed."""
    package = Path(contract.__file__).parent
    return lambda_.Code.from_asset(
        str(package.parent),
        exclude=["*", f"!{package.name}", f"!{package.name}/**", "**/__pycache__"],
        ignore_mode=IgnoreMode.GIT,
    )


def _acknowledge_no_vpc(function: lambda_.Function) -> None:
    acknowledge(
        function,
        "The function calls public AWS endpoints only, with TLS and its own role, and accepts no "
        "connections. A VPC would add interface endpoints and a way to fail, and protect nothing. "
        "Where a policy requires one, vpc sets it.",
        "HIPAA.Security-LambdaInsideVPC",
        "NIST.800.53.R5-LambdaInsideVPC",
        "PCI.DSS.321-LambdaInsideVPC",
    )

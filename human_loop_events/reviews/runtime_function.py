"""A function of the runtime package: code, logs, role, permissions, network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypedDict, cast

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
from human_loop_events.aws.encryption import (
    SEND_ACTIONS,
    admit_log_groups,
    grant_through,
    supplied_or_new_key,
)
from human_loop_events.aws.environments import VPC, check_environment
from human_loop_events.aws.policy_size import refuse_oversized
from human_loop_events.aws.retention import KEEP
from human_loop_reviews import contract

#: The actions with which Lambda connects a function with a VPC.
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
    """The VPC of a function. Empty for a function without a VPC."""

    vpc: ec2.IVpc
    vpc_subnets: ec2.SubnetSelection
    security_groups: Sequence[ec2.ISecurityGroup]


class RuntimeFunction(Construct):
    """A function of the runtime package, with its role, policy and log group.

    This is the base class of `ReviewHandler`, `Reconciler` and `HumanLoopCallbacks`. The resources
    are children of the subclass. A constructor calls `_create_role`, adds its statements to
    `policy`, and then calls `_create_function`.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    encryption_key
        The customer managed key of the logs. Default: a new one, with rotation.
    """

    function: lambda_.Function
    """The function."""
    policy: iam.ManagedPolicy
    """The function's permissions. A grant to the policy is a grant to the function."""
    role: iam.Role
    """The function's execution role."""
    log_group: logs.LogGroup
    """The function's log group."""
    encryption_key: kms.IKey
    """The key of the logs and of the data that the construct creates."""

    def __init__(
        self, scope: Construct, construct_id: str, *, encryption_key: kms.IKey | None
    ) -> None:
        super().__init__(scope, construct_id)
        self.encryption_key = supplied_or_new_key(self, encryption_key)

    def _create_role(
        self,
        *,
        description: str,
        policy_description: str,
        log_retention: logs.RetentionDays,
        role_name: str | None = None,
    ) -> None:
        """Create the log group, the execution role and its policy, which is empty."""
        self.log_group = create_log_group(self, self.encryption_key, log_retention)
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description=description,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        self.policy = iam.ManagedPolicy(
            self, "Policy", description=policy_description, roles=[self.role]
        )
        refuse_oversized(self.policy)

    def _create_function(
        self,
        *,
        description: str,
        entry_point: str,
        environment: Mapping[str, str],
        memory_size: int,
        timeout: Duration,
        network: Network,
        dead_letter_queue: sqs.IQueue | None,
        output_policies: Sequence[iam.ManagedPolicy] = (),
        layers: Sequence[lambda_.ILayerVersion] = (),
        reserved_concurrent_executions: int | None = None,
        retry_attempts: int | None = None,
    ) -> None:
        """Create the function, after the policies with everything that it may do."""
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            code=_runtime_code(),
            handler=entry_point,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            role=self.role,
            retry_attempts=retry_attempts,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            memory_size=memory_size,
            timeout=timeout,
            reserved_concurrent_executions=reserved_concurrent_executions,
            environment=environment,
            layers=list(layers) or None,
            **network,
        )
        resource = cast("lambda_.CfnFunction", self.function.node.default_child)
        # Set here, because as parameters of the construct they would make CDK add statements to
        # the role. The policies have them already, so the role has statements of others only:
        # grants to the function by the users of this construct.
        resource.tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")
        if dead_letter_queue is not None:
            resource.dead_letter_config = lambda_.CfnFunction.DeadLetterConfigProperty(
                target_arn=dead_letter_queue.queue_arn
            )
        # Lambda checks at creation that the role may send to the dead-letter queue.
        self.function.node.add_dependency(self.policy, *output_policies)
        if not network:
            _acknowledge_no_vpc(self.function)

    def _connect_network(
        self,
        vpc: ec2.IVpc | None,
        vpc_subnets: ec2.SubnetSelection | None,
        security_groups: Sequence[ec2.ISecurityGroup] | None,
    ) -> Network:
        """Allow Lambda to connect the function with a VPC, and return the function's network.

        Raises
        ------
        ValueError
            If subnets or security groups are supplied without a VPC.
        """
        if vpc is None:
            for name, value in (("vpc_subnets", vpc_subnets), ("security_groups", security_groups)):
                if value is not None:
                    raise ValueError(f"{name}: expected vpc with it, got none")
            return Network()
        check_environment("vpc", vpc, vpc.vpc_arn, self, VPC)
        _allow_network_interfaces(self.policy)
        network = Network(vpc=vpc)
        if vpc_subnets is not None:
            network["vpc_subnets"] = vpc_subnets
        if security_groups is not None:
            network["security_groups"] = security_groups
        return network

    def _allow(self, actions: Sequence[str], *resource_arns: str) -> None:
        """Allow actions on resources, or on ``*`` where AWS defines no resource."""
        iam.Grant.add_to_principal(
            grantee=self.policy, actions=actions, resource_arns=list(resource_arns)
        )

    def _allow_events(
        self, bus: events.IEventBus, detail_type: str, *, is_default_bus: bool
    ) -> None:
        """Allow putting the project's own events of one detail type on a bus."""
        iam.Grant.add_to_principal(
            grantee=self.policy,
            actions=["events:PutEvents"],
            resource_arns=[bus.event_bus_arn],
            # One call can have several entries, so the keys have several values. ForAllValues is
            # also true without any value, which Null excludes.
            conditions={
                "ForAllValues:StringEquals": {
                    "events:source": contract.PROJECT_SOURCE,
                    "events:detail-type": detail_type,
                },
                "Null": {"events:source": "false", "events:detail-type": "false"},
            },
        )
        if not is_default_bus:
            # EventBridge drops events that are sent to a bus that does not exist.
            self._allow(["events:DescribeEventBus"], bus.event_bus_arn)

    def _allow_describe_loops(self) -> None:
        """Allow describing the human loops of this account and Region."""
        allow_describe_loops(self.policy)

    def _allow_logs_and_traces(self) -> None:
        """Allow writing the log and X-Ray's traces."""
        self.log_group.grant(self.policy, "logs:CreateLogStream", "logs:PutLogEvents")
        self._allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")

    def _allow_send(self, queue: sqs.IQueue) -> None:
        """Allow sending to a queue, with its key."""
        queue.grant(self.policy, "sqs:SendMessage")
        if queue.encryption_master_key is not None:
            grant_through(queue.encryption_master_key, self.policy, "sqs", SEND_ACTIONS)

    def _acknowledge_any_resource(self, reason: str) -> None:
        """Acknowledge that the policy has actions for which AWS defines no resource."""
        acknowledge(self.policy, reason, "AwsSolutions-IAM5[Resource::*]")

    def _acknowledge_wildcards(self, reason: str, arns: Iterable[str]) -> None:
        """Acknowledge that the policy has ARNs with wildcards."""
        acknowledge_wildcards(self.policy, reason, arns)

    def _acknowledge_shared_concurrency(self, reason: str) -> None:
        """Acknowledge that the function has no reserved concurrency."""
        acknowledge(
            self.function,
            reason,
            "HIPAA.Security-LambdaConcurrency",
            "NIST.800.53.R5-LambdaConcurrency",
        )


def create_log_group(
    scope: Construct, key: kms.IKey, retention: logs.RetentionDays
) -> logs.LogGroup:
    """Create an encrypted log group, which is kept when the stack is deleted."""
    admit_log_groups(key, scope)
    return logs.LogGroup(
        scope, "Logs", encryption_key=key, retention=retention, removal_policy=KEEP
    )


def allow_describe_loops(policy: iam.ManagedPolicy) -> None:
    """Allow describing the human loops of the policy's account and Region."""
    loops = Stack.of(policy).format_arn(
        service="sagemaker", resource="human-loop", resource_name="*"
    )
    iam.Grant.add_to_principal(
        grantee=policy, actions=["sagemaker:DescribeHumanLoop"], resource_arns=[loops]
    )
    acknowledge_wildcards(
        policy,
        "Reading the status of the human loops of this account and Region. Their names are not "
        "known beforehand, and AWS defines no condition keys for them.",
        [loops],
    )


def acknowledge_wildcards(policy: iam.ManagedPolicy, reason: str, arns: Iterable[str]) -> None:
    """Acknowledge that a policy has ARNs with wildcards."""
    stack = Stack.of(policy)
    acknowledge(
        policy,
        reason,
        *(f"AwsSolutions-IAM5[Resource::{_as_in_findings(stack.resolve(arn))}]" for arn in arns),
    )


def _allow_network_interfaces(policy: iam.ManagedPolicy) -> None:
    """Allow Lambda to connect the function with its role, and deny it to the function's code."""
    iam.Grant.add_to_principal(grantee=policy, actions=list(_NETWORK_ACTIONS), resource_arns=["*"])
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


def _as_in_findings(value: Any) -> str:
    """Render a resolved ARN like cdk-nag: references in angle brackets, and joins as text."""
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_as_in_findings(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return _as_in_findings(name)
        case {"Ref": resource}:
            return f"<{resource}>"
    return json.dumps(value, separators=(",", ":"))


def _runtime_code() -> lambda_.Code:
    """Build the asset from the installed runtime package. It contains only this package."""
    package = Path(contract.__file__).parent
    return lambda_.Code.from_asset(
        str(package.parent),
        exclude=_all_but_modules(package.name),
        ignore_mode=IgnoreMode.GIT,
    )


def _all_but_modules(package: str) -> list[str]:
    """Return the patterns that leave out everything but the modules of a package.

    What an editor leaves beside them would change the hash of the asset, and with it each function.
    """
    folders, modules = f"!{package}/**/", f"!{package}/**/*.py"
    return ["*", f"!{package}", folders, modules, f"!{package}/py.typed", ".*", "**/__pycache__"]


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

"""The included handler: a function that reads each review, and the ledger it keeps."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import Duration, IgnoreMode, RemovalPolicy, Size, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.acknowledgements import acknowledge
from human_loop_events.encryption import SEND_ACTIONS, USE_ACTIONS, admit_log_groups, create_key
from human_loop_events.events import OUTCOME_DETAIL_TYPE, OUTCOME_SOURCE, FlowDefinitions
from human_loop_events.mappings import FieldMapping, render_mappings
from human_loop_events.output_bucket import OutputLocation

RUNTIME_PACKAGE = "human_loop_reviews"

#: The ledger's index by flow definition and end time.
LEDGER_INDEX = "ByFlowDefinition"


class ReviewHandler(Construct):
    """A function that settles ended human loops, with its role, log group and ledger.

    For each ended loop it reads the output from S3, reviews it (prediction against people, people
    against each other), publishes the outcome on an event bus, and records it in the ledger,
    exactly once. It accepts an EventBridge event, or a batch of them from SQS.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    output_bucket
        The bucket that the flow definitions write their output to.
    output_prefix
        The key prefix of the flow definitions' ``S3OutputPath``. Default: the whole bucket.
    output_encryption_key
        The flow definitions' own key for their output. Default: the bucket's key, if any.
    flow_definitions
        Whose output may be read. With known names only their folders may be. Default: any.
    dead_letters
        Queue for events that Lambda could not get processed when it was invoked directly.
        Default: none; supply one unless the function is fed from SQS only.
    encryption_key
        Customer managed key of the ledger and the logs. Default: a new one.
    mappings
        For custom tasks, by the flow definition's name: where prediction and answer are found.
        Default: reviewers are compared with each other only.
    include_values
        Whether outcomes carry the documents' values. Default: names and verdicts only.
    outcome_bus
        The bus that outcomes are published on. Default: the account's default bus.
    ledger
        A table with partition key ``humanLoopArn`` and sort key ``creationTime``, both strings.
        Default: a new one, on demand, with point-in-time recovery, retained on deletion.
    ledger_retention
        How long the ledger remembers a loop. Default: 400 days.
    log_retention
        How long logs are kept. Default: one year.
    max_output_size
        Outputs above this size are not read; their events end in dead letters. Default: 64 MiB.
    memory_size
        The function's memory in MiB. Default: 1024, enough for the largest output.
    timeout
        The function's timeout. Default: one minute.
    reserved_concurrent_executions
        How many instances may run at once. Default: no limit but the account's.

    Raises
    ------
    ValueError
        If the mappings do not fit or are not valid, or the prefix holds a wildcard.

    Examples
    --------
    >>> ReviewHandler(self, "Handler", output_bucket=bucket, dead_letters=queue)  # doctest: +SKIP
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        output_bucket: s3.IBucket,
        output_prefix: str = "",
        output_encryption_key: kms.IKey | None = None,
        flow_definitions: FlowDefinitions | None = None,
        dead_letters: sqs.IQueue | None = None,
        encryption_key: kms.IKey | None = None,
        mappings: Mapping[str, Sequence[FieldMapping]] | None = None,
        include_values: bool = False,
        outcome_bus: events.IEventBus | None = None,
        ledger: dynamodb.ITable | None = None,
        ledger_retention: Duration | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        max_output_size: Size | None = None,
        memory_size: int = 1024,
        timeout: Duration | None = None,
        reserved_concurrent_executions: int | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._output = OutputLocation(
            output_bucket,
            output_prefix,
            flow_definitions or FlowDefinitions.any(),
            output_encryption_key,
        )
        self._key = encryption_key or create_key(self)
        self._outcome_bus = outcome_bus or events.EventBus.from_event_bus_name(
            self, "DefaultBus", "default"
        )
        self._ledger = ledger or _create_ledger(self, self._key)
        self._log_group = _create_log_group(self, self._key, log_retention)
        self._role = iam.Role(
            self,
            "Role",
            description="Settles ended human loops",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        self._policy = self._create_policy(dead_letters)
        self._function = lambda_.Function(
            self,
            "Function",
            description="Reads the review of each ended human loop and reports the outcome",
            code=runtime_code(),
            handler=f"{RUNTIME_PACKAGE}.handler.handle",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            # The policy above is complete, so CDK need not, and shall not, add one of its own.
            role=self._role.without_policy_updates(),
            dead_letter_queue=dead_letters,
            log_group=self._log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            memory_size=memory_size,
            timeout=timeout or Duration.minutes(1),
            reserved_concurrent_executions=reserved_concurrent_executions,
            environment=self._environment(
                mappings or {},
                include_values,
                ledger_retention or Duration.days(400),
                max_output_size or Size.mebibytes(64),
            ),
        )
        # Lambda checks at creation that the role may send to the dead letters.
        self._function.node.add_dependency(self._policy)
        _acknowledge_function(self._function, reserved_concurrent_executions)

    @property
    def function(self) -> lambda_.Function:
        """The function."""
        return self._function

    @property
    def policy(self) -> iam.ManagedPolicy:
        """The function's permissions; a grant to it is a grant to the function."""
        return self._policy

    @property
    def role(self) -> iam.Role:
        """The function's execution role."""
        return self._role

    @property
    def ledger(self) -> dynamodb.ITable:
        """The table of outcomes, one item for each human loop."""
        return self._ledger

    @property
    def log_group(self) -> logs.LogGroup:
        """The function's log group."""
        return self._log_group

    @property
    def outcome_bus(self) -> events.IEventBus:
        """The bus that outcomes are published on."""
        return self._outcome_bus

    @property
    def encryption_key(self) -> kms.IKey:
        """The key of the ledger and the logs."""
        return self._key

    def grant_read_ledger(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading the ledger and its index."""
        return self._ledger.grant_read_data(grantee)

    def on_outcome(
        self,
        rule_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        rule_name: str | None = None,
    ) -> events.Rule:
        """Define a rule for the outcomes that the handler publishes.

        Parameters
        ----------
        rule_id
            The id of the rule within this construct.
        target
            Where the outcomes go. Default: nowhere; add targets to the returned rule.
        description
            The rule's description.
        rule_name
            The rule's physical name. Default: one made by CloudFormation.
        """
        return events.Rule(
            self,
            rule_id,
            description=description,
            rule_name=rule_name,
            event_bus=self._outcome_bus,
            event_pattern=events.EventPattern(
                source=[OUTCOME_SOURCE], detail_type=[OUTCOME_DETAIL_TYPE]
            ),
            targets=None if target is None else [target],
        )

    def _environment(
        self,
        mappings: Mapping[str, Sequence[FieldMapping]],
        include_values: bool,
        ledger_retention: Duration,
        max_output_size: Size,
    ) -> dict[str, str]:
        environment = {
            "LEDGER_TABLE": self._ledger.table_name,
            "LEDGER_RETENTION_DAYS": f"{ledger_retention.to_days():g}",
            "OUTCOME_BUS": self._outcome_bus.event_bus_arn,
            "INCLUDE_VALUES": str(include_values).lower(),
            "MAX_OUTPUT_BYTES": f"{max_output_size.to_bytes():.0f}",
        }
        if mappings:
            environment["MAPPINGS"] = render_mappings(mappings, self._output.flow_definitions)
        return environment

    def _create_policy(self, dead_letters: sqs.IQueue | None) -> iam.ManagedPolicy:
        policy = iam.ManagedPolicy(
            self, "Policy", description="What the review handler may do", roles=[self._role]
        )
        self._output.grant_read(policy)
        # Not ledger.grant(): it would add the index, by a wildcard.
        iam.Grant.add_to_principal(
            grantee=policy,
            actions=["dynamodb:GetItem", "dynamodb:PutItem"],
            resource_arns=[self._ledger.table_arn],
        )
        for key in (self._key, self._ledger.encryption_key):
            if key is not None:
                key.grant(policy, *USE_ACTIONS)
        iam.Grant.add_to_principal(
            grantee=policy,
            actions=["events:PutEvents"],
            resource_arns=[self._outcome_bus.event_bus_arn],
            conditions={
                "StringEquals": {
                    "events:source": OUTCOME_SOURCE,
                    "events:detail-type": OUTCOME_DETAIL_TYPE,
                }
            },
        )
        self._log_group.grant(policy, "logs:CreateLogStream", "logs:PutLogEvents")
        if dead_letters is not None:
            dead_letters.grant(policy, "sqs:SendMessage")
            if dead_letters.encryption_master_key is not None:
                dead_letters.encryption_master_key.grant(policy, *SEND_ACTIONS)
        iam.Grant.add_to_principal(
            grantee=policy,
            actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
            resource_arns=["*"],
        )
        self._acknowledge_policy(policy)
        return policy

    def _acknowledge_policy(self, policy: iam.ManagedPolicy) -> None:
        stack = Stack.of(self)
        acknowledge(
            policy,
            "X-Ray's two write actions take no resource: AWS defines them for '*' only.",
            "AwsSolutions-IAM5[Resource::*]",
        )
        acknowledge(
            policy,
            "Read access to the output objects below the configured prefix. A2I makes their keys "
            "from date, time and the human loop's name, so they cannot be listed beforehand.",
            *(
                f"AwsSolutions-IAM5[Resource::{_as_in_findings(stack.resolve(arn))}]"
                for arn in map(self._output.bucket.arn_for_objects, self._output.object_patterns)
            ),
        )


def runtime_code() -> lambda_.Code:
    """Build the asset with the runtime package, and nothing else, from wherever it is installed.

    Raises
    ------
    FileNotFoundError
        If the package ``human_loop_reviews`` is not there.
    """
    beside = Path(__file__).parents[1] / "lambda"
    if not (beside / RUNTIME_PACKAGE / "handler.py").is_file():
        spec = importlib.util.find_spec(RUNTIME_PACKAGE)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(
                f"the package {RUNTIME_PACKAGE} is not installed; it comes with "
                "a2i-human-loop-events, so install that again"
            )
        beside = Path(spec.origin).parents[1]
    return lambda_.Code.from_asset(
        str(beside),
        exclude=["*", f"!{RUNTIME_PACKAGE}", f"!{RUNTIME_PACKAGE}/**", "**/__pycache__"],
        ignore_mode=IgnoreMode.GIT,
    )


def _create_ledger(scope: Construct, key: kms.IKey) -> dynamodb.Table:
    table = dynamodb.Table(
        scope,
        "Ledger",
        partition_key=dynamodb.Attribute(name="humanLoopArn", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="creationTime", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute="expiresAt",
        removal_policy=RemovalPolicy.RETAIN,
    )
    table.add_global_secondary_index(
        index_name=LEDGER_INDEX,
        partition_key=dynamodb.Attribute(
            name="flowDefinitionArn", type=dynamodb.AttributeType.STRING
        ),
        sort_key=dynamodb.Attribute(name="endTime", type=dynamodb.AttributeType.STRING),
    )
    acknowledge(
        table,
        "Point-in-time recovery restores any second of the last 35 days. A backup plan is an "
        "account's own: its vault, schedule and selection by tags are not a construct's to set.",
        "HIPAA.Security-DynamoDBInBackupPlan",
        "NIST.800.53.R5-DynamoDBInBackupPlan",
    )
    return table


def _create_log_group(
    scope: Construct, key: kms.IKey, retention: logs.RetentionDays
) -> logs.LogGroup:
    admit_log_groups(key, scope)
    return logs.LogGroup(
        scope,
        "Logs",
        encryption_key=key,
        retention=retention,
        removal_policy=RemovalPolicy.RETAIN,
    )


def _acknowledge_function(
    function: lambda_.Function, reserved_concurrent_executions: int | None
) -> None:
    acknowledge(
        function,
        "The function reaches public AWS endpoints only, with TLS and its own role, and accepts no "
        "connections; a VPC would add interface endpoints and a way to fail, and protect nothing.",
        "HIPAA.Security-LambdaInsideVPC",
        "NIST.800.53.R5-LambdaInsideVPC",
        "PCI.DSS.321-LambdaInsideVPC",
    )
    if reserved_concurrent_executions is None:
        acknowledge(
            function,
            "A reserve is taken from the account's quota and fails the deployment where the quota "
            "is small; events arrive at the pace of people. reserved_concurrent_executions sets "
            "one.",
            "HIPAA.Security-LambdaConcurrency",
            "NIST.800.53.R5-LambdaConcurrency",
        )


def _as_in_findings(value: Any) -> str:
    """Write a resolved ARN as cdk-nag does: references in angle brackets, joins joined."""
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

"""The customer managed key: made here, or supplied, and opened to the services that must use it."""

from __future__ import annotations

from aws_cdk import Annotations, ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

#: What a service needs to put a message into an encrypted topic or queue.
SEND_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")

#: What DynamoDB, CloudWatch Logs and a writer of encrypted objects need. AWS documents
#: ``kms:ReEncrypt*`` and ``kms:GenerateDataKey*``; these are the actions behind the wildcards
#: that concern symmetric keys.
USE_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


def create_key(scope: Construct) -> kms.Key:
    """Create a key with rotation that stays when the stack is deleted."""
    return kms.Key(
        scope,
        "Key",
        description=f"Human loop events of {scope.node.path}",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN,
    )


def admit_senders(key: kms.IKey | None, scope: Construct, *services: str) -> None:
    """Let AWS services of this account send to topics and queues encrypted with the key.

    Parameters
    ----------
    key
        The topic's or queue's key; nothing is done without one.
    scope
        The construct that needs it.
    services
        Service principals, such as ``"events.amazonaws.com"``.
    """
    for service in services if key else ():
        _admit(
            key,
            scope,
            iam.ServicePrincipal(service),
            SEND_ACTIONS,
            {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )


def admit_log_groups(key: kms.IKey, scope: Construct) -> None:
    """Let CloudWatch Logs use the key for log groups of this account and Region.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    stack = Stack.of(scope)
    log_groups = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name="*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    _admit(
        key,
        scope,
        iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com"),
        USE_ACTIONS,
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
    )


def _admit(
    key: kms.IKey | None,
    scope: Construct,
    principal: iam.ServicePrincipal,
    actions: tuple[str, ...],
    conditions: dict[str, dict[str, str]],
) -> None:
    if key is None:
        return
    added = key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[principal], actions=list(actions), resources=["*"], conditions=conditions
        )
    )
    if not added.statement_added:
        Annotations.of(scope).add_warning_v2(
            f"human-loop-events:key-policy:{principal.service}",
            f"The policy of key {key.key_arn} cannot be changed from here: it must allow "
            f"{principal.service} {', '.join(actions)}, or messages are lost",
        )

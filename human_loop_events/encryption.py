"""The customer managed key: made here, or supplied, and opened to the services that must use it."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from human_loop_events.resource_policies import EVENTS, admit
from human_loop_events.retention import KEEP

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
    """Create a key with rotation that is kept when the stack is deleted."""
    return kms.Key(
        scope,
        "Key",
        description=f"Human loop events of {scope.node.path}",
        enable_key_rotation=True,
        removal_policy=KEEP,
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
            service,
            SEND_ACTIONS,
            {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )


def admit_rules_to_topics(key: kms.IKey | None, scope: Construct) -> None:
    """Let EventBridge publish, as itself and not with a role, to topics encrypted with the key.

    EventBridge names neither the source's account nor its ARN to the key of a topic, so a condition
    on those fails every delivery. SNS names the topic, which binds the statement to this account.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    Parameters
    ----------
    key
        The topic's key; nothing is done without one.
    scope
        The construct that needs it.
    """
    topics = Stack.of(scope).format_arn(service="sns", resource="*")
    _admit(
        key,
        scope,
        EVENTS,
        SEND_ACTIONS,
        {"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": topics}},
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
        f"logs.{stack.region}.amazonaws.com",
        USE_ACTIONS,
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
    )


def _admit(
    key: kms.IKey | None,
    scope: Construct,
    service: str,
    actions: tuple[str, ...],
    conditions: dict[str, dict[str, str]],
) -> None:
    if key is not None:
        admit(key, "key", key.key_arn, scope, service, actions, conditions=conditions, resource="*")

"""The customer managed key, new or supplied, and the permissions of the services that use it."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from human_loop_events.aws.environments import KEY, check_environment
from human_loop_events.aws.resource_policies import EVENTS, admit
from human_loop_events.aws.retention import KEEP

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

#: What EventBridge needs for an archive. These are the actions behind ``kms:ReEncrypt*``.
ARCHIVE_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")


def create_key(scope: Construct) -> kms.Key:
    """Create a key with rotation that is kept when the stack is deleted."""
    return kms.Key(
        scope,
        "Key",
        description=f"Human loop events of {scope.node.path}",
        enable_key_rotation=True,
        removal_policy=KEEP,
    )


def supplied_or_new_key(scope: Construct, key: kms.IKey | None) -> kms.IKey:
    """Return a supplied key for new resources, or create one.

    Raises
    ------
    ValueError
        If the key is an imported alias, is asymmetric, or is in another Region.
    """
    if key is None:
        return create_key(scope)
    key = require_key("encryption_key", key)
    check_environment("encryption_key", key, key.key_arn, scope, KEY)
    return key


def require_key(name: str, key: kms.IKey) -> kms.IKey:
    """Return a key that policies can name: the key of an alias that the app creates.

    IAM evaluates the ARN of the key, so a statement that names an alias allows nothing.
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html

    Parameters
    ----------
    name
        The argument's name.
    key
        The key.

    Raises
    ------
    ValueError
        If the key is an imported alias, or is asymmetric.
    """
    if _is_alias(key):
        return require_key(name, _key_of_alias(name, key))
    resource = key.node.default_child
    if isinstance(resource, kms.CfnKey):
        for kind, usable in (
            (resource.key_spec, "SYMMETRIC_DEFAULT"),
            (resource.key_usage, "ENCRYPT_DECRYPT"),
        ):
            if kind not in (None, usable) and not Token.is_unresolved(kind):
                raise ValueError(
                    f"{name}: {key.node.path} is a key of the kind {kind}, with which AWS services "
                    "cannot encrypt; expected a symmetric key for encryption, which is CDK's "
                    "default"
                )
    return key


def _is_alias(key: kms.IKey) -> bool:
    if isinstance(key, kms.Alias):
        return True
    return any(
        "alias/" in each for each in (key.key_id, key.key_arn) if not each.startswith("${Token")
    )


def _key_of_alias(name: str, alias: kms.IKey) -> kms.IKey:
    try:
        key: kms.IKey = alias.alias_target_key  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError):
        raise ValueError(
            f"{name}: {alias.key_arn} is an imported alias, and a policy that names an alias "
            "allows nothing; expected its key, such as kms.Key.from_key_arn(…)"
        ) from None
    return key


def grant_through(
    key: kms.IKey, grantee: iam.IGrantable, service: str, actions: Sequence[str]
) -> iam.Grant:
    """Allow the use of a key on behalf of the grantee, through one service only.

    A service calls KMS in the key's Region, which can differ from that of the stack. For a grantee
    in another account, the key's policy is changed too, without the condition.
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service

    Parameters
    ----------
    key
        The key.
    grantee
        The principal that calls the service.
    service
        The service name in the endpoint, such as ``"dynamodb"``.
    actions
        The actions of the service on the key.
    """
    key = require_key("encryption_key", key)
    account = grantee.grant_principal.principal_account
    owner = key.env.account
    if account not in (None, owner) and not Token.is_unresolved(account):
        return key.grant(grantee, *actions)
    return iam.Grant.add_to_principal(
        grantee=grantee,
        actions=list(actions),
        resource_arns=[key.key_arn],
        conditions={
            "StringEquals": {"kms:ViaService": f"{service}.{key.env.region}.amazonaws.com"}
        },
    )


def admit_senders(key: kms.IKey | None, scope: Construct, *services: str) -> None:
    """Let AWS services of this account send to topics and queues encrypted with the key.

    Parameters
    ----------
    key
        The key of the topic or queue. None has no effect.
    scope
        The construct that needs the permission.
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
    """Let EventBridge publish without a role to topics encrypted with the key.

    EventBridge passes neither the account nor the ARN of the source to the key of a topic, so every
    delivery fails with a condition on these. SNS passes the ARN of the topic, and a condition on it
    limits the statement to this account.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    Parameters
    ----------
    key
        The key of the topic. None has no effect.
    scope
        The construct that needs the permission.
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


def admit_archives(key: kms.IKey, scope: Construct) -> None:
    """Let EventBridge use the key for archives of the buses of this account and Region.

    `kms:DescribeKey` has no encryption context, and AWS documents no condition for it.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/encryption-archives.html
    """
    buses = Stack.of(scope).format_arn(service="events", resource="event-bus", resource_name="*")
    _admit(
        key,
        scope,
        EVENTS,
        ARCHIVE_ACTIONS,
        {"ArnLike": {"kms:EncryptionContext:aws:events:event-bus:arn": buses}},
    )
    _admit(key, scope, EVENTS, ("kms:DescribeKey",), None)


def _admit(
    key: kms.IKey | None,
    scope: Construct,
    service: str,
    actions: tuple[str, ...],
    conditions: dict[str, dict[str, str]] | None,
) -> None:
    if key is not None:
        key = require_key("encryption_key", key)
        admit(
            key,
            "key",
            key.key_arn,
            scope,
            service,
            actions,
            conditions=conditions,
            statement_resource="*",
        )

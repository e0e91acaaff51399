"""The Region and the account of what is supplied, and what AWS requires of them.

An account or Region that is not known at synthesis is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import Annotations, Stack, Token
from constructs import Construct


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """A kind of supplied resource, and what AWS requires if it belongs to another environment."""

    noun: str
    """The word for the resource."""
    warning: str = ""
    """The id of the warning. Default: from the noun."""
    same_region: str | None = None
    """The reason why it must be in the Region of the stack. None if it need not."""
    same_account: str | None = None
    """The reason why it must be in the account of the stack. None if it need not."""
    owed: str = ""
    """What the owner in another account must allow, and the consequence if not."""


_TARGET: Final = "EventBridge delivers to targets of its own Region only, event buses aside"
_TABLE: Final = "the functions use tables of their own Region only"
_OBSERVED: Final = (
    "The alarms on it have data only with CloudWatch's cross-account observability for its account"
)

TOPIC_TARGET: Final = Supplied(
    noun="topic",
    warning="topic-policy:role",
    same_region=_TARGET,
    owed="its policy must allow the role of {path} sns:Publish, and the policy of its key, if it "
    "has one, kms:Decrypt and kms:GenerateDataKey; otherwise no event is delivered",
)
TOPIC_TARGET_WITHOUT_ROLE: Final = Supplied(
    noun="topic",
    same_region=_TARGET,
    same_account="EventBridge delivers to another account with a role only, and "
    "authorize_using_role is False",
)
QUEUE_TARGET: Final = Supplied(
    noun="queue",
    warning="queue-policy:role",
    same_region=_TARGET,
    owed="its policy must allow the role of {path} sqs:SendMessage, and the policy of its key, if "
    "it has one, kms:Decrypt and kms:GenerateDataKey; otherwise no event is delivered",
)
FUNCTION_TARGET: Final = Supplied(
    noun="function",
    warning="function-policy:role",
    same_region=_TARGET,
    owed="its policy must allow the role of {path} lambda:InvokeFunction; otherwise no event is "
    f"delivered. {_OBSERVED}",
)
STREAM_TARGET: Final = Supplied(
    noun="delivery stream",
    same_region=_TARGET,
    same_account="EventBridge does not deliver to a delivery stream of another account",
)
BUS_TARGET: Final = Supplied(
    noun="bus",
    warning="bus-policy:role",
    owed="its policy must allow the role of {path} events:PutEvents; otherwise no event is "
    "delivered",
)
RULE_BUS: Final = Supplied(
    noun="bus",
    same_region="a rule must be where its bus is",
    same_account="a rule must be where its bus is",
)
OUTCOME_BUS: Final = Supplied(
    noun="outcome-bus",
    same_region="a function puts events on buses of its own Region only",
    owed="its policy must allow the role of the handler events:PutEvents; otherwise no loop can be "
    "settled",
)
DEAD_LETTER_QUEUE: Final = Supplied(
    noun="dead-letter-queue",
    same_region="EventBridge and Lambda send undeliverable events to queues of their own Region "
    "only",
    owed="its policy must allow events.amazonaws.com and the roles of the functions "
    "sqs:SendMessage, and the policy of its key, if it has one, kms:Decrypt and "
    f"kms:GenerateDataKey; otherwise undeliverable events are lost. {_OBSERVED}",
)
ALERTS_TOPIC: Final = Supplied(
    noun="alerts-topic",
    same_region="an alarm notifies topics of its own Region only",
)
KEY: Final = Supplied(
    noun="key",
    same_region="services encrypt with keys of their own Region only",
    owed="its policy must allow this account and the AWS services that use it; otherwise nothing "
    "that is encrypted with it can be created or read",
)
LEDGER_TABLE: Final = Supplied(
    noun="table",
    same_region=_TABLE,
    owed="its resource-based policy must allow the role of the handler dynamodb:GetItem and "
    "dynamodb:PutItem; otherwise no loop can be settled",
)
LEDGER_BY_NAME: Final = Supplied(
    noun="table",
    same_region=_TABLE,
    same_account="the reconciler and callbacks find the ledger by its name",
)
OUTPUT_BUCKET: Final = Supplied(
    noun="output-bucket",
    owed="its policy must allow the role that reads the output s3:GetObject and s3:ListBucket, and "
    "the policy of its key, if it has one, kms:Decrypt; otherwise no output can be read",
)
OUTPUT_KEY: Final = Supplied(
    noun="output-key",
    owed="its policy must allow the role that reads the output kms:Decrypt; otherwise no output "
    "can be read",
)
DOCUMENT_BUCKET: Final = Supplied(
    noun="document-bucket",
    owed="its policy must allow the role of {path} s3:PutObject, and the policy of its key, if it "
    "has one, kms:GenerateDataKey; otherwise no reviewed loop is settled",
)
DOCUMENT_KEY: Final = Supplied(
    noun="document-key",
    owed="its policy must allow the role of {path} kms:GenerateDataKey; otherwise no reviewed loop "
    "is settled",
)
VPC: Final = Supplied(
    noun="VPC",
    same_region="Lambda connects a function with a VPC of its own Region only",
)


def check_environment(
    name: str, resource: Any, arn: str, scope: Construct, supplied: Supplied
) -> None:
    """Refuse a resource of another Region or account, or warn of what its owner must allow.

    Parameters
    ----------
    name
        The argument's name.
    resource, arn
        The resource and its ARN.
    scope
        The construct that uses the resource. The warning appears on it.
    supplied
        What the resource is for.

    Raises
    ------
    ValueError
        If AWS cannot use a resource of that Region or account.
    """
    stack = Stack.of(scope)
    account, region = environment_of(resource, arn)
    for what, of_resource, of_stack, reason in (
        ("Region", region, stack.region, supplied.same_region),
        ("account", account, stack.account, supplied.same_account),
    ):
        if reason is not None and _differ(of_resource, of_stack):
            raise ValueError(
                f"{name}: {_named(resource, arn)} is in {what} {of_resource}, but "
                f"{stack.stack_name} is deployed to {what} {of_stack}: {reason}; expected a "
                f"{supplied.noun.replace('-', ' ')} of that {what}"
            )
    if supplied.owed and _differ(account, stack.account):
        Annotations.of(scope).add_warning_v2(
            f"human-loop-events:{supplied.warning or f'{supplied.noun}-account'}",
            f"{name}: {_named(resource, arn)} is in account {account}: "
            f"{supplied.owed.format(path=scope.node.path)}",
        )


def is_of_another_account(resource: Any, arn: str, stack: Stack) -> bool:
    """Return whether a resource is known to be in another account than a stack."""
    return _differ(environment_of(resource, arn)[0], stack.account)


def environment_of(resource: Any, arn: str) -> tuple[str, str]:
    """Return the account and Region of a resource, which can be tokens.

    The ARN comes first: CDK gives a table that is imported by ARN the environment of its stack.
    """
    # In old releases of CDK, L1 constructs have no environment.
    env = getattr(resource, "env", None) or Stack.of(resource)
    parts = arn.split(":")
    if Token.is_unresolved(arn) or len(parts) < 6:
        return env.account, env.region
    return parts[4] or env.account, parts[3] or env.region


def _differ(of_resource: str, of_stack: str) -> bool:
    return of_resource != of_stack and not (
        Token.is_unresolved(of_resource) or Token.is_unresolved(of_stack)
    )


def _named(resource: Any, arn: str) -> str:
    return str(resource.node.path) if Token.is_unresolved(arn) else arn

"""Statements in the policies of topics, queues and keys, with a warning if none can be added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from aws_cdk import Annotations, CfnResource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IConstruct

#: What CDK does not know about a topic or queue that was imported by ARN.
UNKNOWN_KEY: Final = (
    "CDK does not know its key: if it has a customer managed key, import it with key_arn"
)

EVENTS = "events.amazonaws.com"
CLOUDWATCH = "cloudwatch.amazonaws.com"


class ResourceWithPolicy(Protocol):
    """A topic, queue or key, new or imported."""

    def add_to_resource_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToResourcePolicyResult:
        """Add a statement, unless the resource is imported."""
        ...


def admit(
    resource: ResourceWithPolicy,
    noun: str,
    arn: str,
    scope: Construct,
    service: str,
    actions: Sequence[str],
    *,
    conditions: Mapping[str, Mapping[str, str]] | None = None,
    statement_resource: str | None = None,
) -> None:
    """Allow a service to use a resource, or warn that the owner must allow it.

    Parameters
    ----------
    resource
        The topic, queue or key.
    noun
        The word for the resource in the warning.
    arn
        The ARN of the resource.
    scope
        The construct that needs the permission. The warning appears on it.
    service
        The service principal.
    actions
        The allowed actions.
    conditions
        The conditions. Default: none.
    statement_resource
        The resource in the statement. Default: the ARN.
    """
    added = resource.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(service)],
            actions=list(actions),
            resources=[statement_resource or arn],
            conditions=conditions,
        )
    )
    if not added.statement_added:
        Annotations.of(scope).add_warning_v2(
            # Without the Region of the service's name, which can be a token.
            f"human-loop-events:{noun}-policy:{service.partition('.')[0]}",
            f"The policy of {noun} {arn} cannot be changed from here: it must allow {service} "
            f"{', '.join(actions)}; otherwise, deliveries or the deployment fail"
            + (f". {UNKNOWN_KEY}" if noun != "key" and key_of(resource) is None else ""),
        )


def key_of(resource: Any) -> kms.IKey | None:
    """Return the key of a topic or queue. None if it has none, or was imported without it."""
    key: kms.IKey | None = getattr(resource, "master_key", None) or getattr(
        resource, "encryption_master_key", None
    )
    return key


def is_imported(resource: IConstruct) -> bool:
    """Return whether a resource was imported, so that CDK knows only what the import says."""
    return not isinstance(resource.node.default_child, CfnResource)

"""Statements in the policies of topics, queues and keys, with a warning if none can be added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from aws_cdk import Annotations
from aws_cdk import aws_iam as iam
from constructs import Construct

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
    target: ResourceWithPolicy,
    kind: str,
    arn: str,
    scope: Construct,
    service: str,
    actions: Sequence[str],
    *,
    conditions: Mapping[str, Mapping[str, str]] | None = None,
    resource: str | None = None,
) -> None:
    """Allow a service to use a resource, or warn that the owner must allow it.

    Parameters
    ----------
    target
        The topic, queue or key.
    kind
        The type of the resource, for the warning.
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
    resource
        The statement's resource. Default: the ARN.
    """
    added = target.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(service)],
            actions=list(actions),
            resources=[resource or arn],
            conditions=conditions,
        )
    )
    if not added.statement_added:
        Annotations.of(scope).add_warning_v2(
            # Without the Region of the service's name, which can be a token.
            f"human-loop-events:{kind}-policy:{service.partition('.')[0]}",
            f"The policy of {kind} {arn} cannot be changed from here: it must allow {service} "
            f"{', '.join(actions)}; without that, deliveries or the deployment fail",
        )

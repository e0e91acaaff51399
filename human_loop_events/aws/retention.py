"""Resources that are kept when a stack is deleted, together with their policies."""

from __future__ import annotations

from typing import Protocol

from aws_cdk import RemovalPolicy, Resource
from constructs import Construct, Node

#: Keep the resource on update and deletion, and delete it if its creation fails, so that a failed
#: first deployment leaves no resources.
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
KEEP = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


class _Removable(Protocol):
    @property
    def node(self) -> Node: ...

    def apply_removal_policy(self, policy: RemovalPolicy) -> None: ...


def keep(resource: _Removable) -> None:
    """Keep a resource, and its resource policy, when the stack is deleted.

    A queue, topic or bucket without its policy would accept plain HTTP and refuse AWS services.

    Parameters
    ----------
    resource
        The resource. Its policy, if any, must exist already.
    """
    resource.apply_removal_policy(KEEP)
    policy: Construct | None = resource.node.try_find_child("Policy")  # type: ignore[assignment]
    if isinstance(policy, Resource):
        policy.apply_removal_policy(KEEP)

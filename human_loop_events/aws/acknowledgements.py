"""Acknowledgements of cdk-nag findings beside the resource, for versions 2 and 3."""

from __future__ import annotations

import aws_cdk
from aws_cdk import CfnResource
from constructs import Construct


def acknowledge(construct: Construct, reason: str, *rules: str) -> None:
    """Acknowledge findings on the resource of a construct.

    cdk-nag 3 reads the acknowledgement of the construct, cdk-nag 2 the metadata of the resource.

    Parameters
    ----------
    construct
        A construct with a resource as its default child.
    reason
        The reason why the finding is acceptable, for an auditor.
    rules
        Rule ids, such as ``"AwsSolutions-SQS3"``, with the finding in brackets if the rule reports
        several: ``"AwsSolutions-IAM5[Resource::*]"``.

    Raises
    ------
    TypeError
        If the construct has no resource as its default child.
    """
    resource = construct.node.default_child
    if not isinstance(resource, CfnResource):
        raise TypeError(f"{construct.node.path} has no resource to acknowledge findings on")
    # Older releases of CDK have no acknowledgements, and cdk-nag 3 does not run on them.
    if hasattr(aws_cdk, "Acknowledgment"):
        aws_cdk.Validations.of(construct).acknowledge(
            *(aws_cdk.Acknowledgment(id=rule, reason=reason) for rule in rules)
        )
    metadata = resource.get_metadata("cdk_nag") or {"rules_to_suppress": []}
    for rule in rules:
        name, _, finding = rule.removesuffix("]").partition("[")
        suppression: dict[str, object] = {"id": name, "reason": reason}
        if finding:
            suppression["applies_to"] = [finding]
        metadata["rules_to_suppress"].append(suppression)
    resource.add_metadata("cdk_nag", metadata)

"""Deployments for cdk.json, made from the flow definitions of an account."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from human_loops_cli.bucket_encryption import read_bucket_encryption

#: The maximum length of a deployment name, less the room for a number.
_MAX_NAME: Final = 90


@dataclass(frozen=True, kw_only=True)
class FlowDefinition:
    """What a deployment needs of a flow definition."""

    name: str
    arn: str
    """Its name and its ARN."""
    bucket: str
    prefix: str
    """Where it writes outputs. The prefix is empty or ends with a slash."""
    key_arn: str | None
    """The customer managed key of the outputs: its own, or that of the bucket's default encryption.
    None if there is none, or it is not known.
    """
    key_is_known: bool = True
    """Whether the caller can read the bucket's default encryption, if that applies."""
    task_type: str | None
    """AWS's name of a built-in task. None for a custom task."""


def read_flow_definition(sagemaker: Any, kms: Any, name: str) -> FlowDefinition:
    """Read one flow definition.

    Parameters
    ----------
    sagemaker, kms
        Clients. KMS is called only if the key is not given by its ARN.
    name
        Its name.
    """
    answer = sagemaker.describe_flow_definition(FlowDefinitionName=name)
    output = answer["OutputConfig"]
    bucket, _, path = output["S3OutputPath"].removeprefix("s3://").partition("/")
    prefix = path.strip("/")
    key = output.get("KmsKeyId")
    key = _arn_of_key(kms, key) if key else None
    return FlowDefinition(
        name=answer["FlowDefinitionName"],
        arn=answer["FlowDefinitionArn"],
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        key_arn=key,
        task_type=answer.get("HumanLoopRequestSource", {}).get("AwsManagedHumanLoopRequestSource"),
    )


def with_key_of_bucket(flow_definition: FlowDefinition, s3: Any, kms: Any) -> FlowDefinition:
    """Add the key of the bucket's default encryption to a flow definition without a key.

    Parameters
    ----------
    flow_definition
        The flow definition.
    s3, kms
        Clients. KMS is called only if the key is not given by its ARN.
    """
    if flow_definition.key_arn is not None:
        return flow_definition
    encryption = read_bucket_encryption(s3, flow_definition.bucket)
    return replace(
        flow_definition,
        key_arn=_arn_of_key(kms, encryption.key) if encryption.key else None,
        key_is_known=encryption.is_known,
    )


def make_deployments(flow_definitions: Sequence[FlowDefinition]) -> dict[str, dict[str, Any]]:
    """Return the deployments for some flow definitions: one for each output bucket and key.

    Flow definitions with outputs that no handler with a common prefix could read are separated.

    Examples
    --------
    >>> arn = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"
    >>> invoices = FlowDefinition(
    ...     name="invoices", arn=arn, bucket="reviews", prefix="", key_arn=None, task_type=None
    ... )
    >>> make_deployments([invoices])["reviews"]["account"]
    '111122223333'
    """
    groups: dict[tuple[str, str], list[FlowDefinition]] = {}
    for each in sorted(flow_definitions, key=lambda flow: flow.name):
        groups.setdefault((each.bucket, each.key_arn or ""), []).append(each)
    readable = [
        (bucket, key, flows)
        for (bucket, key), group in sorted(groups.items())
        for flows in _readable_together(group)
    ]
    deployments: dict[str, dict[str, Any]] = {}
    for bucket, key, flows in readable:
        _, _, _, region, account, _ = flows[0].arn.split(":", 5)
        deployment: dict[str, Any] = {
            "account": account,
            "region": region,
            "flow_definitions": [flow.name for flow in flows],
            "output": {"bucket": bucket},
        }
        prefix = _common_folder([flow.prefix for flow in flows])
        if prefix:
            deployment["output"]["prefix"] = prefix
        if key:
            deployment["output"]["encryption_key"] = key
        elif flows[0].key_is_known:
            deployment["output"]["encrypted_by_s3"] = True
        deployments[_unused_name(bucket, deployments)] = deployment
    return deployments


def _readable_together(flows: Sequence[FlowDefinition]) -> list[list[FlowDefinition]]:
    """Return one group if its common folder lets a handler read all outputs, or one by prefix."""
    folder = _common_folder([flow.prefix for flow in flows])
    names = [flow.name for flow in flows]
    if all(is_readable(flow, root=folder, names=names) for flow in flows):
        return [list(flows)]
    by_prefix: dict[str, list[FlowDefinition]] = {}
    for flow in flows:
        by_prefix.setdefault(flow.prefix, []).append(flow)
    return [by_prefix[prefix] for prefix in sorted(by_prefix)]


def is_readable(flow: FlowDefinition, *, root: str, names: Sequence[str]) -> bool:
    """Return whether a handler may read the outputs of a flow definition in its bucket.

    Parameters
    ----------
    flow
        The flow definition. A2I writes to ``<its prefix><its name>/``.
    root
        The prefix of the deployment: empty, or with a slash at its end.
    names
        The flow definitions of the deployment: the handler reads ``<root><name>/``. Empty for all.

    Examples
    --------
    >>> flow = FlowDefinition(
    ...     name="invoices", arn="", bucket="b", prefix="a2i/new/", key_arn=None, task_type=None
    ... )
    >>> is_readable(flow, root="a2i/", names=["invoices"]), is_readable(flow, root="", names=[])
    (False, True)
    """
    permitted = [f"{root}{name}/" for name in names] or [root]
    return f"{flow.prefix}{flow.name}/".startswith(tuple(permitted))


def _common_folder(prefixes: Sequence[str]) -> str:
    """Return the longest common prefix that ends with a slash."""
    shortest, longest = min(prefixes), max(prefixes)
    common = shortest
    while not longest.startswith(common):
        common = common[:-1]
    return common[: common.rfind("/") + 1]


def _unused_name(bucket: str, used: dict[str, Any]) -> str:
    name = re.sub("[^A-Za-z0-9-]", "-", bucket)[:_MAX_NAME]
    candidates = (name, *(f"{name}-{number}" for number in range(2, len(used) + 3)))
    return next(candidate for candidate in candidates if candidate not in used)


def _arn_of_key(kms: Any, key: str) -> str:
    if re.fullmatch(r"arn:[^:]+:kms:[^:]+:\d{12}:key/.+", key):
        return key
    arn: str = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    return arn

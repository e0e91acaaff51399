"""The size of managed policies, which IAM limits.

Names that CloudFormation generates are not known at synthesis. Their maximum length counts, up to
the limit of the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import CfnResource, Stack, Token
from aws_cdk import aws_iam as iam

from human_loop_events.aws.validation import validate_at_synthesis

#: IAM's limit for a managed policy, in characters without white space.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICY_CHARACTERS: Final = 6144

_MAX_STACK_NAME_LENGTH: Final = 128
_SUFFIX: Final = len("-ABCDEFGHIJKL1")
_ARN_BEFORE_NAME: Final = len("arn:aws-us-gov:dynamodb:ap-southeast-1:111122223333:log-group:")
_BUCKET_ARN_BEFORE_NAME: Final = len("arn:aws-us-gov:s3:::")
#: The maximum lengths of names, by type of resource. CloudFormation shortens generated names.
_MAX_NAME_LENGTHS: Final[Mapping[str, int]] = {
    "AWS::KMS::Key": len("mrk-") + 32,
    "AWS::S3::Bucket": 63,
    "AWS::SQS::Queue": 80,
}
_MAX_OTHER_NAME_LENGTH: Final = 255
#: Resource types for which CloudFormation's Ref is the ARN.
_REFERENCED_BY_ARN: Final = frozenset({"AWS::SNS::Topic"})
_UNKNOWN: Final = 160


def policy_characters(policy: iam.ManagedPolicy) -> int:
    """Return the maximum length of a policy after deployment, in characters.

    Parameters
    ----------
    policy
        The policy, with its statements so far.

    Returns
    -------
    int
        An upper bound. Near the limit, it takes the types of the resources into account.
    """
    stack = Stack.of(policy)
    document = stack.resolve(policy.document)
    if not document:
        return 0
    stack_name_length = _stack_name_length(stack)
    # Searching all resources of the stack takes time, and few policies are near the limit.
    at_most = _characters(document, lambda logical_id: _longest(stack_name_length, logical_id))
    if at_most <= MAX_POLICY_CHARACTERS:
        return at_most
    return _characters(document, _lengths(stack, stack_name_length).get)


def refuse_oversized(policy: iam.ManagedPolicy) -> None:
    """Fail synthesis if a policy can exceed the length that IAM allows."""

    def find_faults() -> list[str]:
        characters = policy_characters(policy)
        if characters <= MAX_POLICY_CHARACTERS:
            return []
        return [
            f"the managed policy {policy.node.path} can have {characters:,} characters when "
            f"it is deployed, but IAM allows {MAX_POLICY_CHARACTERS:,}: use fewer or shorter "
            "names, or several constructs"
        ]

    validate_at_synthesis(policy, find_faults)


@dataclass(frozen=True, slots=True)
class _Length:
    """The maximum lengths of a resource's Ref and ARN."""

    ref: int
    arn: int


_PSEUDO_PARAMETERS: Final[Mapping[str, _Length]] = {
    name: _Length(len(longest), len(longest))
    for name, longest in {
        "AWS::AccountId": "111122223333",
        "AWS::Partition": "aws-us-gov",
        "AWS::Region": "ap-southeast-1",
    }.items()
}

_LengthOf = Callable[[str], _Length | None]


def _longest(stack_name_length: int, logical_id: str) -> _Length:
    """Return the maximum lengths of references to a resource of any type."""
    arn = _ARN_BEFORE_NAME + _generated_name(stack_name_length, logical_id)
    return _PSEUDO_PARAMETERS.get(logical_id, _Length(arn, arn))


def _stack_name_length(stack: Stack) -> int:
    """Return the maximum length of the stack's name."""
    name = stack.stack_name
    return _MAX_STACK_NAME_LENGTH if Token.is_unresolved(name) else len(name)


def _generated_name(stack_name_length: int, logical_id: str) -> int:
    """Return the length of a name: the stack's name, the logical id and a suffix."""
    return stack_name_length + len("-") + len(logical_id) + _SUFFIX


def _lengths(stack: Stack, stack_name_length: int) -> dict[str, _Length]:
    """Return the maximum lengths of references to the resources of a stack, by logical id."""
    lengths = dict(_PSEUDO_PARAMETERS)
    for each in stack.node.find_all():
        if isinstance(each, CfnResource) and Stack.of(each) == stack:
            logical_id = str(stack.resolve(each.logical_id))
            of_type = each.cfn_resource_type
            name = min(
                _generated_name(stack_name_length, logical_id),
                _MAX_NAME_LENGTHS.get(of_type, _MAX_OTHER_NAME_LENGTH),
            )
            arn = name + (
                _BUCKET_ARN_BEFORE_NAME if of_type == "AWS::S3::Bucket" else _ARN_BEFORE_NAME
            )
            lengths[logical_id] = _Length(arn if of_type in _REFERENCED_BY_ARN else name, arn)
    return lengths


def _characters(document: Any, length_of: _LengthOf) -> int:
    return len(json.dumps(_with_longest_references(document, length_of), separators=(",", ":")))


def _with_longest_references(value: Any, length_of: _LengthOf) -> Any:
    """Replace each reference in a resolved value by text of its maximum length."""
    match value:
        case list():
            return [_with_longest_references(each, length_of) for each in value]
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(
                str(_with_longest_references(part, length_of)) for part in parts
            )
        case {"Ref": str(target)} if (length := length_of(target)) is not None:
            return "x" * length.ref
        case {"Fn::GetAtt": [str(target), "Arn"]} if (length := length_of(target)) is not None:
            return "x" * length.arn
        case dict() if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
            return "x" * _UNKNOWN
        case dict():
            return {key: _with_longest_references(each, length_of) for key, each in value.items()}
    return value

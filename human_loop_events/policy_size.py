"""The size of managed policies, which IAM limits.

Names that CloudFormation makes up are not known at synthesis, so their greatest length counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import jsii
from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam
from constructs import IConstruct, IValidation

#: IAM's limit for a managed policy, in characters without white space.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICY_CHARACTERS: Final = 6144

_LONGEST: Final[Mapping[str, int]] = {
    "AWS::Partition": len("aws-us-gov"),
    "AWS::Region": len("ap-southeast-1"),
    "AWS::AccountId": 12,
}
_LONGEST_STACK_NAME: Final = 128
_SUFFIX: Final = len("-ABCDEFGHIJKL1")
_ARN_BEFORE_NAME: Final = len("arn:aws-us-gov:dynamodb:ap-southeast-1:111122223333:log-group:")
_UNKNOWN: Final = 160


def policy_characters(policy: iam.ManagedPolicy) -> int:
    """Return how long a policy can become when its stack is deployed, in characters.

    Parameters
    ----------
    policy
        The policy, with its statements so far.
    """
    document = Stack.of(policy).resolve(policy.document)
    return len(json.dumps(_filled(document, policy), separators=(",", ":"))) if document else 0


def refuse_oversized(policy: iam.ManagedPolicy) -> None:
    """Stop synthesis, with the figure, if a policy can become longer than IAM allows."""
    policy.node.add_validation(_SizeLimit(policy))


@jsii.implements(IValidation)
class _SizeLimit:
    def __init__(self, policy: iam.ManagedPolicy) -> None:
        self._policy = policy

    def validate(self) -> list[str]:
        characters = policy_characters(self._policy)
        if characters <= MAX_POLICY_CHARACTERS:
            return []
        return [
            f"the managed policy {self._policy.node.path} can have {characters:,} characters when "
            f"it is deployed, but IAM allows {MAX_POLICY_CHARACTERS:,}: use fewer or shorter "
            "names, or several constructs"
        ]


def _filled(value: Any, scope: IConstruct) -> Any:
    """Return a resolved value with text of the greatest length in the place of each reference."""
    match value:
        case list():
            return [_filled(each, scope) for each in value]
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(str(_filled(part, scope)) for part in parts)
        case {"Ref": target}:
            return "x" * _length_of(str(target), scope)
        case {"Fn::GetAtt": [target, "Arn"]}:
            return "x" * (_ARN_BEFORE_NAME + _length_of(str(target), scope))
        case dict() if len(value) == 1 and next(iter(value)).startswith("Fn::"):
            return "x" * _UNKNOWN
        case dict():
            return {key: _filled(each, scope) for key, each in value.items()}
    return value


def _length_of(target: str, scope: IConstruct) -> int:
    if target in _LONGEST:
        return _LONGEST[target]
    stack = Stack.of(scope)
    stack_name = (
        _LONGEST_STACK_NAME if Token.is_unresolved(stack.stack_name) else len(stack.stack_name)
    )
    # A generated name is made of the stack's name, the logical id and a suffix.
    return stack_name + len("-") + len(target) + _SUFFIX

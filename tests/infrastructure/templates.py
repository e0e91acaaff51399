"""Reading synthesized templates: references, policies, and who is admitted to what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from human_loop_reviews.callback_contract import CALLBACK_SORT_KEY, CALLBACKS_ENTRY_POINT
from human_loop_reviews.contract import RECONCILER_ENTRY_POINT, REVIEW_HANDLER_ENTRY_POINT
from tests.infrastructure.cases import Synthesized

#: The property with the policy, by the type of the resource that has it.
RESOURCE_POLICIES = {
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
}
IDENTITY_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")

EVENTS = "events.amazonaws.com"
CLOUDWATCH = "cloudwatch.amazonaws.com"


class Statement(NamedTuple):
    """A statement of a policy."""

    logical_id: str
    """The logical id of the resource with the policy."""
    policy_type: str
    content: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        return listed(self.content["Action"])

    @property
    def resources(self) -> list[Any]:
        return listed(self.content["Resource"])

    @property
    def allows(self) -> bool:
        return bool(self.content["Effect"] == "Allow")

    @property
    def services(self) -> list[str]:
        principal = self.content.get("Principal", {})
        return [
            service if isinstance(service, str) else json.dumps(service)
            for service in (listed(principal.get("Service", [])) if principal != "*" else [])
        ]


class Target(NamedTuple):
    """A target of a rule."""

    rule: str
    """The logical id of the rule."""
    content: dict[str, Any]

    @property
    def dead_letter_queue(self) -> Any:
        return self.content["DeadLetterConfig"]["Arn"]


def listed(value: Any) -> list[Any]:
    """Return the list that IAM also accepts as a single value."""
    return value if isinstance(value, list) else [value]


def referenced(value: Any) -> str | None:
    """Return which resource a Ref or Fn::GetAtt is of. None for an imported one."""
    if isinstance(value, dict) and "Ref" in value:
        return str(value["Ref"])
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    return None


def all_references(value: Any) -> Iterator[str]:
    """Yield what a part of a template refers to by Ref, Fn::GetAtt or Fn::Sub."""
    if isinstance(value, list):
        for each in value:
            yield from all_references(each)
    elif isinstance(value, dict):
        if len(value) == 1 and (logical_id := referenced(value)):
            yield logical_id
            return
        if "Fn::Sub" in value:
            text = listed(value["Fn::Sub"])[0]
            yield from re.findall(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}", text)
        for each in value.values():
            yield from all_references(each)


def depends_on(resource: dict[str, Any]) -> list[str]:
    """Return what a resource names in DependsOn."""
    return listed(resource.get("DependsOn", []))


def targets(synthesized: Synthesized) -> list[Target]:
    """Return the targets of all rules. Every case has some."""
    found = [
        Target(logical_id, target)
        for logical_id, rule in synthesized.of_type("AWS::Events::Rule").items()
        for target in rule.get("Targets", [])
    ]
    assert found
    return found


def targets_of_type(synthesized: Synthesized, resource_type: str) -> list[tuple[Target, str]]:
    """Return the targets that are resources of a type in the template, with their logical ids."""
    return [
        (target, logical_id)
        for target in targets(synthesized)
        if (logical_id := referenced(target.content["Arn"])) is not None
        and synthesized.resources[logical_id]["Type"] == resource_type
    ]


def statements(synthesized: Synthesized, *policy_types: str) -> list[Statement]:
    """Return the statements of all policies of some types."""
    return [
        Statement(logical_id, policy_type, content)
        for policy_type in policy_types
        for logical_id, properties in synthesized.of_type(policy_type).items()
        for content in properties[RESOURCE_POLICIES.get(policy_type, "PolicyDocument")]["Statement"]
    ]


def statements_about(synthesized: Synthesized, logical_id: str) -> list[Statement]:
    """Return the statements of the policy of a topic, queue or key."""
    if synthesized.resources[logical_id]["Type"] == "AWS::KMS::Key":
        return [
            statement
            for statement in statements(synthesized, "AWS::KMS::Key")
            if statement.logical_id == logical_id
        ]
    return [
        statement
        for statement in statements(synthesized, "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
        if {"Ref": logical_id} in owners(synthesized.resources[statement.logical_id])
    ]


def owners(policy: dict[str, Any]) -> list[Any]:
    """Return the queues, topics or the bucket that a resource policy is of."""
    properties = policy["Properties"]
    for name in ("Queues", "Topics", "Bucket"):
        if name in properties:
            return listed(properties[name])
    raise AssertionError(policy)


def admits(
    synthesized: Synthesized, logical_id: str, service: str, *actions: str, conditional: bool = True
) -> bool:
    """Tell whether the policy of a topic, queue or key allows a service all of the actions."""
    return any(
        statement.allows
        and service in statement.services
        and set(actions) <= set(statement.actions)
        and ("Condition" in statement.content or not conditional)
        for statement in statements_about(synthesized, logical_id)
    )


def key_admits(synthesized: Synthesized, logical_id: str, service: str) -> bool:
    """Tell whether the key of a topic or queue, if it has one, admits a service."""
    key = referenced(synthesized.resources[logical_id]["Properties"]["KmsMasterKeyId"])
    # The key of a resource in these cases is either made in them or imported, with a warning.
    return key is None or admits(synthesized, key, service, "kms:Decrypt", "kms:GenerateDataKey")


def identity_statements(synthesized: Synthesized, role: str) -> list[Statement]:
    """Return the statements of all policies of a role."""
    return [
        statement
        for statement in statements(synthesized, *IDENTITY_POLICIES)
        if {"Ref": role} in synthesized.resources[statement.logical_id]["Properties"]["Roles"]
    ]


def actions_of_role(synthesized: Synthesized, role: str) -> set[str]:
    """Return what a role may do."""
    return {
        action
        for statement in identity_statements(synthesized, role)
        for action in statement.actions
    }


def review_handlers(synthesized: Synthesized) -> dict[str, dict[str, Any]]:
    """Return the functions that are review handlers."""
    return _functions(synthesized, REVIEW_HANDLER_ENTRY_POINT)


def callbacks(synthesized: Synthesized) -> dict[str, dict[str, Any]]:
    """Return the functions that resume executions."""
    return _functions(synthesized, CALLBACKS_ENTRY_POINT)


def tables_of_tokens(synthesized: Synthesized) -> set[str]:
    """Return the tables that hold task tokens, which are secrets."""
    return {
        logical_id
        for logical_id, table in synthesized.of_type("AWS::DynamoDB::Table").items()
        if {"AttributeName": CALLBACK_SORT_KEY, "KeyType": "RANGE"} in table["KeySchema"]
    }


def reconcilers(synthesized: Synthesized) -> dict[str, dict[str, Any]]:
    """Return the functions that are reconcilers."""
    return _functions(synthesized, RECONCILER_ENTRY_POINT)


def _functions(synthesized: Synthesized, entry_point: str) -> dict[str, dict[str, Any]]:
    return {
        logical_id: function
        for logical_id, function in synthesized.of_type("AWS::Lambda::Function").items()
        if function["Handler"] == entry_point
    }

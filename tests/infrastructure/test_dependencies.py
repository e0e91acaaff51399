"""CloudFormation can create each stack, and creates first what must be there first."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest

from tests.infrastructure.cases import Synthesized
from tests.infrastructure.cases.hubs import HUBS
from tests.infrastructure.templates import (
    IDENTITY_POLICIES,
    all_references,
    depends_on,
    owners,
    referenced,
    review_handlers,
    targets,
)

#: Cases whose dead-letter queue is in another stack than the rules, or in none.
DEAD_LETTER_QUEUE_ELSEWHERE = {"from-another-stack", "imported"}


def _graph(template: dict[str, Any]) -> dict[str, set[str]]:
    """Return which resources each resource needs before it."""
    resources = template["Resources"]
    return {
        logical_id: {
            needed
            for needed in (
                *all_references(resource.get("Properties", {})),
                *depends_on(resource),
            )
            if needed in resources
        }
        for logical_id, resource in resources.items()
    }


def test_cycle_is_found() -> None:
    template = {
        "Resources": {
            "Queue": {"Properties": {"Name": {"Fn::Sub": "a-${Rule.Arn}-${AWS::Region}"}}},
            "Rule": {"Properties": {"Targets": [{"Arn": {"Fn::GetAtt": ["Policy", "Arn"]}}]}},
            "Policy": {"DependsOn": "Queue"},
        }
    }

    with pytest.raises(CycleError):
        TopologicalSorter(_graph(template)).prepare()


def test_no_resource_depends_on_itself(synthesized: Synthesized) -> None:
    for template in synthesized.templates.values():
        graph = _graph(template)
        TopologicalSorter(graph).prepare()

        assert sum(map(len, graph.values())) >= len(graph) // 2


def test_every_rule_is_created_after_the_policy_of_the_dead_letter_queue(
    synthesized: Synthesized,
) -> None:
    seen = 0
    for target in targets(synthesized):
        queue = referenced(target.dead_letter_queue)
        policies = [
            logical_id
            for logical_id in synthesized.of_type("AWS::SQS::QueuePolicy")
            if {"Ref": queue} in owners(synthesized.resources[logical_id])
            # CDK lets the policy of a target's own dead-letter queue name the rule.
            and target.rule not in all_references(synthesized.resources[logical_id])
            and logical_id in synthesized.template["Resources"]
        ]
        for policy in policies:
            seen += 1
            assert policy in depends_on(synthesized.resources[target.rule]), target

    assert bool(seen) == (synthesized.name not in DEAD_LETTER_QUEUE_ELSEWHERE)


def test_every_rule_that_publishes_is_created_after_the_policy_that_lets_it(
    synthesized: Synthesized,
) -> None:
    seen = 0
    for target in targets(synthesized):
        for policy in _policies_of(synthesized, target.content.get("RoleArn")):
            seen += 1
            assert policy in depends_on(synthesized.resources[target.rule]), target

    assert bool(seen) == (synthesized.name not in {"composed-without-handler", "handler-only"})


def test_event_source_mapping_is_created_after_the_policy_that_lets_it_read(
    synthesized: Synthesized,
) -> None:
    mappings = synthesized.of_type("AWS::Lambda::EventSourceMapping")
    for logical_id, mapping in mappings.items():
        function = synthesized.resources[mapping["FunctionName"]["Ref"]]["Properties"]
        reading = {
            policy
            for policy in _policies_of(synthesized, function["Role"])
            for statement in synthesized.resources[policy]["Properties"]["PolicyDocument"][
                "Statement"
            ]
            if "sqs:ReceiveMessage" in statement["Action"]
        }
        assert reading
        assert reading <= set(depends_on(synthesized.resources[logical_id])), logical_id

    buffered = {"buffered", "buffered-own-function", "configured-app"}
    assert bool(mappings) == (synthesized.name in buffered)


def test_review_handler_is_created_after_its_permissions(synthesized: Synthesized) -> None:
    handlers = review_handlers(synthesized)
    for logical_id, function in handlers.items():
        policies = _policies_of(synthesized, function["Role"])
        assert len(policies) >= (1 if synthesized.name in HUBS else 2)
        assert set(policies) <= set(depends_on(synthesized.resources[logical_id]))

    without = {"everything-supplied", "composed-without-handler", "buffered-own-function", "jobs"}
    assert bool(handlers) == (synthesized.name not in without)


def _policies_of(synthesized: Synthesized, role_arn: Any) -> list[str]:
    """Return the policies of a role. None of them for no role."""
    role = referenced(role_arn)
    return [
        logical_id
        for logical_id, policy in synthesized.of_type(*IDENTITY_POLICIES).items()
        if role is not None and {"Ref": role} in policy["Roles"]
    ]

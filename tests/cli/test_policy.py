"""``human-loops policy``: the permissions on one stack, and on nothing of another one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.cli.conftest import ACCOUNT, REGION, STACK_ARN, Answer, Stack, run, run_json
from tests.cli.test_republish import function_configuration

#: Resources of a stack HumanLoops-claims, which the documented patterns match too.
OF_ANOTHER_STACK = [
    f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"
    for service, name in {
        "sqs": "HumanLoops-claims-Queue1D2186FC",
        "sns": "HumanLoops-claims-Topic",
        "dynamodb": "table/HumanLoops-claims-Ledger",
        "lambda": "function:HumanLoops-claims-Handler",
        "events": "rule/HumanLoops-claims-StatusChange",
        "cloudwatch": "alarm:HumanLoops-claims-FailedLoops",
        "logs": "log-group:HumanLoops-claims-Logs:*",
        "cloudformation": "stack/HumanLoops-claims/2",
        "kms": "key/of-another-stack",
    }.items()
]


def resources(policy: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for statement in policy["Statement"]:
        for each in statement["Resource"]:
            yield statement["Sid"], each


@pytest.fixture
def policy(stack: Stack, answers: Callable[[str, Answer], None]) -> Any:
    answers("lambda.GetFunctionConfiguration", lambda _: function_configuration("outcomes"))
    stack.add_rule(f"arn:aws:sqs:{REGION}:{ACCOUNT}:Queue", flow_definition="invoices")
    stack.layers.append(f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:HumanLoopsMappings:7")
    stack.outputs |= {
        "StatusChangeRuleName": "StatusChange",
        "S3OutputPath": "s3://reviews/a2i",
        "OutputKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-the-output",
        "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:Topic",
    }
    return run_json("policy")


def test_policy_names_the_resources_of_the_stack(policy: Any) -> None:
    found: dict[str, list[str]] = {}
    for sid, arn in resources(policy):
        found.setdefault(sid, []).append(arn)
    prefix = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
    assert f"{prefix}QueueDeadLetterQueue" in found["DeadLettersList"]
    assert found["Stack"] == [f"{STACK_ARN.rpartition('/')[0]}/*"]
    assert found["Resend"] == [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler"]
    assert f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger/index/*" in found["Status"]
    assert found["Keys"] == [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-the-output"]
    layer = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:HumanLoopsMappings:*"
    assert layer in found["Outcomes"], "another mapping is another version"
    assert found["Outcomes"][-2:] == ["arn:aws:s3:::reviews", "arn:aws:s3:::reviews/a2i/*"]
    buses = [
        f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{each}" for each in ("default", "outcomes")
    ]
    assert found["SendEvents"] == buses
    assert found["FlowDefinitions"] == [
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:flow-definition/invoices"
    ]
    assert "Archive" not in found, "the stack has none"


def test_policy_allows_nothing_on_another_stack(policy: Any) -> None:
    concrete = [arn for _, arn in resources(policy) if arn != "*"]
    assert len(concrete) > 30
    for arn in concrete:
        assert not any(fnmatchcase(each, arn) for each in OF_ANOTHER_STACK), arn


def test_policy_has_no_placeholder(policy: Any) -> None:
    text = json.dumps(policy)
    assert [
        each for each in ("REGION", "ACCOUNT", "BUCKET", "PREFIX", "WORKGROUP") if each in text
    ] == []


def test_named_statements_are_printed_alone(policy: Any) -> None:
    some = run_json("policy", "Status", "Stack")
    assert some["Statement"] == [
        each for each in policy["Statement"] if each["Sid"] in ("Stack", "Status")
    ]
    result = run("policy", "Statu")
    assert result.exit_code == 2
    assert "there is no statement Statu" in result.stderr

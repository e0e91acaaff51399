"""No policy of a template allows more than is documented."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from human_loop_events import Ledger
from tests.infrastructure import permission_table
from tests.infrastructure.cases import ACCOUNT, REGION, Synthesized, new_app, synthesize
from tests.infrastructure.cases.facade import KEY_OF_IMPORTED_OUTPUT
from tests.infrastructure.cases.hubs import HUBS
from tests.infrastructure.cases.reviews import MANY_NAMES
from tests.infrastructure.templates import (
    IDENTITY_POLICIES,
    RESOURCE_POLICIES,
    Statement,
    actions_of_role,
    identity_statements,
    owners,
    reconcilers,
    referenced,
    review_handlers,
    statements,
)

#: (type of the policy, service, action) of statements without a condition, and why.
UNCONDITIONAL_SERVICES = {
    ("AWS::IAM::Role", "lambda.amazonaws.com", "sts:AssumeRole"): (
        "Lambda takes a role only from a principal of the role's account that may pass it."
    ),
    ("AWS::KMS::Key", "events.amazonaws.com", "kms:DescribeKey"): (
        "Only with an archive: AWS documents no condition for it, and it reads no data."
    ),
    ("AWS::SNS::TopicPolicy", "events.amazonaws.com", "sns:Publish"): (
        "Only with authorize_using_role=False: SNS knows no condition for rules."
    ),
}

#: Actions on Resource "*", and why.
NETWORK_ACTIONS = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
ACTIONS_ON_ANY_RESOURCE = {
    "sagemaker:ListFlowDefinitions": "AWS defines the action for * only.",
    "sagemaker:ListHumanLoops": "AWS defines the action for * only.",
    "states:SendTaskFailure": "AWS defines the action for * only. It takes a task token.",
    "states:SendTaskSuccess": "AWS defines the action for * only. It takes a task token.",
    "xray:PutTelemetryRecords": "AWS defines the action for * only.",
    "xray:PutTraceSegments": "AWS defines the action for * only.",
}

#: What CDK's own grants on a key contain. The constructs use none of them.
WILDCARDS_OF_CDK = {"kms:GenerateDataKey*", "kms:ReEncrypt*"}

HANDLER_ACTIONS = {
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "events:PutEvents",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:GetObject",
    "s3:ListBucket",
    "sagemaker:DescribeHumanLoop",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}

RECONCILER_ACTIONS = {
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "events:PutEvents",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sagemaker:DescribeHumanLoop",
    "sagemaker:ListHumanLoops",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}

#: What a handler may do besides where it reads a queue.
QUEUE_ACTIONS = {
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}

WITHOUT_RECONCILER = {
    "everything-supplied",
    "imported",
    "composed-without-handler",
    "handler-only",
    "buffered-own-function",
    "jobs",
    *HUBS,
}

WITHOUT_REVIEW_HANDLER = {
    "everything-supplied",
    "composed-without-handler",
    "buffered-own-function",
    "jobs",
}


def test_documented_permissions_of_roles_are_those_of_the_template() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")

    assert permission_table.render() in page, (
        "docs/security.md is behind: python -m tests.infrastructure.permission_table writes its "
        "table of roles"
    )


def test_every_statement_for_a_service_has_a_condition(synthesized: Synthesized) -> None:
    seen = 0
    for statement in statements(synthesized, *RESOURCE_POLICIES):
        for service in statement.services:
            seen += 1
            if "Condition" in statement.content:
                continue
            for action in statement.actions:
                key = (statement.policy_type, service, action)
                assert key in UNCONDITIONAL_SERVICES, statement
                if statement.policy_type == "AWS::SNS::TopicPolicy":
                    assert synthesized.name == "composed-without-handler"

    assert seen


def test_services_are_seen_in_every_kind_of_resource_policy() -> None:
    assert {
        statement.policy_type
        for statement in statements(synthesize("minimal"), *RESOURCE_POLICIES)
        if statement.services
    } == set(RESOURCE_POLICIES)


def test_nobody_but_services_and_the_account_is_admitted(synthesized: Synthesized) -> None:
    seen = 0
    for statement in statements(synthesized, *RESOURCE_POLICIES):
        if statement.allows:
            seen += 1
            assert statement.content["Principal"] not in ("*", {"AWS": "*"}), statement

    assert seen


def test_every_lambda_permission_names_its_source(synthesized: Synthesized) -> None:
    permissions = synthesized.of_type("AWS::Lambda::Permission")
    for logical_id, permission in permissions.items():
        assert permission["SourceArn"], logical_id

    without = {"buffered-own-function", "composed-without-handler"}
    assert bool(permissions) == (synthesized.name not in without)


def test_no_policy_of_the_constructs_has_a_wildcard(synthesized: Synthesized) -> None:
    seen = 0
    for statement in statements(synthesized, *IDENTITY_POLICIES):
        seen += 1
        wildcards = {action for action in statement.actions if "*" in action}
        if statement.logical_id in synthesized.own:
            assert not wildcards, statement
        assert wildcards <= WILDCARDS_OF_CDK, statement
        if "*" in statement.resources and statement.logical_id in synthesized.own:
            assert set(statement.actions) <= {*ACTIONS_ON_ANY_RESOURCE, *NETWORK_ACTIONS}, statement

    assert bool(seen) == (synthesized.name not in {"composed-without-handler"})


def test_policies_of_the_constructs_use_keys_only_through_a_service(
    synthesized: Synthesized,
) -> None:
    seen = 0
    for statement in statements(synthesized, *IDENTITY_POLICIES):
        uses = [action for action in statement.actions if action.startswith("kms:")]
        if not uses or statement.logical_id not in synthesized.own:
            continue
        seen += 1
        assert uses == statement.actions, statement
        (via,) = statement.content["Condition"]["StringEquals"].values()
        assert "kms:ViaService" in statement.content["Condition"]["StringEquals"], statement
        assert _service(via) in _SERVICES_WITH_KEYS, statement

    assert bool(seen) == (synthesized.name != "composed-without-handler")


#: The services through which functions and rules use keys.
_SERVICES_WITH_KEYS = {"dynamodb", "s3", "sns", "sqs"}


def _service(via: Any) -> str:
    text = via if isinstance(via, str) else via["Fn::Join"][1][0]
    return str(text).partition(".")[0]


def test_key_of_another_region_is_used_through_the_service_there() -> None:
    statements_of_imported = statements(synthesize("imported"), *IDENTITY_POLICIES)

    assert {
        statement.content["Condition"]["StringEquals"]["kms:ViaService"]
        for statement in statements_of_imported
        if statement.resources == [KEY_OF_IMPORTED_OUTPUT]
    } == {"s3.eu-central-1.amazonaws.com"}


def test_key_of_an_imported_table_can_be_named() -> None:
    stack = Stack(new_app(), "Ledgers")
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/outcomes"
    ledger = Ledger(
        stack,
        "Ledger",
        table=dynamodb.Table.from_table_arn(stack, "Table", arn),
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_OF_IMPORTED_OUTPUT),
    )
    policy = iam.ManagedPolicy(stack, "Policy")
    ledger._grant_record(policy)
    _, statement = stack.resolve(policy.document)["Statement"]

    assert statement["Resource"] == KEY_OF_IMPORTED_OUTPUT
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}
    }
    assert not Template.from_stack(stack).find_resources("AWS::KMS::Key")


def test_every_queue_topic_and_bucket_refuses_plain_http(synthesized: Synthesized) -> None:
    refusing = {
        referenced(owner)
        for statement in statements(
            synthesized, "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"
        )
        for owner in owners(synthesized.resources[statement.logical_id])
        if not statement.allows
        and statement.content.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        and statement.content["Principal"] in ("*", {"AWS": "*"})
    }
    resources = synthesized.of_type("AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket")

    assert set(resources) <= refusing
    assert bool(resources) == (synthesized.name != "imported")


def test_review_handler_may_do_what_is_documented_and_nothing_else(
    synthesized: Synthesized,
) -> None:
    handlers = review_handlers(synthesized)
    for function in handlers.values():
        role = function["Role"]["Fn::GetAtt"][0]
        buffered = bool(synthesized.of_type("AWS::Lambda::EventSourceMapping"))
        expected = HANDLER_ACTIONS | QUEUE_ACTIONS if buffered else HANDLER_ACTIONS
        if synthesized.name in HUBS:
            through_the_spoke = {"s3:GetObject", "s3:ListBucket", "sagemaker:DescribeHumanLoop"}
            expected = expected - through_the_spoke | {"sts:AssumeRole"}
        if "default" not in json.dumps(function["Environment"]["Variables"]["OUTCOME_BUS"]):
            expected = expected | {"events:DescribeEventBus"}
        if "CORRECTED_DOCUMENTS" in function["Environment"]["Variables"]:
            expected = expected | {"s3:PutObject"}
        if "VpcConfig" in function:
            expected = expected | NETWORK_ACTIONS
        assert actions_of_role(synthesized, role) == expected
        assert "ManagedPolicyArns" not in synthesized.resources[role]["Properties"]

    assert bool(handlers) == (synthesized.name not in WITHOUT_REVIEW_HANDLER)


def test_review_handler_publishes_outcomes_only_and_only_on_its_bus(
    synthesized: Synthesized,
) -> None:
    handlers = review_handlers(synthesized)
    for function in handlers.values():
        _assert_publishes_only(
            synthesized,
            function,
            bus=function["Environment"]["Variables"]["OUTCOME_BUS"],
            detail_type="Human Review Outcome",
        )

    assert bool(handlers) == (synthesized.name not in WITHOUT_REVIEW_HANDLER)


def test_reconciler_may_do_what_is_documented_and_nothing_else(synthesized: Synthesized) -> None:
    functions = reconcilers(synthesized)
    for function in functions.values():
        role = function["Role"]["Fn::GetAtt"][0]
        variables = function["Environment"]["Variables"]
        expected = set(RECONCILER_ACTIONS)
        if variables["FLOW_DEFINITIONS"] == "[]":
            expected.add("sagemaker:ListFlowDefinitions")
        if "event-bus/default" not in json.dumps(variables["EVENT_BUS"]):
            expected.add("events:DescribeEventBus")
        if "VpcConfig" in function:
            expected |= NETWORK_ACTIONS
        assert actions_of_role(synthesized, role) == expected
        assert "ManagedPolicyArns" not in synthesized.resources[role]["Properties"]
        _assert_publishes_only(
            synthesized,
            function,
            bus=variables["EVENT_BUS"],
            detail_type="SageMaker A2I HumanLoop Status Change",
        )

    assert bool(functions) == (synthesized.name not in WITHOUT_RECONCILER)


@pytest.mark.parametrize("functions", [reconcilers, review_handlers])
def test_human_loops_of_this_account_and_region_only_are_described(
    functions: Callable[[Synthesized], dict[str, Any]],
) -> None:
    synthesized = synthesize("minimal")
    ((_, function),) = functions(synthesized).items()
    (resource,) = (
        resource
        for statement in identity_statements(synthesized, function["Role"]["Fn::GetAtt"][0])
        if "sagemaker:DescribeHumanLoop" in statement.actions
        for resource in statement.resources
    )

    assert resource["Fn::Join"][1] == [
        "arn:",
        {"Ref": "AWS::Partition"},
        ":sagemaker:",
        {"Ref": "AWS::Region"},
        ":",
        {"Ref": "AWS::AccountId"},
        ":human-loop/*",
    ]


def test_review_handler_reads_only_the_folders_of_its_flow_definitions() -> None:
    everything_on = _reading("everything-on")

    assert _suffixes(everything_on) == ["/reviews/claims/*", "/reviews/invoices/*"]
    assert _prefixes(everything_on) == ["reviews/claims/*", "reviews/invoices/*"]


def test_many_flow_definitions_are_read_by_several_policies() -> None:
    reading = _reading("many-flow-definitions")

    assert len({statement.logical_id for statement in reading}) > 1
    assert _suffixes(reading) == [f"/reviews/{name}/*" for name in MANY_NAMES]
    assert _prefixes(reading) == [f"reviews/{name}/*" for name in MANY_NAMES]


def _assert_publishes_only(
    synthesized: Synthesized, function: dict[str, Any], *, bus: Any, detail_type: str
) -> None:
    """Check that a function puts events of one detail type, from our source, on one bus."""
    (statement,) = (
        statement
        for statement in identity_statements(synthesized, function["Role"]["Fn::GetAtt"][0])
        if "events:PutEvents" in statement.actions
    )
    assert statement.actions == ["events:PutEvents"]
    assert statement.content["Resource"] == bus
    assert statement.content["Condition"] == {
        "ForAllValues:StringEquals": {
            "events:source": "human-loop-events",
            "events:detail-type": detail_type,
        },
        # ForAllValues is also true where a key is absent.
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }


def _reading(case: str) -> list[Statement]:
    """Return what the review handler of a case may do in S3."""
    synthesized = synthesize(case)
    ((_, function),) = review_handlers(synthesized).items()
    return [
        statement
        for statement in identity_statements(synthesized, function["Role"]["Fn::GetAtt"][0])
        if any(action.startswith("s3:") for action in statement.actions)
    ]


def _suffixes(reading: list[Statement]) -> list[str]:
    """Return what stands behind the ARN of the bucket in the objects that may be read."""
    return sorted(
        arn["Fn::Join"][1][1]
        for statement in reading
        if "s3:GetObject" in statement.actions
        for arn in statement.resources
    )


def _prefixes(reading: list[Statement]) -> list[str]:
    """Return the prefixes whose keys may be listed."""
    conditions: list[dict[str, Any]] = [
        statement.content["Condition"]["StringLike"]
        for statement in reading
        if "s3:ListBucket" in statement.actions
    ]
    return sorted(prefix for condition in conditions for prefix in condition["s3:prefix"])

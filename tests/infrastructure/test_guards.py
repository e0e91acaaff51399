"""What holds in every template, whatever the case. Each guard also shows that it saw something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.infrastructure.cases import CASES, Synthesized, synthesize

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

RESOURCE_POLICIES = {
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
}
IDENTITY_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
STATEFUL = (
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
)
PHYSICAL_NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}

#: (policy's type, service, action) of statements without a condition, and why that is right.
UNCONDITIONAL_SERVICES = {
    ("AWS::IAM::Role", "lambda.amazonaws.com", "sts:AssumeRole"): (
        "Lambda takes a role only from a principal of the role's account that may pass it."
    ),
    ("AWS::SNS::TopicPolicy", "events.amazonaws.com", "sns:Publish"): (
        "Only with authorize_topics_using_role=False: SNS knows no condition for rules."
    ),
}

#: Actions on Resource "*", and why that is right.
ACTIONS_ON_ANY_RESOURCE = {
    "xray:PutTelemetryRecords": "AWS defines the action for * only.",
    "xray:PutTraceSegments": "AWS defines the action for * only.",
}

#: What the review handler may do, in every case.
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
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}

#: And what it may do besides where it reads a buffer.
BUFFER_ACTIONS = {
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
}


class Found(NamedTuple):
    """A resource of a case."""

    synthesized: Synthesized
    logical_id: str
    properties: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.synthesized.case.name}: {self.logical_id}"


class Statement(NamedTuple):
    """A statement in the policy of a resource of a case."""

    found: Found
    policy_type: str
    content: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        return _listed(self.content["Action"])

    @property
    def services(self) -> list[str]:
        principal = self.content.get("Principal", {})
        return [
            service if isinstance(service, str) else json.dumps(service)
            for service in (_listed(principal.get("Service", [])) if principal != "*" else [])
        ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _every(*types: str) -> list[Found]:
    """Collect the resources of some types in all cases, at least one of them."""
    found = [
        Found(synthesized, logical_id, properties)
        for synthesized in (synthesize(case.name) for case in CASES)
        for logical_id, properties in synthesized.of_type(*types).items()
    ]
    assert found
    return found


def _statements(policy_type: str) -> Iterator[Statement]:
    for found in _every(policy_type):
        document = found.properties[RESOURCE_POLICIES.get(policy_type, "PolicyDocument")]
        for statement in document["Statement"]:
            yield Statement(found, policy_type, statement)


def _logical_id(value: Any) -> str | None:
    """Tell which resource a Ref or an ARN's Fn::GetAtt is of; None for an imported one."""
    if isinstance(value, dict) and "Ref" in value:
        return str(value["Ref"])
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    return None


def _policy_admits(
    synthesized: Synthesized, logical_id: str, service: str, *actions: str, conditional: bool = True
) -> bool:
    """Tell whether a topic's, queue's or key's policy admits a service to all of the actions."""
    resource = synthesized.resources[logical_id]
    if resource["Type"] == "AWS::KMS::Key":
        documents = [resource["Properties"]["KeyPolicy"]]
    else:
        documents = [
            policy["PolicyDocument"]
            for policy in synthesized.of_type(
                "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"
            ).values()
            if {"Ref": logical_id} in (policy.get("Queues") or policy["Topics"])
        ]
    return any(
        statement["Effect"] == "Allow"
        and statement["Principal"] != "*"
        and service in _listed(statement["Principal"].get("Service", []))
        and set(actions) <= set(_listed(statement["Action"]))
        and ("Condition" in statement or not conditional)
        for document in documents
        for statement in document["Statement"]
    )


def _key_admits(synthesized: Synthesized, logical_id: str, service: str) -> bool:
    """Tell whether the key of a topic or queue, if it has one, admits a service."""
    properties = synthesized.resources[logical_id]["Properties"]
    key = _logical_id(properties["KmsMasterKeyId"])
    # The key of a resource in these cases is either made in them or imported, with a warning.
    return key is None or _policy_admits(
        synthesized, key, service, "kms:Decrypt", "kms:GenerateDataKey"
    )


def _rule_targets() -> list[tuple[Found, dict[str, Any]]]:
    targets = [
        (rule, target)
        for rule in _every("AWS::Events::Rule")
        for target in rule.properties["Targets"]
    ]
    assert len(targets) > len(CASES)
    return targets


def test_every_rule_target_has_dead_letters_and_a_retry_policy() -> None:
    for rule, target in _rule_targets():
        assert target.get("DeadLetterConfig", {}).get("Arn"), rule
        assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] >= 60, rule
        assert target["RetryPolicy"]["MaximumRetryAttempts"] >= 0, rule


def test_every_queue_that_a_rule_sends_to_admits_it_and_so_does_its_key() -> None:
    seen = 0
    for rule, target in _rule_targets():
        for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
            logical_id = _logical_id(arn)
            if logical_id is None or (
                rule.synthesized.resources[logical_id]["Type"] != "AWS::SQS::Queue"
            ):
                continue
            seen += 1
            assert _policy_admits(
                rule.synthesized, logical_id, "events.amazonaws.com", "sqs:SendMessage"
            ), rule
            assert _key_admits(rule.synthesized, logical_id, "events.amazonaws.com"), rule
    assert seen > len(CASES)


def test_queue_admits_just_the_rules_that_send_to_it() -> None:
    minimal = synthesize("minimal")
    senders: dict[str, set[str]] = {}
    for logical_id, rule in minimal.of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
                senders.setdefault(json.dumps(arn), set()).add(logical_id)
    queues = minimal.of_type("AWS::SQS::QueuePolicy")
    assert queues
    for policy in queues.values():
        admitted = {
            statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0]
            for statement in policy["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        }
        arn = {"Fn::GetAtt": [policy["Queues"][0]["Ref"], "Arn"]}
        assert admitted == senders.get(json.dumps(arn), set())


def test_every_topic_that_a_rule_publishes_to_admits_it_by_role_or_by_policy() -> None:
    with_role = without_role = 0
    for rule, target in _rule_targets():
        logical_id = _logical_id(target["Arn"])
        if logical_id is None or (
            rule.synthesized.resources[logical_id]["Type"] != "AWS::SNS::Topic"
        ):
            continue
        if "RoleArn" in target:
            with_role += 1
            actions = _actions_of_role(rule.synthesized, target["RoleArn"]["Fn::GetAtt"][0])
            assert actions == {"sns:Publish", "kms:Decrypt", "kms:GenerateDataKey"}, rule
        else:
            without_role += 1
            assert _policy_admits(
                rule.synthesized,
                logical_id,
                "events.amazonaws.com",
                "sns:Publish",
                conditional=False,
            ), rule
            assert _key_admits(rule.synthesized, logical_id, "events.amazonaws.com"), rule
    assert with_role
    assert without_role


def test_key_of_a_topic_has_no_source_condition_for_eventbridge_itself() -> None:
    # SNS documents that EventBridge names no source there: such a condition fails every delivery.
    (key,) = synthesize("no-handler").of_type("AWS::KMS::Key").values()
    conditions = [
        statement["Condition"]
        for statement in key["KeyPolicy"]["Statement"]
        if "events.amazonaws.com" in _listed(statement["Principal"].get("Service", []))
    ]

    assert any("aws:sns:topicArn" in json.dumps(condition) for condition in conditions)
    for condition in conditions:
        if "aws:sns:topicArn" in json.dumps(condition):
            assert "aws:Source" not in json.dumps(condition)


def test_every_alarm_has_an_action_that_its_topic_and_its_key_let_through() -> None:
    seen = 0
    for alarm in _every("AWS::CloudWatch::Alarm"):
        assert alarm.properties["AlarmActions"], alarm
        for action in alarm.properties["AlarmActions"]:
            topic = _logical_id(action)
            if topic is None:
                assert alarm.synthesized.case.name == "imported"
                continue
            seen += 1
            assert _policy_admits(
                alarm.synthesized, topic, "cloudwatch.amazonaws.com", "sns:Publish"
            ), alarm
            assert _key_admits(alarm.synthesized, topic, "cloudwatch.amazonaws.com"), alarm
    assert seen > len(CASES)


def test_no_alarm_breaches_for_want_of_data() -> None:
    for alarm in _every("AWS::CloudWatch::Alarm"):
        assert alarm.properties["TreatMissingData"] == "notBreaching", alarm


def test_every_alarm_names_a_section_of_the_runbook() -> None:
    sections = set(re.findall(r"^#+ (\w+)$", OPERATIONS.read_text("utf-8").lower(), re.MULTILINE))
    named = set()
    for alarm in _every("AWS::CloudWatch::Alarm"):
        match = re.search(
            r"Runbook: docs/operations\.md#(\w+)$",
            alarm.properties["AlarmDescription"],
        )
        assert match, alarm
        named.add(match[1])

    assert named == {"failedloops", "deadletters", "ruledelivery", "handlererrors", "lowagreement"}
    assert named <= sections


def test_every_rule_and_every_dead_letter_queue_of_the_constructs_is_watched() -> None:
    for synthesized in (synthesize(case.name) for case in CASES):
        watched = {
            json.dumps(dimension["Value"])
            for alarm in synthesized.of_type("AWS::CloudWatch::Alarm").values()
            for dimension in alarm.get("Dimensions", [])
        }
        if not watched:
            assert synthesized.case.name == "handler-only"
            continue
        for logical_id, resource in synthesized.resources.items():
            made_here = re.match(
                r"HumanLoops(StatusChange|Failed)|.*DeadLetters[0-9A-F]", logical_id
            )
            if resource["Type"] not in ("AWS::Events::Rule", "AWS::SQS::Queue") or not made_here:
                continue
            assert any(f'"{logical_id}"' in each for each in watched), (
                synthesized.case.name,
                logical_id,
            )


def test_every_statement_for_a_service_has_a_condition() -> None:
    seen = set()
    for policy_type in RESOURCE_POLICIES:
        for statement in _statements(policy_type):
            for service in statement.services:
                seen.add(policy_type)
                if "Condition" not in statement.content:
                    for action in statement.actions:
                        key = (policy_type, service, action)
                        assert key in UNCONDITIONAL_SERVICES, (statement.found, key)
    assert seen == set(RESOURCE_POLICIES)


def test_every_lambda_permission_names_its_source() -> None:
    for permission in _every("AWS::Lambda::Permission"):
        assert permission.properties["SourceArn"], permission


def test_no_policy_allows_anything_on_any_resource() -> None:
    seen = 0
    for policy_type in IDENTITY_POLICIES:
        for statement in _statements(policy_type):
            seen += 1
            # CDK's own grants on a key have these two.
            wildcards = {action for action in statement.actions if "*" in action}
            assert wildcards <= {"kms:GenerateDataKey*", "kms:ReEncrypt*"}, statement.found
            if "*" in _listed(statement.content["Resource"]):
                assert set(statement.actions) <= set(ACTIONS_ON_ANY_RESOURCE), statement.found
    assert seen > len(CASES)


@pytest.mark.parametrize(
    ("resource_type", "policy_type", "owners"),
    [
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
    ],
)
def test_every_queue_topic_and_bucket_refuses_plain_http(
    resource_type: str, policy_type: str, owners: str
) -> None:
    refusing = {
        (statement.found.synthesized.case.name, owner["Ref"])
        for statement in _statements(policy_type)
        for owner in _listed(statement.found.properties[owners])
        if statement.content["Effect"] == "Deny"
        and statement.content.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    }
    for found in _every(resource_type):
        assert (found.synthesized.case.name, found.logical_id) in refusing, found


def test_every_stateful_resource_stays_when_the_stack_goes() -> None:
    for stateful_type in STATEFUL:
        for found in _every(stateful_type):
            resource = found.synthesized.resources[found.logical_id]
            assert resource.get("DeletionPolicy") == "Retain", found
            assert resource.get("UpdateReplacePolicy") == "Retain", found


def test_visibility_timeout_is_six_times_the_timeout_of_the_function() -> None:
    for mapping in _every("AWS::Lambda::EventSourceMapping"):
        resources = mapping.synthesized.resources
        queue = resources[mapping.properties["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
        function = resources[mapping.properties["FunctionName"]["Ref"]]["Properties"]

        assert queue["VisibilityTimeout"] >= 6 * function.get("Timeout", 3), mapping
        assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"], mapping


def test_every_dead_letter_queue_keeps_its_messages_for_14_days() -> None:
    seen = 0
    for case in CASES:
        synthesized = synthesize(case.name)
        arns = [
            *(
                target["DeadLetterConfig"]["Arn"]
                for rule in synthesized.of_type("AWS::Events::Rule").values()
                for target in rule["Targets"]
            ),
            *(
                function["DeadLetterConfig"]["TargetArn"]
                for function in synthesized.of_type("AWS::Lambda::Function").values()
                if "DeadLetterConfig" in function
            ),
            *(
                queue["RedrivePolicy"]["deadLetterTargetArn"]
                for queue in synthesized.of_type("AWS::SQS::Queue").values()
                if "RedrivePolicy" in queue
            ),
        ]
        for logical_id in filter(None, map(_logical_id, arns)):
            seen += 1
            queue = synthesized.resources[logical_id]["Properties"]
            assert queue["MessageRetentionPeriod"] == 14 * 24 * 60 * 60, (case.name, logical_id)
    assert seen > len(CASES)


def test_nothing_has_a_physical_name() -> None:
    for resource_type, name in PHYSICAL_NAMES.items():
        for found in _every(resource_type):
            # A log group that CDK makes is named after its function, by reference.
            assert not isinstance(found.properties.get(name), str), found


def test_review_handler_may_do_what_is_documented_and_nothing_else() -> None:
    buffered = direct = 0
    for function in _every("AWS::Lambda::Function"):
        if "LEDGER_TABLE" not in json.dumps(function.properties):
            continue
        role = function.properties["Role"]["Fn::GetAtt"][0]
        expected = HANDLER_ACTIONS
        if function.synthesized.of_type("AWS::Lambda::EventSourceMapping"):
            buffered += 1
            expected = HANDLER_ACTIONS | BUFFER_ACTIONS
        else:
            direct += 1
        assert _actions_of_role(function.synthesized, role) == expected, function
        assert "ManagedPolicyArns" not in function.synthesized.resources[role]["Properties"]
    assert buffered
    assert direct


def test_review_handler_reads_only_the_folders_of_its_flow_definitions() -> None:
    resources = _resources_by_action(synthesize("everything-on"), "ReviewHandlerPolicy")

    assert [arn["Fn::Join"][1][1] for arn in resources["s3:GetObject"]] == [
        "/reviews/claims/*",
        "/reviews/invoices/*",
    ]


def test_review_handler_publishes_only_outcomes_and_only_on_its_bus() -> None:
    for statement in _statements("AWS::IAM::ManagedPolicy"):
        if "events:PutEvents" in statement.actions:
            assert statement.content["Condition"] == {
                "StringEquals": {
                    "events:source": "human-loop-events",
                    "events:detail-type": "Human Review Outcome",
                }
            }
    on_own_bus = _resources_by_action(synthesize("everything-on"), "ReviewHandlerPolicy")
    (bus,) = synthesize("everything-on").of_type("AWS::Events::EventBus")
    assert on_own_bus["events:PutEvents"] == [{"Fn::GetAtt": [bus, "Arn"]}]


def test_imported_resources_are_warned_of_because_their_policies_cannot_be_changed() -> None:
    imported = synthesize("imported")
    messages = [
        str(message.entry.data)
        for stack in imported.app.synth().stacks
        for message in stack.messages
    ]
    for owner, needs in (
        ("topic arn:aws:sns:eu-west-1:111122223333:alerts", "cloudwatch.amazonaws.com sns:Publish"),
        ("queue arn:aws:sqs:eu-west-1:111122223333:queue", "events.amazonaws.com sqs:SendMessage"),
        ("queue arn:aws:sqs:eu-west-1:111122223333:dead-letters", "events.amazonaws.com sqs:Send"),
        ("000000000001 cannot", "events.amazonaws.com kms:Decrypt"),
        ("000000000002 cannot", "amazonaws.com kms:Decrypt"),
    ):
        assert any(owner in message and needs in message for message in messages), owner


def test_rule_on_a_bus_of_its_own_is_measured_by_name_and_bus() -> None:
    alarms = synthesize("everything-supplied").of_type("AWS::CloudWatch::Alarm")
    (dimensions,) = (alarm["Dimensions"] for name, alarm in alarms.items() if "FailedLoops" in name)

    assert {dimension["Name"] for dimension in dimensions} == {"RuleName", "EventBusName"}
    # The Ref of a rule on a bus of one's own is "bus|rule"; its ARN ends in "/bus/rule".
    (rule_name,) = (each["Value"] for each in dimensions if each["Name"] == "RuleName")
    assert rule_name["Fn::Select"][0] == 2


def test_rule_on_the_default_bus_is_measured_by_name_though_the_bus_is_supplied() -> None:
    alarms = synthesize("imported").of_type("AWS::CloudWatch::Alarm")
    (dimensions,) = (alarm["Dimensions"] for name, alarm in alarms.items() if "FailedLoops" in name)

    assert [dimension["Name"] for dimension in dimensions] == ["RuleName"]
    assert "Ref" in dimensions[0]["Value"]


def _actions_of_role(synthesized: Synthesized, role: str) -> set[str]:
    return {
        action
        for policy in synthesized.of_type(*IDENTITY_POLICIES).values()
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
    }


def _resources_by_action(synthesized: Synthesized, policy: str) -> dict[str, list[Any]]:
    (document,) = (
        properties["PolicyDocument"]
        for logical_id, properties in synthesized.of_type("AWS::IAM::ManagedPolicy").items()
        if policy in logical_id
    )
    return {
        action: _listed(statement["Resource"])
        for statement in document["Statement"]
        for action in _listed(statement["Action"])
    }

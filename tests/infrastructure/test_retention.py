"""What stays when a stack goes, how long messages stay, and names that CloudFormation makes up."""

from __future__ import annotations

import math
from typing import Any

from tests.infrastructure.cases import Synthesized
from tests.infrastructure.templates import (
    owners,
    referenced,
    review_handlers,
    tables_of_tokens,
    targets,
)

STATEFUL = (
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
)
POLICIES = ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")
PHYSICAL_NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}

#: Cases in which all queues, topics and buckets are supplied.
NOTHING_TO_KEEP_WITH_A_POLICY = {"everything-supplied", "imported"}

#: The seconds for which the handler queue of a case retries.
RETRY_FOR = {"buffered": 6 * 3600, "buffered-own-function": 3600, "configured-app": 6 * 3600}

_14_DAYS = 14 * 24 * 60 * 60
_DEFAULT_RETENTION = 4 * 24 * 60 * 60


def _is_kept(resource: dict[str, Any]) -> bool:
    # A resource whose own creation fails is removed, so the next deployment can create it. The
    # removal of one that is protected from deletion would fail.
    is_protected = resource["Properties"].get("DeletionProtectionEnabled", False)
    return (
        resource.get("DeletionPolicy") == ("Retain" if is_protected else "RetainExceptOnCreate")
        and resource.get("UpdateReplacePolicy") == "Retain"
    )


def test_every_stateful_resource_stays_when_the_stack_goes(synthesized: Synthesized) -> None:
    stateful = set(synthesized.of_type(*STATEFUL)) & synthesized.own - tables_of_tokens(synthesized)
    for logical_id in stateful:
        assert _is_kept(synthesized.resources[logical_id]), logical_id

    assert bool(stateful) == (synthesized.name != "everything-supplied")


def test_ledger_is_protected_from_deletion_and_can_be_restored(synthesized: Synthesized) -> None:
    ledgers = {
        logical_id: table
        for logical_id, table in synthesized.of_type("AWS::DynamoDB::Table").items()
        if logical_id in synthesized.own - tables_of_tokens(synthesized)
    }
    for logical_id, table in ledgers.items():
        assert table["DeletionProtectionEnabled"], logical_id
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], logical_id
    # Some cases have a handler of their own, or a table of another stack.
    assert ledgers or synthesized.name not in ("minimal", "buffered", "everything-on")


def test_every_resource_that_stays_keeps_its_policy(synthesized: Synthesized) -> None:
    seen = 0
    for logical_id in synthesized.of_type(*POLICIES):
        policy = synthesized.resources[logical_id]
        if {referenced(owner) for owner in owners(policy)} <= synthesized.own:
            seen += 1
            assert _is_kept(policy), logical_id

    assert bool(seen) == (synthesized.name not in NOTHING_TO_KEEP_WITH_A_POLICY)


def test_every_dead_letter_queue_keeps_its_messages_for_14_days(synthesized: Synthesized) -> None:
    arns = [
        *(target.dead_letter_queue for target in targets(synthesized)),
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
    queues = {logical_id for arn in arns if (logical_id := referenced(arn)) is not None}
    for logical_id in queues:
        properties = synthesized.resources[logical_id]["Properties"]
        assert properties["MessageRetentionPeriod"] == _14_DAYS, logical_id

    assert bool(queues) == (synthesized.name != "imported")


def test_every_queue_keeps_its_messages_for_less_than_its_dead_letter_queue(
    synthesized: Synthesized,
) -> None:
    # SQS moves a message with its first time of arrival.
    seen = 0
    for logical_id, queue in synthesized.of_type("AWS::SQS::Queue").items():
        if "RedrivePolicy" in queue:
            seen += 1
            assert queue.get("MessageRetentionPeriod", _DEFAULT_RETENTION) < _14_DAYS, logical_id

    without = {"imported", "from-another-stack", "handler-only"}
    assert bool(seen) == (synthesized.name not in without)


def test_visibility_timeout_is_six_times_the_timeout_of_the_function(
    synthesized: Synthesized,
) -> None:
    mappings = synthesized.of_type("AWS::Lambda::EventSourceMapping")
    for mapping in mappings.values():
        queue = synthesized.resources[str(referenced(mapping["EventSourceArn"]))]["Properties"]
        function = synthesized.resources[mapping["FunctionName"]["Ref"]]["Properties"]

        assert queue["VisibilityTimeout"] == 6 * function.get("Timeout", 3)
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]

    assert bool(mappings) == (synthesized.name in RETRY_FOR)


def test_handler_queue_retries_for_the_time_that_is_asked_for(synthesized: Synthesized) -> None:
    queues = {
        str(referenced(mapping["EventSourceArn"])): str(referenced(mapping["FunctionName"]))
        for mapping in synthesized.of_type("AWS::Lambda::EventSourceMapping").values()
    }
    for logical_id, function in queues.items():
        queue = synthesized.resources[logical_id]["Properties"]
        receives = queue["RedrivePolicy"]["maxReceiveCount"]
        assert receives == math.ceil(RETRY_FOR[synthesized.name] / queue["VisibilityTimeout"])
        if function in review_handlers(synthesized):
            settings = review_handlers(synthesized)[function]["Environment"]["Variables"]
            dead_letter_queue = referenced(queue["RedrivePolicy"]["deadLetterTargetArn"])
            assert settings["MAX_RECEIVES"] == str(receives)
            assert settings["DEAD_LETTER_QUEUE_URL"] == {"Ref": dead_letter_queue}

    assert bool(queues) == (synthesized.name in RETRY_FOR)


def test_nothing_has_a_physical_name_but_where_the_user_gives_one(
    synthesized: Synthesized,
) -> None:
    seen = 0
    named = []
    for resource_type, name in PHYSICAL_NAMES.items():
        for logical_id, properties in synthesized.of_type(resource_type).items():
            if logical_id in synthesized.own:
                seen += 1
                if name in properties:
                    named.append(properties[name])

    assert seen
    # Hubs and spokes must know each other's roles beforehand.
    expected = {
        "everything-on": ["archive"],
        "hub-and-spoke": [
            f"HumanLoops-people-Hub-{role}" for role in ("reader-eu-west-1", "output-us-east-1")
        ],
        "hub-of-an-organization": [
            {"Fn::Join": ["", ["Loops-Hub-reader-", {"Ref": "AWS::Region"}]]}
        ],
    }
    assert named == expected.get(synthesized.name, [])

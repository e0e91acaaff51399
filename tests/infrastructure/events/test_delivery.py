"""Every rule can deliver to its targets, and keeps the events that it cannot deliver."""

from __future__ import annotations

import json
from typing import Any

from tests.infrastructure.cases import ACCOUNT, REGION, Synthesized, synthesize, synthesized_app
from tests.infrastructure.cases.hubs import SPOKE_ACCOUNT, SPOKE_REGION
from tests.infrastructure.templates import (
    EVENTS,
    actions_of_role,
    admits,
    identity_statements,
    key_admits,
    referenced,
    statements,
    statements_about,
    targets,
    targets_of_type,
)

#: Cases whose topics and queues are imported, so that their policies are not in the template.
IMPORTED = {"imported"}

#: The accounts and Regions of stacks whose environment is known.
KNOWN_ENVIRONMENTS = (
    {"account": ACCOUNT, "region": REGION},
    {"account": SPOKE_ACCOUNT, "region": SPOKE_REGION},
)

#: Cases in which no rule publishes to a topic.
WITHOUT_TOPICS = {"handler-only"}

#: Cases whose rules publish without a role.
WITHOUT_ROLE = {"composed-without-handler"}


def test_every_rule_target_has_a_retry_policy_and_a_dead_letter_queue(
    synthesized: Synthesized,
) -> None:
    for target in targets(synthesized):
        assert target.content["DeadLetterConfig"]["Arn"], target
        retry_policy = dict(target.content["RetryPolicy"])
        if synthesized.name == "everything-on" and "EventsRulesPage" in target.rule:
            assert retry_policy == {"MaximumRetryAttempts": 1}, target
            continue
        assert 60 <= retry_policy.pop("MaximumEventAgeInSeconds") <= 86_400, target
        assert 0 <= retry_policy.pop("MaximumRetryAttempts") <= 185, target


def test_every_queue_that_a_rule_sends_to_admits_it_and_so_does_its_key(
    synthesized: Synthesized,
) -> None:
    seen = 0
    for target in targets(synthesized):
        for arn in (target.content["Arn"], target.dead_letter_queue):
            queue = referenced(arn)
            if queue is None or synthesized.resources[queue]["Type"] != "AWS::SQS::Queue":
                continue
            seen += 1
            assert admits(synthesized, queue, EVENTS, "sqs:SendMessage"), target
            assert key_admits(synthesized, queue, EVENTS), target

    assert bool(seen) == (synthesized.name not in IMPORTED)


def test_queue_admits_the_rules_that_send_to_it_and_no_others(synthesized: Synthesized) -> None:
    seen = 0
    rules = synthesized.of_type("AWS::Events::Rule")
    for queue in synthesized.of_type("AWS::SQS::Queue"):
        arn = {"Fn::GetAtt": [queue, "Arn"]}
        sending = {each.rule for each in targets(synthesized) if each.content["Arn"] == arn}
        failing = {each.rule for each in targets(synthesized) if each.dead_letter_queue == arn}
        named: set[str] = set()
        all_rules = False
        for statement in statements_about(synthesized, queue):
            if EVENTS not in statement.services:
                continue
            condition = statement.content["Condition"]
            if "ArnLike" in condition:
                assert _is_any_rule_of_the_account(condition), statement
                all_rules = True
            else:
                assert condition.keys() == {"ArnEquals"}, statement
                named.add(condition["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0])
            seen += 1
        assert named <= (sending | failing) & rules.keys()
        if all_rules:
            # A dead-letter queue, or a queue in another stack than the rules.
            assert failing or synthesized.name == "from-another-stack"
        else:
            assert named == sending | failing

    assert bool(seen) == (synthesized.name not in IMPORTED)


def test_every_topic_that_a_rule_publishes_to_admits_it_by_role_or_by_policy(
    synthesized: Synthesized,
) -> None:
    published = targets_of_type(synthesized, "AWS::SNS::Topic")
    for target, topic in published:
        if synthesized.name in WITHOUT_ROLE:
            assert "RoleArn" not in target.content
            assert admits(synthesized, topic, EVENTS, "sns:Publish", conditional=False), target
            assert key_admits(synthesized, topic, EVENTS), target
            continue
        role = str(referenced(target.content["RoleArn"]))
        archived = targets_of_type(synthesized, "AWS::KinesisFirehose::DeliveryStream")
        assert actions_of_role(synthesized, role) == {
            *("sns:Publish", "kms:Decrypt", "kms:GenerateDataKey"),
            *(("firehose:PutRecord", "firehose:PutRecordBatch") if archived else ()),
        }, target
        allowed = [
            resource
            for statement in identity_statements(synthesized, role)
            for resource in statement.resources
        ]
        key = synthesized.resources[topic]["Properties"]["KmsMasterKeyId"]
        assert {"Ref": topic} in allowed, target
        assert key in allowed, target

    assert bool(published) == (synthesized.name not in WITHOUT_TOPICS | IMPORTED)


def test_role_of_the_rules_is_assumed_by_rules_of_the_account_only(
    synthesized: Synthesized,
) -> None:
    roles = {
        str(referenced(target.content["RoleArn"]))
        for target in targets(synthesized)
        if "RoleArn" in target.content
    }
    for role in roles:
        document = synthesized.resources[role]["Properties"]["AssumeRolePolicyDocument"]
        for statement in document["Statement"]:
            assert statement["Principal"] == {"Service": EVENTS}
            assert _is_any_rule_of_the_account(statement["Condition"])

    assert bool(roles) == (synthesized.name not in WITHOUT_TOPICS | WITHOUT_ROLE)


def test_key_of_a_topic_has_no_source_condition_for_eventbridge_itself() -> None:
    # SNS documents that EventBridge names no source there: such a condition fails every delivery.
    synthesized = synthesize("composed-without-handler")
    conditions = [
        statement.content["Condition"]
        for statement in statements(synthesized, "AWS::KMS::Key")
        if EVENTS in statement.services
    ]

    of_topics = [each for each in conditions if "aws:sns:topicArn" in json.dumps(each)]
    assert of_topics
    for condition in of_topics:
        assert "aws:Source" not in json.dumps(condition)


def test_every_function_that_a_rule_invokes_admits_it(synthesized: Synthesized) -> None:
    permitted = {
        (
            json.dumps(permission["FunctionName"], sort_keys=True),
            json.dumps(permission["SourceArn"], sort_keys=True),
        )
        for permission in synthesized.of_type("AWS::Lambda::Permission").values()
        if permission["Principal"] == EVENTS
    }
    invoked = targets_of_type(synthesized, "AWS::Lambda::Function")
    for target, _ in invoked:
        assert (
            json.dumps(target.content["Arn"], sort_keys=True),
            json.dumps({"Fn::GetAtt": [target.rule, "Arn"]}, sort_keys=True),
        ) in permitted, target

    without = {"composed-without-handler", "buffered-own-function"}
    assert bool(invoked) == (synthesized.name not in without)


def test_imported_resources_are_warned_of_because_their_policies_cannot_be_changed() -> None:
    app, _ = synthesized_app("imported")
    messages = [
        str(message.entry.data) for stack in app.synth().stacks for message in stack.messages
    ]
    for owner, needs in (
        ("topic arn:aws:sns:eu-west-1:111122223333:alerts", "cloudwatch.amazonaws.com sns:Publish"),
        ("queue arn:aws:sqs:eu-west-1:111122223333:queue", "events.amazonaws.com sqs:SendMessage"),
        ("queue arn:aws:sqs:eu-west-1:111122223333:dead-letters", "events.amazonaws.com sqs:Send"),
        ("000000000001 cannot", "events.amazonaws.com kms:Decrypt"),
        ("000000000002 cannot", "logs.eu-west-1.amazonaws.com kms:Decrypt"),
    ):
        assert any(owner in message and needs in message for message in messages), owner


def test_queue_flag_of_the_app_changes_nothing() -> None:
    on, off = synthesize("minimal"), synthesize("minimal-queue-flag-off")

    assert on.template == off.template


def _is_any_rule_of_the_account(condition: dict[str, Any]) -> bool:
    """Tell whether a condition is met by all rules of the account and Region, and nothing else."""
    account, region = {"Ref": "AWS::AccountId"}, {"Ref": "AWS::Region"}
    parts = ["arn:", {"Ref": "AWS::Partition"}, ":events:", region, ":", account, ":rule/*"]
    return condition in (
        *(
            {
                "StringEquals": {"aws:SourceAccount": each["account"]},
                "ArnLike": {
                    "aws:SourceArn": f"arn:aws:events:{each['region']}:{each['account']}:rule/*"
                },
            }
            for each in KNOWN_ENVIRONMENTS
        ),
        {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": {"Fn::Join": ["", parts]}},
        },
    )

"""The example apps run, and make what their text says."""

from __future__ import annotations

from typing import Any

import aws_cdk
import pytest
from aws_cdk.assertions import Template

from human_loop_events.testing import (
    assert_no_rule_matches,
    assert_rule_matches,
    completed_event,
    failed_event,
    outcome_event,
    stopped_event,
)
from tests.infrastructure.cases import RECOMMENDED_FLAGS
from tests.infrastructure.examples import EXAMPLES, run_example

#: An example, one of its stacks, and how many resources this has of some types.
SYNTHESIZED: list[tuple[str, str, dict[str, int]]] = [
    ("minimal_app.py", "Reviews", {"AWS::Events::Rule": 3, "AWS::SNS::Subscription": 1}),
    (
        "existing_resources_app.py",
        "ClaimsReviews",
        {"AWS::Events::Rule": 4, "AWS::S3::Bucket": 0, "AWS::SNS::Topic": 2},
    ),
    (
        "jobs_app.py",
        "ModelOperations",
        {"AWS::Events::Rule": 6, "AWS::SNS::Topic": 3, "AWS::KMS::Key": 1},
    ),
    (
        "state_machine_app.py",
        "Applications",
        {"AWS::StepFunctions::StateMachine": 1, "AWS::DynamoDB::Table": 2},
    ),
    (
        "document_pages_app.py",
        "Documents",
        {"AWS::StepFunctions::StateMachine": 1, "AWS::DynamoDB::Table": 2},
    ),
    (
        "corrected_documents_app.py",
        "Invoices",
        {"AWS::StepFunctions::StateMachine": 1, "AWS::S3::Bucket": 1, "AWS::KMS::Key": 2},
    ),
    ("pipeline_app.py", "ReviewsPipeline", {"AWS::CodePipeline::Pipeline": 1}),
    (
        "hub_and_spoke_app.py",
        "People",
        {"AWS::Events::EventBus": 1, "AWS::Events::Rule": 2, "AWS::S3::Bucket": 0},
    ),
    (
        "hub_and_spoke_app.py",
        "Spoke-claims",
        {"AWS::Events::Rule": 1, "AWS::Lambda::Function": 0, "AWS::IAM::Role": 2},
    ),
    ("status_routing_app.py", "RoutedReviews", {"AWS::Events::Rule": 8, "AWS::KMS::Key": 1}),
    (
        "two_teams_app.py",
        "LendingReviews",
        {"AWS::Events::Rule": 4, "AWS::SNS::Subscription": 1},
    ),
    ("slack_app.py", "SlackReviews", {"AWS::Chatbot::SlackChannelConfiguration": 1}),
    (
        "outcome_archive_app.py",
        "ArchivedReviews",
        {"AWS::Athena::WorkGroup": 1, "AWS::Glue::Table": 3, "AWS::S3::Bucket": 2},
    ),
    (
        "retraining_app.py",
        "Retraining",
        {"AWS::StepFunctions::StateMachine": 1, "AWS::S3::Bucket": 1},
    ),
]


@pytest.mark.parametrize("flags", [RECOMMENDED_FLAGS, {}], ids=["recommended", "no-flags"])
@pytest.mark.parametrize(("example", "stack_name", "expected"), SYNTHESIZED)
def test_example_synthesizes_without_warnings(
    example: str,
    stack_name: str,
    expected: dict[str, int],
    flags: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = run_example(example, monkeypatch, flags)

    stacks = [each for each in app.node.children if isinstance(each, aws_cdk.Stack)]
    (stack,) = (each for each in stacks if each.stack_name == stack_name)
    for resource_type, count in expected.items():
        Template.from_stack(stack).resource_count_is(resource_type, count)
    assert [each for every in app.synth().stacks for each in _warnings(every)] == []


def _warnings(stack: Any) -> list[str]:
    """Return the warnings, except that who copies an example must find the bucket's key."""
    warnings = [str(message.entry.data) for message in stack.messages]
    return [each for each in warnings if "output-bucket-key" not in each]


def test_every_example_app_is_tested() -> None:
    assert set(EXAMPLES) == {example for example, _, _ in SYNTHESIZED}


def test_pipeline_deploys_a_stack_to_each_account(monkeypatch: pytest.MonkeyPatch) -> None:
    assembly = run_example("pipeline_app.py", monkeypatch).synth()

    for stage, account in (("Staging", "222233334444"), ("Production", "444455556666")):
        (stack,) = assembly.get_nested_assembly(f"assembly-{stage}").stacks
        assert stack.stack_name == f"{stage}-HumanLoops"
        assert stack.environment.account == account
        types = [each["Type"] for each in stack.template["Resources"].values()]
        assert types.count("AWS::Events::Rule") == 3
        assert _warnings(stack) == []


def _templates(example: str, monkeypatch: pytest.MonkeyPatch) -> list[Template]:
    """Return the templates of an example, in the order of its stacks."""
    children = run_example(example, monkeypatch).node.children
    return [Template.from_stack(each) for each in children if isinstance(each, aws_cdk.Stack)]


def test_each_flow_definition_and_status_has_its_route(monkeypatch: pytest.MonkeyPatch) -> None:
    (template,) = _templates("status_routing_app.py", monkeypatch)
    expired = failed_event(failure_code="Expired")
    broken = failed_event(flow_definition="claims", failure_code="InternalError")
    routes = {
        "CompletedclaimsStatusChange": completed_event(flow_definition="claims"),
        "CompletedinvoicesStatusChange": completed_event(),
        "HumanLoopsEventsRulesExpired": expired,
        "HumanLoopsEventsRulesBroken": broken,
        "HumanLoopsEventsRulesCancelled": stopped_event(),
    }

    for rule in routes:
        for matched, event in routes.items():
            check = assert_rule_matches if rule == matched else assert_no_rule_matches
            check(template, event, rule=rule)


def test_teams_receive_neither_the_loops_nor_the_outcomes_of_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    templates = _templates("two_teams_app.py", monkeypatch)
    for template, flow_definition, other in zip(
        templates, ("payslips", "tickets"), ("tickets", "payslips"), strict=True
    ):
        (ledger,) = template.find_resources("AWS::DynamoDB::Table")
        arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/"
        values = {f"{ledger}.Arn": arn + flow_definition}

        ours = completed_event(flow_definition=flow_definition)
        assert_rule_matches(template, ours, values=values)
        ours = outcome_event(ours, ledger_arn=arn + flow_definition)
        assert_rule_matches(template, ours, values=values)
        theirs = completed_event(flow_definition=other)
        assert_no_rule_matches(template, theirs, values=values)
        # On the same bus, from the same source.
        theirs = outcome_event(theirs, ledger_arn=arn + other)
        assert_no_rule_matches(template, theirs, values=values)


def test_slack_channel_receives_the_alerts_in_its_format(monkeypatch: pytest.MonkeyPatch) -> None:
    (template,) = _templates("slack_app.py", monkeypatch)

    (channel,) = template.find_resources("AWS::Chatbot::SlackChannelConfiguration").values()
    (topic,) = channel["Properties"]["SnsTopicArns"]
    rules = template.find_resources("AWS::Events::Rule").values()
    inputs = [
        target["InputTransformer"]["InputTemplate"]
        for rule in rules
        for target in rule["Properties"]["Targets"]
        if target["Arn"] == topic
    ]
    assert len(inputs) == 2
    assert [each for each in inputs if '"source":"custom"' not in str(each)] == []


def test_training_job_reads_the_outputs_of_its_flow_definition_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (template,) = _templates("retraining_app.py", monkeypatch)

    (role,) = (
        logical_id
        for logical_id, each in template.find_resources("AWS::IAM::Role").items()
        if "sagemaker.amazonaws.com" in str(each["Properties"]["AssumeRolePolicyDocument"])
    )
    read = [
        statement
        for policy in template.find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if {"Ref": role} in policy["Properties"]["Roles"] and "s3:GetObject" in str(statement)
    ]
    # The task of Step Functions grants the same, and to list the bucket.
    resources = {
        str(each).rpartition(":s3:::")[2]
        for statement in read
        for each in (
            [statement["Resource"]]
            if isinstance(statement["Resource"], dict)
            else statement["Resource"]
        )
    }
    assert resources == {"example-reviews']]}", "example-reviews/a2i/invoices/*']]}"}
    states = str(template.find_resources("AWS::StepFunctions::StateMachine"))
    assert "/a2i/invoices/" in states

"""The example apps run, and make what their text says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import aws_cdk
import pytest
from aws_cdk.assertions import Template

from tests.infrastructure.cases import RECOMMENDED_FLAGS, new_app

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("flags", [RECOMMENDED_FLAGS, {}], ids=["recommended", "no-flags"])
@pytest.mark.parametrize(
    ("example", "stack_name", "expected"),
    [
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
    ],
)
def test_example_synthesizes_without_warnings(
    example: str,
    stack_name: str,
    expected: dict[str, int],
    flags: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # CDK takes flags from its command line's environment, which cannot change once it runs here.
    monkeypatch.setattr(aws_cdk, "App", lambda: new_app(flags))

    app: aws_cdk.App = runpy.run_path(str(EXAMPLES / example), run_name="__main__")["app"]

    stacks = [each for each in app.node.children if isinstance(each, aws_cdk.Stack)]
    (stack,) = (each for each in stacks if each.stack_name == stack_name)
    for resource_type, count in expected.items():
        Template.from_stack(stack).resource_count_is(resource_type, count)
    assert [
        str(message.entry.data) for each in app.synth().stacks for message in each.messages
    ] == []


def test_every_example_app_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*_app.py")} == {
        "minimal_app.py",
        "existing_resources_app.py",
        "jobs_app.py",
        "state_machine_app.py",
        "pipeline_app.py",
        "hub_and_spoke_app.py",
    }


def test_pipeline_deploys_a_stack_to_each_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_cdk, "App", new_app)
    app: aws_cdk.App = runpy.run_path(str(EXAMPLES / "pipeline_app.py"))["app"]

    assembly = app.synth()

    for stage, account in (("Staging", "222233334444"), ("Production", "444455556666")):
        (stack,) = assembly.get_nested_assembly(f"assembly-{stage}").stacks
        assert stack.stack_name == f"{stage}-HumanLoops"
        assert stack.environment.account == account
        types = [each["Type"] for each in stack.template["Resources"].values()]
        assert types.count("AWS::Events::Rule") == 3
        assert [str(message.entry.data) for message in stack.messages] == []

"""Metrics: what is printed for CloudWatch when a loop is settled."""

from __future__ import annotations

import pytest

from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import FailureCode
from tests.unit.conftest import World, ended_loop, printed_metrics, sample_output


def test_metrics_of_a_completed_loop(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.settler.settle(ended_loop())
    (printed,) = printed_metrics(capsys)
    (directive,) = printed["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "HumanLoops"
    assert directive["Dimensions"] == [["FlowDefinition", "FunctionName"]]
    assert printed["FlowDefinition"] == "flowdef-nov-12"
    named = {each["Name"] for each in directive["Metrics"]}
    assert {"Completed", "LoopFailed", "Answers", "TurnaroundSeconds", "Agreement"} <= named
    assert (printed["Completed"], printed["LoopFailed"], printed["Answers"]) == (1, 0, 2)
    assert (printed["FieldsJudged"], printed["FieldsCorrect"], printed["Corrected"]) == (4, 3, 1)
    assert printed["TurnaroundSeconds"] == pytest.approx(708.26)
    assert named == set(printed) - {"_aws", "FlowDefinition", "FunctionName"}


def test_metrics_of_a_failed_loop(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.settler.settle(ended_loop("Failed", output_key=None, failureCode="Expired"))
    (printed,) = printed_metrics(capsys)
    by_flow, by_code = printed["_aws"]["CloudWatchMetrics"]
    assert {"Failed", "LoopFailed", "TurnaroundSeconds"} == {m["Name"] for m in by_flow["Metrics"]}
    assert by_code["Dimensions"] == [["FlowDefinition", "FunctionName", "FailureCode"]]
    assert (printed["LoopFailed"], printed["FailureCode"]) == (1, "Expired")


def test_unreadable_output_is_counted_and_nothing_else(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_output("output.json", "nonsense")
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(ended_loop())
    (printed,) = printed_metrics(capsys)
    assert {key: value for key, value in printed.items() if key != "_aws"} == {
        "FlowDefinition": "flowdef-nov-12",
        "FunctionName": "none",
        "Unreadable": 1,
    }


@pytest.mark.parametrize(
    ("code", "dimension"),
    [
        *[(code.value, code.value) for code in FailureCode],
        (None, "Unknown"),
        ("", "Unknown"),
        ("Novel", "Other"),
        ("x" * 1000, "Other"),
        (5, "Unknown"),
    ],
)
def test_failure_codes_of_a_dimension_are_few(
    world: World, capsys: pytest.CaptureFixture[str], code: object, dimension: str
) -> None:
    world.settler.settle(ended_loop("Failed", failureCode=code))
    assert printed_metrics(capsys)[0]["FailureCode"] == dimension


@pytest.mark.parametrize(
    ("name", "dimension"),
    [
        ("invoices", "invoices"),
        ("Fälle\n", "F?lle?"),
        ("x" * 300, "x" * 255),
        (" : ", "Unknown"),
        ("", "Unknown"),
    ],
)
def test_dimension_is_what_cloudwatch_accepts(
    world: World, capsys: pytest.CaptureFixture[str], name: str, dimension: str
) -> None:
    arn = f"arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/{name}"
    world.settler.settle(ended_loop("Stopped", flowDefinitionArn=arn))
    assert printed_metrics(capsys)[0]["FlowDefinition"] == dimension

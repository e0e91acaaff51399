"""Metrics: what is printed for CloudWatch when a loop is settled."""

from __future__ import annotations

import pytest

from tests.unit.conftest import World, ended_loop, printed_metrics, sample_output


def test_metrics_of_a_completed_loop(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.settler.settle(ended_loop())
    (printed,) = printed_metrics(capsys)
    (directive,) = printed["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "HumanLoops"
    assert directive["Dimensions"] == [["FlowDefinition"]]
    assert printed["FlowDefinition"] == "flowdef-nov-12"
    named = {each["Name"] for each in directive["Metrics"]}
    assert {"Completed", "LoopFailed", "Answers", "TurnaroundSeconds", "Agreement"} <= named
    assert (printed["Completed"], printed["LoopFailed"], printed["Answers"]) == (1, 0, 2)
    assert printed["TurnaroundSeconds"] == pytest.approx(708.26)
    assert named == set(printed) - {"_aws", "FlowDefinition"}


def test_metrics_of_a_failed_loop(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.settler.settle(ended_loop("Failed", output_key=None, failureCode="Expired"))
    (printed,) = printed_metrics(capsys)
    by_flow, by_code = printed["_aws"]["CloudWatchMetrics"]
    assert {"Failed", "LoopFailed", "TurnaroundSeconds"} == {m["Name"] for m in by_flow["Metrics"]}
    assert by_code["Dimensions"] == [["FlowDefinition", "FailureCode"]]
    assert (printed["LoopFailed"], printed["FailureCode"]) == (1, "Expired")

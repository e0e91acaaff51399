"""The dashboard shows what the functions and AWS measure, and nothing that nobody measures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from aws_cdk import Stack
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from human_loop_events import (
    AlertsSettings,
    FlowDefinitions,
    HumanLoopEvents,
    HumanLoopStatus,
)
from human_loop_reviews.aws import callback_metrics, reconciler_metrics
from human_loop_reviews.aws.reconciler_items import Progress
from tests.infrastructure.cases import Synthesized, new_app, synthesize
from tests.infrastructure.templates import all_references
from tests.unit.conftest import World, ended_loop, printed_metrics, sample_output, world

__all__ = ["world"]

#: Cases with a dashboard: unnamed flow definitions, named ones, a handler of one's own, callbacks.
CASES = ("default-app", "everything-on", "everything-supplied", "callbacks", "configured-app")

#: AWS's own metrics that the dashboard uses, by namespace, with the dimensions of each.
#: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
#: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
OF_AWS = {
    "AWS/Events": ({"TriggeredRules"}, [{"RuleName"}, {"EventBusName", "RuleName"}]),
    "AWS/Lambda": ({"Duration", "Errors", "Invocations", "Throttles"}, [{"FunctionName"}]),
    "AWS/SQS": (
        {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
        [{"QueueName"}],
    ),
}

_SEARCH = re.compile(r"SEARCH\('\{([^}]+)\} ([^']*)', '(\w+)'\)")


class Measured(NamedTuple):
    """A metric as CloudWatch tells it apart from others, but for the values of dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[str]


def _body(template: dict[str, Any]) -> dict[str, Any]:
    (dashboard,) = (
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Dashboard"
    )
    body = dashboard["DashboardBody"]
    parts = [body] if isinstance(body, str) else body["Fn::Join"][1]
    # A reference becomes a text that names what it refers to.
    texts = (
        part if isinstance(part, str) else f"<{next(iter(all_references(part)), 'pseudo')}>"
        for part in parts
    )
    loaded: dict[str, Any] = json.loads("".join(texts))
    return loaded


def _metric_rows(body: dict[str, Any]) -> Iterator[list[Any]]:
    for widget in body["widgets"]:
        if widget["type"] == "metric":
            assert widget["properties"]["metrics"], widget["properties"]["title"]
            yield from widget["properties"]["metrics"]


def _measured(row: list[Any]) -> Iterator[tuple[Measured, dict[str, str]]]:
    """Yield what a row of a graph shows, with the values of dimensions."""
    if isinstance(row[0], dict):
        searches = _SEARCH.findall(row[0]["expression"])
        assert searches or re.fullmatch(r"correct_\w+ / judged_\w+", row[0]["expression"])
        for schema, terms, _ in searches:
            namespace, *dimensions = schema.split(",")
            values = dict(re.findall(r'(\w+)="([^"]+)"', terms))
            yield Measured(namespace, values.pop("MetricName"), frozenset(dimensions)), values
        return
    namespace, name, *rest = [each for each in row if isinstance(each, str)]
    dimensions = dict(zip(rest[::2], rest[1::2], strict=True))
    yield Measured(namespace, name, frozenset(dimensions)), dimensions


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def printed(_credentials: None, world: World, capsys: pytest.CaptureFixture[str]) -> set[Measured]:
    """Return the metrics that the functions print, of loops that end in every way."""
    world.put_output("output.json", sample_output("textract-invoice"))
    world.put_output("broken.json", "no JSON")
    world.settler.settle(ended_loop(source="human-loop-events"))  # not known to A2I
    for status in HumanLoopStatus:
        world.settler.settle(ended_loop(status.value, humanLoopArn=f"{_LOOP}/{status.lower()}"))
    broken = ended_loop(output_key="broken.json", humanLoopArn=f"{_LOOP}/broken")
    with pytest.raises(ValueError, match="broken"):
        world.settler.settle(broken)
    now = datetime(2026, 3, 14, tzinfo=UTC)
    reconciler_metrics.emit(
        Progress(flow_definition_arn=_FLOW, open_loops=1, oldest_open_loop=now),
        function_name="reconciler",
        recovered=1,
        complete=True,
        unknown=False,
        now=now,
    )
    for waited in (True, False):
        callback_metrics.emit(_FLOW, waited=waited)
    return {
        Measured(directive["Namespace"], metric["Name"], frozenset(dimensions))
        for document in printed_metrics(capsys)
        for directive in document["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for dimensions in directive["Dimensions"]
    }


_LOOP = "arn:aws:sagemaker:eu-west-1:111122223333:human-loop"
_FLOW = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"


@pytest.mark.parametrize("case", CASES)
def test_every_line_of_a_graph_is_measured(case: str, printed: set[Measured]) -> None:
    synthesized = synthesize(case)
    seen: set[str] = set()
    for row in _metric_rows(_body(synthesized.template)):
        for metric, values in _measured(row):
            seen.add(metric.namespace)
            if metric.namespace == "HumanLoops":
                assert metric in printed
            else:
                names, dimensions = OF_AWS[metric.namespace]
                assert metric.name in names
                assert metric.dimensions in dimensions
                for value in values.values():
                    reference = value.strip("<>")
                    assert reference in synthesized.resources or value == reference, value

    ours = set() if case == "everything-supplied" else {"HumanLoops"}
    assert seen == {*OF_AWS, *ours}


@pytest.mark.parametrize("case", CASES)
def test_dashboard_shows_every_alarm_and_links_the_runbook(case: str) -> None:
    synthesized = synthesize(case)
    body = _body(synthesized.template)
    shown = {
        arn.strip("<>")
        for widget in body["widgets"]
        if widget["type"] == "alarm"
        for arn in widget["properties"]["alarms"]
    }
    (text,) = (each["properties"]["markdown"] for each in body["widgets"] if each["type"] == "text")

    assert shown
    assert shown == set(synthesized.of_type("AWS::CloudWatch::Alarm"))
    assert "#alarmsV2:" in text
    assert "human-loops runbook" in text


@pytest.mark.parametrize("case", CASES)
def test_widgets_fit_the_grid_and_do_not_overlap(case: str) -> None:
    cells: set[tuple[int, int]] = set()
    for widget in _body(synthesize(case).template)["widgets"]:
        covered = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _ in covered) < 24
        assert not covered & cells
        cells |= covered


def _graphs(case: str) -> dict[str, list[Any]]:
    return {
        widget["properties"]["title"]: widget["properties"]["metrics"]
        for widget in _body(synthesize(case).template)["widgets"]
        if widget["type"] == "metric"
    }


def test_agreement_divides_counts_and_never_averages_ratios() -> None:
    title = "Agreement with the model: correct fields of the judged ones, a day"
    named, unnamed = _graphs("everything-on")[title], _graphs("default-app")[title]

    expressions = [row[0]["expression"] for row in named if isinstance(row[0], dict)]
    assert expressions == ["correct_invoices / judged_invoices", "correct_claims / judged_claims"]
    counts = {row[1]: row[-1]["stat"] for row in named if isinstance(row[0], str)}
    assert counts == {"FieldsCorrect": "Sum", "FieldsJudged": "Sum"}
    (row,) = unnamed
    assert re.fullmatch(
        r"SUM\(SEARCH\('.*FieldsCorrect.*', 'Sum'\)\) / SUM\(SEARCH\('.*FieldsJudged.*', 'Sum'\)\)",
        row[0]["expression"],
    )


def test_named_flow_definitions_are_the_only_ones_shown() -> None:
    for row in _metric_rows(_body(synthesize("everything-on").template)):
        for metric, values in _measured(row):
            if "FlowDefinition" in metric.dimensions:
                assert values["FlowDefinition"] in ("invoices", "claims")


def _stack_with_a_dashboard(**parameters: Any) -> tuple[HumanLoopEvents, Stack]:
    stack = Stack(new_app(), "Loops")
    return HumanLoopEvents(stack, "HumanLoops", **parameters), stack


def _titles(stack: Stack) -> set[str]:
    body = _body(dict(Template.from_stack(stack).to_json()))
    return {each["properties"].get("title", "") for each in body["widgets"]}


def test_statuses_that_the_handler_does_not_receive_are_not_shown() -> None:
    loops, stack = _stack_with_a_dashboard(statuses=[HumanLoopStatus.COMPLETED])
    loops.add_dashboard()

    titles = _titles(stack)

    assert "Completed loops an hour" in titles
    assert not titles & {"Failed loops an hour", "Stopped loops an hour", "Failure codes"}


def test_events_that_a2i_does_not_confirm_are_shown() -> None:
    (row,) = _graphs("default-app")["Events that A2I did not confirm"]

    ((metric, _),) = _measured(row)
    assert metric == Measured("HumanLoops", "UnconfirmedEvents", frozenset({"FunctionName"}))


def test_callbacks_are_shown_whichever_is_added_first() -> None:
    first, first_stack = _stack_with_a_dashboard()
    first.add_callbacks()
    first.add_dashboard()
    second, second_stack = _stack_with_a_dashboard()
    second.add_dashboard()
    second.add_callbacks()

    assert "Executions of Step Functions" in _titles(first_stack)
    assert _titles(first_stack) == _titles(second_stack)


def test_second_dashboard_is_refused() -> None:
    loops, _ = _stack_with_a_dashboard()
    loops.add_dashboard()

    with pytest.raises(ValueError, match=r"Loops/HumanLoops: add_dashboard\(\) was called twice"):
        loops.add_dashboard("Another")


def test_runbook_with_an_address_is_linked_by_section() -> None:
    address = "https://wiki.example.com/loops"
    loops, stack = _stack_with_a_dashboard(alerts=AlertsSettings(runbook=address))
    loops.add_dashboard()

    body = _body(dict(Template.from_stack(stack).to_json()))

    assert f"[FailedLoops]({address}#failedloops)" in body["widgets"][0]["properties"]["markdown"]


@pytest.mark.full
def test_more_alarms_than_one_widget_may_have_are_all_shown() -> None:
    names = [f"flow-definition-{number}" for number in range(50)]
    loops, stack = _stack_with_a_dashboard(flow_definitions=FlowDefinitions.from_names(*names))
    loops.add_dashboard()
    loops.alert_on_low_agreement(0.8)
    queues = [sns.Topic(stack, f"Topic{number}") for number in range(40)]
    for topic in queues:
        loops.alerts.add_alarm(
            topic, "Test", loops.metric_ended_loops(), description="A test.", section="Test"
        )

    body = _body(dict(Template.from_stack(stack).to_json()))
    shown = [each["properties"]["alarms"] for each in body["widgets"] if each["type"] == "alarm"]

    assert [len(alarms) for alarms in shown] == [100, len(loops.alerts.alarms) - 100]


@pytest.mark.full
def test_dashboard_stays_within_the_limits_of_cloudwatch() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html."""
    names = [f"flow-def-{number:02}" for number in range(55)]
    loops, stack = _stack_with_a_dashboard(flow_definitions=FlowDefinitions.from_names(*names))
    loops.add_dashboard()

    body = _body(dict(Template.from_stack(stack).to_json()))
    graphs = [each["properties"]["metrics"] for each in body["widgets"] if each["type"] == "metric"]

    assert max(map(len, graphs)) <= 500
    assert sum(map(len, graphs)) <= 2500


def test_own_handler_has_a_dashboard_of_what_aws_measures(synthesized: Synthesized) -> None:
    if synthesized.name == "everything-supplied":
        assert "Handler: errors and throttles" in _graphs("everything-supplied")
        assert "Completed loops an hour" not in _graphs("everything-supplied")

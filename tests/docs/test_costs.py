"""The costs in the docs count what the product does."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from docs_tools import costs
from docs_tools.costs import archive_costs, monthly_costs
from tests.infrastructure.cases import synthesize
from tests.unit.conftest import World, ended_loop, printed_metrics, sample_output, world

__all__ = ["world"]

DOCS = Path(__file__).parents[2] / "docs"


def test_alarms_are_those_of_the_default_stack() -> None:
    assert len(synthesize("minimal").of_type("AWS::CloudWatch::Alarm")) == costs.ALARMS


def test_alarms_and_queries_of_the_archive_are_those_of_the_template() -> None:
    case = synthesize("buffered")
    alarms = [each for each in case.of_type("AWS::CloudWatch::Alarm") if "OutcomeArchive" in each]

    assert len(alarms) == costs.ARCHIVE_ALARMS
    assert len(case.of_type("AWS::Athena::NamedQuery")) + 1 == costs.QUERIES_OF_A_REPORT


def test_dashboard_is_that_of_the_default_app() -> None:
    dashboards = synthesize("default-app").of_type("AWS::CloudWatch::Dashboard")

    assert len(dashboards) == costs.DASHBOARDS


@pytest.mark.usefixtures("_credentials")
def test_calls_metrics_and_sizes_are_those_of_the_handler(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        calls[f"{model.service_model.endpoint_prefix}:{model.name}"] += 1

    world.put_output("output.json", sample_output("textract-invoice"))
    for client in (world.s3, world.dynamodb, world.events):
        client.meta.events.register("before-call", count)

    world.settler.settle(ended_loop())

    (metrics,) = printed_metrics(capsys)
    assert dict(calls) == costs.CALLS_PER_LOOP
    names = {
        metric["Name"]
        for directive in metrics["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    assert len(names) == costs.METRICS_OF_A_COMPLETED_LOOP
    size = len(json.dumps(world.ledger()))
    assert 1024 < size < costs.OUTCOME_KIB * 1024
    # Beside them Lambda writes three lines about an invocation, and the handler one.
    assert len(json.dumps(metrics)) + 4 * 400 < costs.LOG_KIB_PER_LOOP * 1024


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def test_every_price_is_used() -> None:
    source = Path(costs.__file__).read_text(encoding="utf-8")

    assert [name for name in costs.PRICES if source.count(f'"{name}"') < 2] == []


def test_costs_grow_with_the_loops() -> None:
    for costs_of, least in ((monthly_costs, 1), (archive_costs, 0)):
        totals = [sum(each.dollars for each in costs_of(loops)) for loops in (0, 1_000, 10**6)]

        assert totals == sorted(totals)
        assert totals[0] > least

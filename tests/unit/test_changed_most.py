from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest

from examples.changed_most import changed_most
from human_loop_reviews.a2i.event import parse_event
from tests.unit.conftest import World, ended_loop

FLOW = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"
WRONG = ("corrected", False)


@pytest.fixture
def invoices(world: World) -> World:
    """Three weekly loops of one flow definition, and one of another."""
    for day, flow, verdicts in (
        (1, FLOW, {"Total": WRONG, "Date": ("confirmed", True)}),
        (8, FLOW, {"Total": WRONG, "Date": ("added", None)}),
        (15, FLOW, {"Total": ("disputed", False), "Name": WRONG, "Date": ("disputed", None)}),
        (15, f"{FLOW}-2", {"Total": WRONG}),
    ):
        end = f"2026-06-{day:02}T12:00:00Z"
        loop = parse_event({**ended_loop("Stopped", humanLoopArn=f"arn:{day}{flow}"), "time": end})
        fields = [
            {"name": name, "verdict": verdict, "modelCorrect": correct}
            for name, (verdict, correct) in verdicts.items()
        ]
        outcome = {"flowDefinitionArn": flow, "endTime": end, "fields": fields}
        assert world.settler.ledger.record(loop, outcome)
    return world


def test_changes_since_then_are_counted_the_most_changed_first(invoices: World) -> None:
    table = boto3.resource("dynamodb").Table("ledger")
    assert len(invoices.ledger()) == 4
    since = datetime(2026, 6, 8, tzinfo=UTC)
    counted = changed_most(table, FLOW, since)
    assert counted.most_common() == [("Total", 2), ("Date", 1), ("Name", 1)]
    assert changed_most(table, FLOW, datetime(2026, 7, 1, tzinfo=UTC)) == {}

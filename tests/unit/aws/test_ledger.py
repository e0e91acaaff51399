from __future__ import annotations

import json

import pytest

from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.aws.ledger import LedgerConflictError
from tests.unit.conftest import World, ended_loop

NOTHING: frozenset[str] = frozenset()


def test_same_end_settled_at_once_is_recorded_once(world: World) -> None:
    loop, ledger = parse_event(ended_loop()), world.settler.ledger
    assert ledger.record(loop, {"n": 1, "fields": []}, NOTHING)
    assert not ledger.record(loop, {"n": 2, "fields": []}, NOTHING)
    assert world.ledger()[0]["n"] == {"N": "1"}


def test_other_end_settled_at_once_is_tried_again(world: World) -> None:
    ledger = world.settler.ledger
    stopped, failed = parse_event(ended_loop("Stopped")), parse_event(ended_loop("Failed"))
    assert ledger.record(stopped, {"fields": []}, NOTHING)
    with pytest.raises(LedgerConflictError, match="human-loop/humanloop-nov-14-1"):
        ledger.record(failed, {"fields": []}, NOTHING)
    assert ledger.record(failed, {"fields": []}, ledger.settled_statuses(failed))
    assert ledger.settled_statuses(failed) == {"Stopped", "Failed"}


def test_outcome_is_kept_as_it_is(world: World) -> None:
    outcome = {"share": 1 / 3, "none": None, "fields": [{"name": "Paid", "verdict": "confirmed"}]}
    world.settler.ledger.record(parse_event(ended_loop()), outcome, NOTHING)
    (item,) = world.ledger()
    assert float(item["share"]["N"]) == 1 / 3
    assert item["none"] == {"NULL": True}
    assert item["fields"] == {"L": [{"M": {"name": {"S": "Paid"}, "verdict": {"S": "confirmed"}}}]}


def test_what_dynamodb_cannot_hold_is_kept_as_text(world: World) -> None:
    nested: list[object] = []
    for _ in range(100):
        nested = [nested]
    outcome = {
        "secondsWorked": [1e300, 10**50, 2.5],
        "fields": [{"name": "Odd", "predicted": 1e-200, "reviewers": nested, "consensus": None}],
    }
    world.settler.ledger.record(parse_event(ended_loop()), outcome, NOTHING)
    (item,) = world.ledger()
    assert item["secondsWorked"] == {"L": [{"S": "1e+300"}, {"S": f"1{'0' * 50}"}, {"N": "2.5"}]}
    kept = item["fields"]["L"][0]["M"]
    assert kept["predicted"] == {"S": "1e-200"}
    assert kept["consensus"] == {"S": "null"}
    assert json.loads(kept["reviewers"]["S"]) == nested

from __future__ import annotations

import pytest
from human_loop_reviews.event import parse_event
from human_loop_reviews.ledger import LedgerConflictError

from tests.unit.conftest import World, ended_loop

NOTHING: frozenset[str] = frozenset()


def test_same_end_settled_at_once_is_recorded_once(world: World) -> None:
    loop, ledger = parse_event(ended_loop()), world.settler.ledger
    assert ledger.record(loop, {"n": 1}, NOTHING)
    assert not ledger.record(loop, {"n": 2}, NOTHING)
    assert world.ledger()[0]["n"] == {"N": "1"}


def test_other_end_settled_at_once_is_tried_again(world: World) -> None:
    ledger = world.settler.ledger
    stopped, failed = parse_event(ended_loop("Stopped")), parse_event(ended_loop("Failed"))
    assert ledger.record(stopped, {}, NOTHING)
    with pytest.raises(LedgerConflictError, match="human-loop/humanloop-nov-14-1"):
        ledger.record(failed, {}, NOTHING)
    assert ledger.record(failed, {}, ledger.settled_statuses(failed))
    assert ledger.settled_statuses(failed) == {"Stopped", "Failed"}


def test_numbers_lists_and_nulls_are_kept(world: World) -> None:
    loop = parse_event(ended_loop())
    world.settler.ledger.record(loop, {"share": 1 / 3, "list": [None, True, "x"]}, NOTHING)
    (item,) = world.ledger()
    assert float(item["share"]["N"]) == 1 / 3
    assert item["list"] == {"L": [{"NULL": True}, {"BOOL": True}, {"S": "x"}]}

"""The outcome bus: a refusal is an error, and nothing is recorded."""

from __future__ import annotations

import pytest

from human_loop_reviews.aws.outcome_bus import OutcomeNotPublishedError
from tests.unit.conftest import World, ended_loop


def test_refused_outcome_is_not_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        world.settler.events,
        "put_events",
        lambda **_: {
            "FailedEntryCount": 1,
            "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}],
        },
    )
    with pytest.raises(OutcomeNotPublishedError, match=r"humanloop-nov-14-1.*ThrottlingException"):
        world.settler.settle(ended_loop("Stopped"))
    assert world.ledger() == []

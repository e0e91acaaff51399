"""The emulator's own matcher agrees on which events a synthesized pattern matches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.emulator import Emulator
from tests.infrastructure.events.pattern_cases import DOCUMENTED_EVENT, PatternCase, pattern_cases

CASES = list(pattern_cases())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_emulator_matches_what_the_pattern_is_meant_for(
    emulator: Emulator, case: PatternCase
) -> None:
    # AWS wants an account of 12 digits here; the documented event has 13.
    event: dict[str, Any] = {**case.event, "account": DOCUMENTED_EVENT["account"][:12]}

    answer = emulator.client("events").test_event_pattern(
        EventPattern=json.dumps(case.pattern), Event=json.dumps(event)
    )

    assert answer["Result"] == case.matches

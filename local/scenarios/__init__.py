"""The scenarios of the demo, in their order."""

from __future__ import annotations

from local.scenario import Scenario
from local.scenarios import (
    ended_loops,
    recovered_event,
    redrive,
    reported_outcomes,
    resumed_execution,
)

SCENARIOS: tuple[Scenario, ...] = (
    ended_loops.SCENARIO,  # the first: it expects that no other event was sent to its stack
    recovered_event.SCENARIO,
    redrive.SCENARIO,
    resumed_execution.SCENARIO,
    reported_outcomes.SCENARIO,  # the last: it reports on the loops of all others
)

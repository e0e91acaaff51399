"""The scenarios of the demo, in the order in which they run."""

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
    ended_loops.SCENARIO,  # first: it expects no other event in its stack
    recovered_event.SCENARIO,
    redrive.SCENARIO,
    resumed_execution.SCENARIO,
    reported_outcomes.SCENARIO,  # last: it reports on the loops of all others
)

"""The demo reports a difference between what it observed and what is expected."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from local.cases import CASES, Case
from local.observer import Observation
from local.scenarios.ended_loops import counted


def expected_observation(case: Case) -> Observation:
    fields = case.sample.outcome["fields"] if case.sample else []
    outcome = {"outcomeId": case.loop, "humanLoopName": case.loop, "fields": fields}
    return Observation(
        topic=case.arrivals,
        queue=case.arrivals,
        alerts=["an alert"] * case.alerts,
        outcomes=[outcome] if case.arrives else [],
        records=[case.record] if case.arrives else [],
    )


FAILED = next(case for case in CASES if case.alerts)
REVIEWED = next(case for case in CASES if case.sample)
NOT_MATCHED = next(case for case in CASES if not case.arrives)


@pytest.mark.parametrize("case", CASES, ids=[case.shows for case in CASES])
def test_expected_observation_has_no_difference(case: Case) -> None:
    assert expected_observation(case).differences(case) == []


@pytest.mark.parametrize(
    ("case", "change"),
    [
        pytest.param(FAILED, {"topic": 0}, id="lost at the topic"),
        pytest.param(FAILED, {"queue": 2}, id="twice in the queue"),
        pytest.param(FAILED, {"alerts": []}, id="no alert"),
        pytest.param(REVIEWED, {"alerts": ["an alert"]}, id="an alert about nothing"),
        pytest.param(REVIEWED, {"outcomes": []}, id="no outcome"),
        pytest.param(REVIEWED, {"records": []}, id="not in the ledger"),
        pytest.param(REVIEWED, {"records": [{"answerCount": 99}]}, id="wrong in the ledger"),
        pytest.param(REVIEWED, {"outcomes": [{"outcomeId": "1"}]}, id="wrong outcome"),
        pytest.param(NOT_MATCHED, {"topic": 1}, id="an event that the rule does not match"),
    ],
)
def test_unexpected_observation_has_a_difference(case: Case, change: dict[str, Any]) -> None:
    assert dataclasses.replace(expected_observation(case), **change).differences(case)


def test_no_two_cases_have_the_same_loop() -> None:
    assert len({case.loop for case in CASES}) == len(CASES)


def test_count_tells_what_was_lost() -> None:
    observations = {case.loop: expected_observation(case) for case in CASES}
    observations[FAILED.loop] = dataclasses.replace(observations[FAILED.loop], queue=0)
    assert counted(13, CASES, observations, "OK") == (
        "13 events sent, 10 expected, 9 arrived, 1 lost, FailedLoops OK"
    )

"""The demo's verdict: it must not call a run good in which something went astray."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from local.cases import CASES, Case
from local.demo import summary
from local.witness import Trace


def perfect(case: Case) -> Trace:
    fields = case.sample.outcome["fields"] if case.sample else []
    outcome = {"outcomeId": case.loop, "humanLoopName": case.loop, "fields": fields}
    return Trace(
        topic=case.arrivals,
        queue=case.arrivals,
        alerts=["an alert"] * case.alerts,
        outcomes=[outcome] if case.arrives else [],
        records=[case.record] if case.arrives else [],
    )


FAILED = next(case for case in CASES if case.alerts)
REVIEWED = next(case for case in CASES if case.sample)
STRANGER = next(case for case in CASES if not case.arrives)


@pytest.mark.parametrize("case", CASES, ids=[case.shows for case in CASES])
def test_all_in_its_place_makes_no_difference(case: Case) -> None:
    assert perfect(case).differences(case) == []


@pytest.mark.parametrize(
    ("case", "change"),
    [
        pytest.param(FAILED, {"topic": 0}, id="lost at the topic"),
        pytest.param(FAILED, {"queue": 2}, id="twice in the queue"),
        pytest.param(FAILED, {"alerts": []}, id="no alert"),
        pytest.param(REVIEWED, {"alerts": ["what?"]}, id="an alert about nothing"),
        pytest.param(REVIEWED, {"outcomes": []}, id="no outcome"),
        pytest.param(REVIEWED, {"records": []}, id="not in the ledger"),
        pytest.param(REVIEWED, {"records": [{"answerCount": 99}]}, id="wrong in the ledger"),
        pytest.param(REVIEWED, {"outcomes": [{"outcomeId": "1"}]}, id="wrong outcome"),
        pytest.param(STRANGER, {"topic": 1}, id="a stranger's event"),
    ],
)
def test_anything_astray_makes_a_difference(case: Case, change: dict[str, Any]) -> None:
    assert dataclasses.replace(perfect(case), **change).differences(case)


def test_no_two_cases_have_the_same_loop() -> None:
    assert len({case.loop for case in CASES}) == len(CASES)


def test_summary_counts_what_was_lost() -> None:
    traces = {case.loop: perfect(case) for case in CASES}
    traces[FAILED.loop] = dataclasses.replace(traces[FAILED.loop], queue=0)
    assert summary(13, CASES, traces, "OK") == (
        "demo: 13 events sent, 10 expected, 9 arrived, 1 lost, FailedLoops OK"
    )

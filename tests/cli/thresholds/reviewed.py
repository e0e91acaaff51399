"""Outcomes of sampled loops, as the review handler publishes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from human_loop_events.testing import outcome_event

FLOW = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"

_OUTCOME: Mapping[str, Any] = outcome_event()["detail"]
_FIELD: Mapping[str, Any] = _OUTCOME["fields"][0]


def field(name: str, confidence: float | None, correct: bool | None, **properties: Any) -> Any:
    """Return a field of an outcome."""
    verdict = {True: "confirmed", False: "corrected", None: "disputed"}[correct]
    return {
        **_FIELD,
        "name": name,
        "confidence": confidence,
        "modelCorrect": correct,
        "verdict": verdict,
        **properties,
    }


def outcome(number: int, *fields: Any, **properties: Any) -> dict[str, Any]:
    """Return the outcome of a sampled loop of Textract forms."""
    name = f"loop-{number}"
    return {
        **_OUTCOME,
        "outcomeId": f"outcome-{number}",
        "humanLoopName": name,
        "humanLoopArn": f"arn:aws:sagemaker:eu-west-1:111122223333:human-loop/{name}",
        "flowDefinitionArn": FLOW,
        "taskType": "TextractForms",
        "sampled": True,
        "samplingPercentage": 5.0,
        "modelVersion": "1.0",
        "fields": list(fields),
        **properties,
    }


def write(path: Path, outcomes: Iterable[Mapping[str, Any]]) -> str:
    """Write outcomes as JSON Lines, and return the path."""
    path.write_text("".join(f"{json.dumps(each)}\n" for each in outcomes), encoding="utf-8")
    return str(path)


def good_and_bad(samples: int = 600) -> list[dict[str, Any]]:
    """Return sampled loops whose totals are right from 80 on, and whose dates seldom are."""
    return [
        outcome(
            number,
            field("Total", 80 + number % 20 + 0.5, True),
            field("Date", 90.0, number % 4 != 0),
            field("Rare", 99.0, True)
            if number % 10 == 0
            else field("Extra", None, None, shown=None),
        )
        for number in range(samples)
    ] + [
        outcome(number, field("Total", 40 + number % 40 + 0.5, number % 2 == 0))
        for number in range(samples, 2 * samples)
    ]

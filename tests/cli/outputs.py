"""Outputs of custom tasks with votes that are easy to count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FLOW = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/tickets"


def output(loop: str, *votes: Any, field: str = "category", flow: str = FLOW) -> dict[str, Any]:
    """Make the output of a loop whose reviewers chose some labels."""
    return {
        "flowDefinitionArn": flow,
        "humanLoopName": loop,
        "humanAnswers": [{"answerContent": {field: vote}} for vote in votes],
        "inputContent": {"guess": "Billing"},
    }


def write(folder: Path, *outputs: dict[str, Any]) -> None:
    """Write outputs as A2I does, each in a folder of its loop."""
    for each in outputs:
        place = folder / each["humanLoopName"]
        place.mkdir(parents=True)
        (place / "output.json").write_text(json.dumps(each))


def label(name: str) -> dict[str, str]:
    return {"label": name}

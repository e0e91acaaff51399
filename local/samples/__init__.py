"""Made-up events and outputs in Amazon A2I's formats, and the outcomes of their reviews."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
DOCUMENTED_EVENT: Mapping[str, Any] = json.loads(
    (_FOLDER / "events" / "documented-event.json").read_text()
)
"""The example of AWS's page 'Use Amazon CloudWatch Events in Amazon Augmented AI', unchanged."""


@dataclass(frozen=True)
class OutputSample:
    """An output as A2I writes it, and the outcome of its review."""

    document: Mapping[str, Any]
    outcome: Mapping[str, Any]

    @classmethod
    def named(cls, name: str) -> OutputSample:
        """Read a sample and its outcome."""
        outputs = _FOLDER / "outputs"
        return cls(
            json.loads((outputs / f"{name}.json").read_text()),
            json.loads((outputs / f"{name}.outcome.json").read_text()),
        )

    def of_loop(self, name: str, flow_definition_arn: str) -> dict[str, Any]:
        """Return the document with another loop and flow definition."""
        return {
            **self.document,
            "humanLoopName": name,
            "flowDefinitionArn": flow_definition_arn,
        }

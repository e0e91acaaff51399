"""The templates that a person reviews in a diff. `make snapshots` accepts new ones."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.infrastructure.cases import synthesize


@pytest.mark.parametrize("case", ["minimal", "buffered", "jobs", "configured-app"])
def test_template_is_the_accepted_one(case: str, snapshot: SnapshotAssertion) -> None:
    template = _without_asset_hashes(synthesize(case).template)

    assert template == snapshot(extension_class=JSONSnapshotExtension)


@pytest.mark.parametrize("stack", ["HumanLoops-people", "HumanLoops-invoices"])
def test_templates_of_a_hub_and_its_spoke_are_the_accepted_ones(
    stack: str, snapshot: SnapshotAssertion
) -> None:
    template = _without_asset_hashes(synthesize("hub-and-spoke").templates[stack])

    assert template == snapshot(extension_class=JSONSnapshotExtension)


def _without_asset_hashes(template: dict[str, Any]) -> Any:
    return json.loads(re.sub(r"\b[0-9a-f]{64}\b", "<asset hash>", json.dumps(template)))

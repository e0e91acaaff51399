"""The templates that a person reviews in a diff. `make snapshots` accepts new ones."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from human_loop_events.testing import without_asset_hashes
from tests.infrastructure.cases import synthesize


@pytest.mark.parametrize("case", ["minimal", "buffered", "jobs", "configured-app"])
def test_template_is_the_accepted_one(case: str, snapshot: SnapshotAssertion) -> None:
    template = without_asset_hashes(synthesize(case).template)

    assert template == snapshot(extension_class=JSONSnapshotExtension)


@pytest.mark.parametrize("stack", ["HumanLoops-people", "HumanLoops-invoices"])
def test_templates_of_a_hub_and_its_spoke_are_the_accepted_ones(
    stack: str, snapshot: SnapshotAssertion
) -> None:
    template = without_asset_hashes(synthesize("hub-and-spoke").templates[stack])

    assert template == snapshot(extension_class=JSONSnapshotExtension)

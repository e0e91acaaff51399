"""The templates that a person reviews in a diff. `make snapshots` accepts new ones."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.infrastructure.cases import Synthesized, synthesize


@pytest.mark.parametrize("case", ["minimal", "buffered", "jobs", "configured-app"])
def test_template_is_the_accepted_one(case: str, snapshot: SnapshotAssertion) -> None:
    template = _without_asset_hashes(synthesize(case))

    assert template == snapshot(extension_class=JSONSnapshotExtension)


def _without_asset_hashes(synthesized: Synthesized) -> Any:
    return json.loads(re.sub(r"\b[0-9a-f]{64}\b", "<asset hash>", json.dumps(synthesized.template)))

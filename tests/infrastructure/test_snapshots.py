"""Each case's template is the accepted one; `make snapshots` accepts a new one."""

from __future__ import annotations

import json
import re
from typing import Any

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.infrastructure.cases import Synthesized, synthesize


def test_template_is_the_accepted_one(
    synthesized: Synthesized, snapshot: SnapshotAssertion
) -> None:
    assert _without_asset_hashes(synthesized) == snapshot(extension_class=JSONSnapshotExtension)


def test_queue_flag_of_the_app_changes_nothing() -> None:
    on, off = synthesize("minimal"), synthesize("minimal-queue-flag-off")

    assert _without_asset_hashes(on) == _without_asset_hashes(off)


def _without_asset_hashes(synthesized: Synthesized) -> Any:
    return json.loads(re.sub(r"\b[0-9a-f]{64}\b", "<asset hash>", json.dumps(synthesized.template)))

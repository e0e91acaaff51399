"""Sample events, outputs and outcomes, and assertions on templates, for the tests of your app.

No test framework is required: a failed assertion raises an `AssertionError`.
"""

from human_loop_events.testing.events import completed_event, failed_event, stopped_event
from human_loop_events.testing.outcomes import outcome_event
from human_loop_events.testing.outputs import (
    custom_output,
    rekognition_moderation_output,
    textract_forms_output,
)
from human_loop_events.testing.rules import assert_no_rule_matches, assert_rule_matches
from human_loop_events.testing.snapshots import without_asset_hashes

__all__ = [
    "assert_no_rule_matches",
    "assert_rule_matches",
    "completed_event",
    "custom_output",
    "failed_event",
    "outcome_event",
    "rekognition_moderation_output",
    "stopped_event",
    "textract_forms_output",
    "without_asset_hashes",
]

"""The advice on the threshold of one field."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoThreshold(StrEnum):
    """Why there is no threshold for a field."""

    #: No loop of the field is known to be randomly sampled.
    NOT_SAMPLED = "notSampled"
    #: No prediction of the field in a sampled loop has a confidence.
    NO_CONFIDENCE = "noConfidence"
    #: There are fewer samples than the test needs.
    TOO_FEW_SAMPLES = "tooFewSamples"
    #: The predictions with enough samples are not correct often enough.
    TARGET_MISSED = "targetMissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The advice on the threshold of one field of one flow definition.

    Parameters
    ----------
    flow_definition_arn, field
        The field. ``field`` None stands for all fields of the flow definition together.
    threshold
        Predictions with at least this confidence, a whole number from 0 to 100, may go without
        review. None for no threshold.
    lower_bound
        With the given confidence, at least this share of the predictions at or above the threshold
        is correct. None without a threshold.
    samples
        How many sampled predictions with a confidence and a decision there are.
    samples_above, correct_above
        How many of them are at or above the threshold, and how many of these are correct. Zero
        without a threshold.
    samples_needed
        How many samples at or above a threshold the test needs.
    share_saved
        The share of the samples at or above the threshold: of the predictions that need no review.
        None without a threshold.
    added
        How many values the reviewers of sampled loops added that the model did not predict. No
        threshold finds them.
    reason
        Why there is no threshold. None with one.
    """

    flow_definition_arn: str
    field: str | None
    threshold: int | None = None
    lower_bound: float | None = None
    samples: int = 0
    samples_above: int = 0
    correct_above: int = 0
    samples_needed: int = 0
    share_saved: float | None = None
    added: int = 0
    reason: NoThreshold | None = None

"""The advice on the threshold of one field."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoThreshold(StrEnum):
    """Why there is no threshold for a field."""

    #: No loop of the flow definition is known to be randomly sampled.
    NOT_SAMPLED = "notSampled"
    #: No prediction of the field in a sampled loop has a confidence.
    NO_CONFIDENCE = "noConfidence"
    #: No prediction of the field was compared with an answer.
    NOT_COMPARED = "notCompared"
    #: There are fewer samples than the test needs.
    TOO_FEW_SAMPLES = "tooFewSamples"
    #: The predictions with enough samples are not correct often enough.
    TARGET_MISSED = "targetMissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The advice on the threshold of one field of one flow definition.

    A sample is a sampled loop that has predictions of the field. It is correct if all of them are.
    Its confidence is the lowest of theirs.

    Parameters
    ----------
    flow_definition_arn, field
        The field. ``field`` None stands for all fields of the flow definition.
    threshold
        Predictions with at least this confidence, a whole number from 0 to 100, may go without
        review. None for no threshold.
    lower_bound
        The exact lower confidence bound of the share of correct samples at or above the threshold.
        It is at least the target. None without a threshold.
    samples
        How many samples with a confidence there are.
    samples_above, correct_above
        How many of them are at or above the threshold, and how many of these are correct. Zero
        without a threshold.
    samples_needed
        How many samples at or above a threshold the first test needs.
    share_saved
        The share of the samples at or above the threshold: of the loops that the field does not
        send to review. None without a threshold.
    added
        How many values the reviewers of sampled loops added that the model did not predict. No
        threshold finds them.
    undecided, not_compared
        How many samples have a prediction on which the votes are split, and one that was not
        compared, or only in part. They count as wrong.
    without_confidence
        How many samples have a prediction without a confidence. They are not among ``samples``.
    not_shown
        How many predictions in sampled loops the reviewers were not shown. They are left out.
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
    undecided: int = 0
    not_compared: int = 0
    without_confidence: int = 0
    not_shown: int = 0
    reason: NoThreshold | None = None

"""The advice on the threshold of one field."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from human_loops_cli.thresholds.drift import Change
from human_loops_cli.thresholds.learn_then_test import Candidate


class NoThreshold(StrEnum):
    """Why there is no threshold for a field."""

    #: No loop of the flow definition is known to be randomly sampled.
    NOT_SAMPLED = "notSampled"
    #: No prediction of the field in a sampled loop has a confidence.
    NO_CONFIDENCE = "noConfidence"
    #: No prediction of the field was compared with an answer.
    NOT_COMPARED = "notCompared"
    #: Where enough samples are correct, there are fewer than the test needs.
    TOO_FEW_SAMPLES = "tooFewSamples"
    #: At no start of the tests is the share of correct samples above the target.
    TARGET_MISSED = "targetMissed"
    #: There is one only if most of the sampled loops without a review are correct.
    MISSING_REVIEWS = "missingReviews"
    #: At and above it, the later samples are less often correct than the target.
    DRIFT = "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What would have to change for a field to have a threshold.

    Parameters
    ----------
    more_days
        After how many more days a test passes at the present rate of samples, and with the present
        share of correct ones. None if that cannot be said, or if no share is above the target.
    highest_target
        The highest target with which the present samples give a threshold, in steps of 0.001. None
        if there is none from 0.5 on.
    closest
        The start at which the samples come closest to the target.
    highest
        The highest start with at least 30 samples. None without one.
    """

    closest: Candidate
    highest: Candidate | None = None
    more_days: int | None = None
    highest_target: float | None = None


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
        A whole number from 0 to 100: of the loops with a lowest confidence of the field at or above
        it, at least the target share has the field right everywhere. None for no threshold.
    lower_bound
        The lower confidence bound of this share. It is at least the target. None without a
        threshold.
    samples
        How many samples with a confidence there are.
    samples_above, correct_above
        How many of them are at or above the threshold, and how many of these are correct. Zero
        without a threshold.
    samples_needed
        How many samples at or above a threshold a test needs that inherits nothing.
    share_saved
        The share of the samples at or above the threshold: of the loops that the field does not
        send to review. None without a threshold.
    starts
        The starts of the tests, from the highest one downwards.
    refused
        The threshold that would be given, were it not for missing reviews or drift.
    missing
        How many sampled loops with the field are assumed to have no review.
    missing_correct
        How many of these have to be correct, or below the threshold, for it to hold. Of the refused
        one, where there is one. None without either.
    change
        The earlier and the later samples at or above the threshold, or the refused one.
    outlook
        What would have to change. None with a threshold, or without samples.
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
    starts: tuple[Candidate, ...] = ()
    refused: int | None = None
    missing: int = 0
    missing_correct: int | None = None
    change: Change | None = None
    outlook: Outlook | None = None
    added: int = 0
    undecided: int = 0
    not_compared: int = 0
    without_confidence: int = 0
    not_shown: int = 0
    reason: NoThreshold | None = None

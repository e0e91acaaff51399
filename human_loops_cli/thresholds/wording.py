"""What the command and the report say of thresholds, in the same words."""

from __future__ import annotations

from math import floor
from typing import Final

from human_loops_cli.thresholds.advice import Advice, NoThreshold
from human_loops_cli.thresholds.advise import Question
from human_loops_cli.thresholds.drift import Change
from human_loops_cli.thresholds.evidence import Looks
from human_loops_cli.thresholds.learn_then_test import Candidate

#: How custom code acts on a threshold.
IN_CODE: Final = (
    "In code, compare the lowest confidence of all predictions of the field in the document, such "
    "as of all rows of a list. Start a human loop if it is below the threshold."
)

_LOOKS: Final = {
    Looks.ANY: "at any number of looks at one growing sample",
    Looks.ONCE: "at one look at these loops",
}


def guarantee(question: Question) -> str:
    """Return what a threshold guarantees, in a sentence without its end.

    Examples
    --------
    >>> print(guarantee(Question()))
    with a probability of at least 95 %, of the loops whose lowest confidence of a field is at or \
above its threshold, at least 95 % have this field right everywhere
    """
    return (
        f"with a probability of at least {question.confidence * 100:g} %, of the loops whose "
        "lowest confidence of a field is at or above its threshold, at least "
        f"{question.target * 100:g} % have this field right everywhere"
    )


def holds_for(question: Question) -> str:
    """Return for which fields and looks the guarantee holds."""
    fields = "for all fields together" if question.all_fields else "for each field by itself"
    return f"{fields}, {_LOOKS[question.looks]}"


def share_text(correct: int, samples: int) -> str:
    r"""Return a share, rounded down, and the number that it is a share of.

    Examples
    --------
    >>> share_text(1899, 2000)
    '94.9\xa0% of 2,000'
    """
    return f"{floor(correct * 1000 / samples) / 10:.1f}\u00a0% of {samples:,}"


def percent(share: float) -> str:
    r"""Return a share in percent, rounded down: a bound stays a bound.

    Examples
    --------
    >>> percent(0.95099)
    '95.0\xa0%'
    """
    return f"{floor(round(share * 1000, 6)) / 10:.1f}\u00a0%"


def explanation(advice: Advice) -> str:
    """Return why a field has no threshold, or what its threshold rests on."""
    if advice.threshold is None:
        return _why_none(advice)
    text = f"At or above it, {_change(advice.change)}."
    if advice.missing:
        text += (
            f" Of the sampled loops without a review, {_missing_correct(advice)} for it to hold."
        )
    return text


def _why_none(advice: Advice) -> str:
    """Return why a field has no threshold, and what would have to change."""
    match advice.reason:
        case NoThreshold.NOT_SAMPLED:
            return "No loop is known to be randomly sampled."
        case NoThreshold.NO_CONFIDENCE:
            return "No prediction in a sampled loop has a confidence."
        case NoThreshold.NOT_COMPARED:
            return "No prediction in a sampled loop was compared with an answer."
        case NoThreshold.TOO_FEW_SAMPLES:
            return f"Too few samples. {_where(advice)}{_forecast(advice)}"
        case NoThreshold.TARGET_MISSED:
            return f"Too many are wrong. {_where(advice)}{_forecast(advice)}"
        case NoThreshold.MISSING_REVIEWS:
            return (
                f"Too many sampled loops have no review. {_missing_correct(advice)} for a "
                f"threshold of {advice.refused} to hold, and no more than half of them are "
                f"assumed to be. Have them reviewed, or sample more.{_forecast(advice)}"
            )
        case NoThreshold.DRIFT:
            return (
                f"It has become worse. At {advice.refused} and above, {_change(advice.change)}. "
                "Start a new sample after the change."
            )
        case None:
            return ""


def _missing_correct(advice: Advice) -> str:
    """Return how many loops without a review have to be right."""
    needed = f"{advice.missing_correct:,} of {advice.missing:,}"
    return f"{needed} have to be right, or below the threshold,"


def _change(change: Change | None) -> str:
    if change is None or not change.later.samples or not change.earlier.samples:
        return "there are no earlier and later samples to compare"
    return (
        f"{share_text(change.later.correct, change.later.samples)} later samples are right, and "
        f"{share_text(change.earlier.correct, change.earlier.samples)} earlier ones"
    )


def _where(advice: Advice) -> str:
    """Return the shares that were seen: at the highest start with enough, and at the closest."""
    if advice.outlook is None:
        return ""
    several = (advice.outlook.highest, advice.outlook.closest)
    shown = sorted({each for each in several if each is not None}, reverse=True)
    return " ".join(map(_at, shown))


def _at(start: Candidate) -> str:
    return f"At or above {start.point}, {share_text(start.correct, start.samples)} are right."


def _forecast(advice: Advice) -> str:
    """Return when there is a threshold if all stays as it is, and what the samples support now."""
    outlook = advice.outlook
    if outlook is None:
        return ""
    parts = ""
    if advice.reason is NoThreshold.TOO_FEW_SAMPLES and outlook.more_days is not None:
        days = "1 more day" if outlook.more_days == 1 else f"{outlook.more_days:,} more days"
        parts += f" At the present rate and share: about {days}."
    if outlook.highest_target is None:
        return f"{parts} No target from 50\u00a0% on is supported now."
    return f"{parts} The highest target that is supported now: {percent(outlook.highest_target)}."

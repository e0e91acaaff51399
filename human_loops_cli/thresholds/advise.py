"""From the rows of the queries to the advice on each field."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import groupby
from typing import Any, Final

from human_loops_cli.thresholds.advice import Advice, NoThreshold, Outlook
from human_loops_cli.thresholds.drift import Change, find_change
from human_loops_cli.thresholds.evidence import (
    Looks,
    least_samples,
    lower_bound,
    lowest_error_rate,
    samples_needed,
)
from human_loops_cli.thresholds.learn_then_test import (
    POINTS,
    STARTS,
    Candidate,
    find_threshold,
    run_tests,
)
from human_loops_cli.thresholds.outlook import highest_target, more_days
from human_loops_cli.thresholds.sample import FieldSamples, Sample, read_fields, read_sample

#: A share of fewer samples says little.
FEW: Final = 30


class Missing(StrEnum):
    """What becomes of sampled loops without a review."""

    #: A threshold has to hold if half of them are wrong, at or above it.
    COUNT = "count"
    #: They are assumed to be like the others.
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the samples.

    Parameters
    ----------
    target
        The share of correct samples that is wanted at or above a threshold, between 0 and 1.
    confidence
        The probability, between 0 and 1, with which each threshold has to keep the target.
    looks
        How often the growing sample is looked at.
    missing
        What becomes of sampled loops without a review.
    all_fields
        Whether the confidence holds for all fields of a flow definition together. Then the error
        rate is divided by their number (Bonferroni). A field counts if it has a confidence
        anywhere.
    """

    target: float = 0.95
    confidence: float = 0.95
    looks: Looks = Looks.ANY
    missing: Missing = Missing.COUNT
    all_fields: bool = False


def advise(
    samples: Sequence[Mapping[str, Any]],
    sampling: Sequence[Mapping[str, Any]],
    question: Question | None = None,
) -> list[Advice]:
    """Return the advice on each field of each flow definition, as the report shows it.

    Parameters
    ----------
    samples, sampling
        The rows of the queries of these names in `human_loop_tables.queries`, in their order.
    question
        What is asked. Default: the defaults of `Question`.

    Returns
    -------
    list of Advice
        By flow definition and field. A flow definition without sampled loops has one, without a
        field.
    """
    return [
        advice
        for sample in read_samples(sampling)
        for advice in advise_on(sample, read_fields(samples, sample), question or Question())
    ]


def read_samples(
    sampling: Sequence[Mapping[str, Any]], *, model_version: str | None = None
) -> list[Sample]:
    """Return the random sample of each flow definition.

    Parameters
    ----------
    sampling
        The rows of `human_loop_tables.queries.SAMPLING`, in their order.
    model_version
        As of `read_sample`.
    """
    return [
        read_sample(list(rows), model_version=model_version)
        for _, rows in groupby(sampling, lambda row: row["flow_definition_arn"])
    ]


def advise_on(
    sample: Sample,
    fields: Mapping[str, FieldSamples],
    question: Question,
    *,
    only: Collection[str] = (),
) -> list[Advice]:
    """Return the advice on the fields of one flow definition.

    Parameters
    ----------
    sample
        The random sample.
    fields
        What it says of each field.
    question
        What is asked.
    only
        The names of the fields. Default: all.
    """
    if sample.model is None:
        return [
            Advice(
                flow_definition_arn=sample.flow_definition_arn,
                field=None,
                reason=NoThreshold.NOT_SAMPLED,
            )
        ]
    chosen = {name: each for name, each in sorted(fields.items()) if not only or name in only}
    tested = max(sum(any(each.samples) for each in chosen.values()), 1)
    asked = _Asked(sample, question, fields=tested)
    return [asked.advise(name, each) for name, each in chosen.items()]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of each field of a sample."""

    sample: Sample
    question: Question
    fields: int

    @property
    def error_rate(self) -> float:
        return (1 - self.question.confidence) / (self.fields if self.question.all_fields else 1)

    def advise(self, name: str, field: FieldSamples) -> Advice:
        """Return the advice on a field."""
        missing = self._missing(field)
        as_seen = self._test(field, self.question.target)
        # Those that are assumed to be wrong, at every threshold.
        assumed = -(-missing // 2) if self.question.missing is Missing.COUNT else 0
        tested = self._test(field, self.question.target, wrong=assumed)
        advice = Advice(
            flow_definition_arn=self.sample.flow_definition_arn,
            field=name,
            samples=sum(field.samples),
            samples_needed=samples_needed(
                self.question.target, self.error_rate / len(STARTS), self.question.looks
            ),
            starts=tuple(each for each in as_seen if each.point in STARTS),
            missing=missing,
            added=field.added,
            undecided=field.undecided,
            not_compared=field.not_compared,
            without_confidence=field.without_confidence,
            not_shown=field.not_shown,
        )
        found = find_threshold(tested)
        if found is None:
            return self._without(advice, field, tested, find_threshold(as_seen), assumed)
        change = self._change(field, found.point)
        advice = replace(
            advice,
            change=change,
            missing_correct=self._missing_correct(field, found.point, missing),
        )
        if change is not None and change.worse:
            return replace(advice, refused=found.point, reason=NoThreshold.DRIFT)
        above = found.samples - assumed
        return replace(
            advice,
            threshold=found.point,
            lower_bound=lower_bound(
                found.samples, found.correct, found.error_rate, self.question.looks
            ),
            samples_above=above,
            correct_above=found.correct,
            # Samples without a place count as wrong at every threshold, but may be below it.
            share_saved=(above - field.confidence_lost) / advice.samples,
        )

    def _without(
        self,
        advice: Advice,
        field: FieldSamples,
        tested: Sequence[Candidate],
        as_seen: Candidate | None,
        assumed: int,
    ) -> Advice:
        """Return the advice that there is no threshold."""
        starts = [each for each in tested if each.point in STARTS]
        reason = self._reason(advice, field, starts)
        if reason in (NoThreshold.NO_CONFIDENCE, NoThreshold.NOT_COMPARED):
            return replace(advice, reason=reason)
        outlook = Outlook(
            closest=min(filter(_has_samples, advice.starts), key=self._distance),
            highest=next((each for each in advice.starts if each.samples >= FEW), None),
            more_days=more_days(
                starts,
                days=self.sample.days,
                target=self.question.target,
                error_rate=self.error_rate / len(STARTS),
                looks=self.question.looks,
            ),
            highest_target=highest_target(
                lambda target: find_threshold(self._test(field, target, wrong=assumed)) is not None
            ),
        )
        if as_seen is None:
            return replace(advice, reason=reason, outlook=outlook)
        return replace(
            advice,
            reason=NoThreshold.MISSING_REVIEWS,
            refused=as_seen.point,
            missing_correct=self._missing_correct(field, as_seen.point, advice.missing),
            change=self._change(field, as_seen.point),
            outlook=outlook,
        )

    def _change(self, field: FieldSamples, point: int) -> Change | None:
        return find_change(
            field.at_or_above(point),
            target=self.question.target,
            error_rate=(1 - self.question.confidence) / self.fields,
            looks=self.question.looks,
        )

    def _distance(self, each: Candidate) -> tuple[float, float, int]:
        target, looks = self.question.target, self.question.looks
        lowest = lowest_error_rate(each.samples, each.correct, target, looks)
        return lowest, -each.correct / each.samples, -each.samples

    def _reason(
        self, advice: Advice, field: FieldSamples, starts: Sequence[Candidate]
    ) -> NoThreshold:
        total = advice.samples
        if total == field.confidence_lost:
            return NoThreshold.NOT_COMPARED if total else NoThreshold.NO_CONFIDENCE
        if field.not_compared >= total:
            return NoThreshold.NOT_COMPARED
        least = least_samples(
            0, self.question.target, self.error_rate / len(STARTS), self.question.looks
        )
        hopeful = any(each.correct > self.question.target * each.samples for each in starts)
        return (
            NoThreshold.TOO_FEW_SAMPLES if total < least or hopeful else NoThreshold.TARGET_MISSED
        )

    def _test(self, field: FieldSamples, target: float, *, wrong: int = 0) -> list[Candidate]:
        """Run the tests, with so many wrong samples more at every threshold."""
        samples = [*field.samples[:-1], field.samples[-1] + wrong]
        return run_tests(
            samples,
            field.correct,
            target=target,
            error_rate=self.error_rate,
            looks=self.question.looks,
        )

    def _missing(self, field: FieldSamples) -> int:
        """Return how many loops without a review may have the field: as many as of the others."""
        having = sum(field.samples) + field.without_confidence
        reviewed = max(self.sample.reviewed, having, 1)
        return -(-self.sample.missing * having // reviewed)

    def _missing_correct(self, field: FieldSamples, point: int, missing: int) -> int:
        """Return how many of the missing loops have to be correct for a threshold to pass."""
        passes = partial(self._passes, field, point)
        low, high = 0, missing + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if passes(middle) else (low, middle)
        return missing - low

    def _passes(self, field: FieldSamples, point: int, wrong: int) -> bool:
        tested = self._test(field, self.question.target, wrong=wrong)
        return tested[POINTS - 1 - point].passed


def _has_samples(each: Candidate) -> bool:
    return each.samples > 0

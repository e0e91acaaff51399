"""Worlds of documents: lists with rows, loops without a review, and models that become worse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import log
from typing import Final, NamedTuple

import numpy as np

from human_loops_cli.thresholds.advice import Advice
from human_loops_cli.thresholds.advise import Missing, Question, advise_on
from human_loops_cli.thresholds.cut_off import cut_off
from human_loops_cli.thresholds.evidence import Looks
from human_loops_cli.thresholds.learn_then_test import POINTS
from human_loops_cli.thresholds.sample import FieldSamples, ModelVersion, Points, Sample
from tests.cli.thresholds.worlds import Counts, Flags

_ROWS: Final = 8

_DAY: Final = 86_400
_START: Final = datetime(2026, 1, 1)  # noqa: DTZ001 - as in the query, which is in UTC


class Pages(NamedTuple):
    """Pages with a list each: the confidence of each row, and whether it is right."""

    points: Counts
    right: Flags

    @property
    def lowest(self) -> Counts:
        """The lowest confidence of each page."""
        found: Counts = self.points.min(axis=1)
        return found

    @property
    def all_right(self) -> Flags:
        """Whether all rows of each page are right."""
        found: Flags = np.all(self.right, axis=1, keepdims=True)[:, 0]
        return found


def scanned_pages(count: int, random: np.random.Generator) -> Pages:
    """Return pages of which 85 % are clean, and 15 % bad scans.

    Most rows of a bad scan are as confident as those of a clean page. One at least is not.
    """
    bad = random.random(count) < 0.15
    points = random.integers(90, POINTS, size=(count, _ROWS))
    points[bad, 0] = random.integers(20, 80, size=bad.sum())
    right = random.random((count, _ROWS)) < np.where(bad, 0.55, 0.9985)[:, None]
    return Pages(points, right)


def field_samples(points: Counts, right: Flags) -> FieldSamples:
    """Return samples in their order, as `read_fields` does."""
    field = FieldSamples()
    number = np.floor(np.log(np.arange(1, len(points) + 1)) / log(1.5)).astype(int)
    for part in np.unique(number):
        chosen, correct = points[number == part], points[(number == part) & right]
        field.parts[int(part)] = Points(*(_counts(each) for each in (chosen, correct)))
    field.samples, field.correct = _counts(points), _counts(points[right])
    return field


def _counts(points: Counts) -> list[int]:
    return [int(each) for each in np.bincount(points, minlength=POINTS)]


def sample_of(reviewed: int, missing: int) -> Sample:
    """Return a sample of one flow definition."""
    return Sample(
        flow_definition_arn="arn",
        task_type="Custom",
        loops=reviewed + missing,
        unknown=0,
        unknown_without_review=0,
        model=ModelVersion(
            version="1",
            sampled=reviewed + missing,
            first_day="2026-01-01",
            last_day="2026-03-31",
        ),
        other_models=(),
        without_review=missing,
        missing=missing,
        fields_left_out=0,
        percentages=(5.0,),
    )


def look_at(points: Counts, right: Flags, question: Question, *, missing: int = 0) -> Advice:
    """Return the advice on samples in their order."""
    field = field_samples(points, right)
    (advice,) = advise_on(sample_of(len(points), missing), {"Total": field}, question)
    return advice


@dataclass(frozen=True)
class RowsFound:
    """How often the promise on loops is broken, and the one that is not made, on predictions."""

    found: float
    wrong_of_loops: float
    wrong_of_predictions: float
    share_of_loops: float
    share_of_predictions: float


def look_at_rows(runs: int, looks: Looks, random: np.random.Generator) -> RowsFound:
    """Return what looks at 1,500 pages find, by the truth of many pages."""
    truth = scanned_pages(400_000, random)
    loops, predictions = [], []
    for _ in range(runs):
        seen = scanned_pages(1_500, random)
        threshold = look_at(seen.lowest, seen.all_right, Question(looks=looks)).threshold
        if threshold is not None:
            loops.append(truth.all_right[truth.lowest >= threshold].mean())
            predictions.append(truth.right[truth.points >= threshold].mean())
    return RowsFound(
        found=len(loops) / runs,
        wrong_of_loops=sum(each < 0.95 for each in loops) / runs,
        wrong_of_predictions=sum(each < 0.95 for each in predictions) / runs,
        share_of_loops=float(np.mean(loops or [0])),
        share_of_predictions=float(np.mean(predictions or [0])),
    )


def look_without_the_difficult(
    runs: int, missing: Missing, looks: Looks, random: np.random.Generator
) -> float:
    """Return how often a threshold is found although 93.2 % are right.

    Nobody answers a tenth of the loops, of which 41 % are right. Of the others 99 % are.
    """
    found = 0
    for _ in range(runs):
        right = random.random(1_800) < 0.99
        points = random.integers(80, POINTS, size=len(right))
        question = Question(missing=missing, looks=looks)
        found += look_at(points, right, question, missing=200).threshold is not None
    return found / runs


class DriftFound(NamedTuple):
    """How often a threshold is given at the last look, and how often refused then, or ever."""

    given: float
    refused: float
    ever_refused: float


def look_at_drift(
    runs: int, later: float, looks: Looks, random: np.random.Generator, *, times: int = 12
) -> DriftFound:
    """Return what looks find while 3,000 samples arrive, of which the last third is different.

    Parameters
    ----------
    runs, looks, random
        How many runs, how they test, and chance.
    later
        The share of right samples in the last third. Of the others, it is 0.99.
    times
        How often each run looks.
    """
    given = refused = ever = 0
    for _ in range(runs):
        chances = np.where(np.arange(3_000) < 2_000, 0.99, later)
        right = random.random(3_000) < chances
        points = random.integers(80, POINTS, size=3_000)
        reasons = []
        for size in range(3_000 // times, 3_001, 3_000 // times):
            advice = look_at(points[:size], right[:size], Question(looks=looks))
            reasons.append(advice.reason)
        given += reasons[-1] is None
        refused += reasons[-1] == "drift"
        ever += "drift" in reasons
    return DriftFound(given / runs, refused / runs, ever / runs)


class CutBy(StrEnum):
    """What leaves out the loops that may be open."""

    NOTHING = "nothing"
    LONGEST_SEEN = "the longest seen"
    LIFETIME = "the lifetime"


@dataclass(frozen=True)
class LateLoops:
    """Loops of 60 days, in the order of their creation, and whether each is right.

    A tenth is difficult: 41 % of these are right, and reviewers take five to ten days. Of the
    others, 99 % are right, and reviewers take up to one day. So 93.2 % are right.
    """

    created: Counts
    ended: Counts
    right: Flags
    points: Counts

    @classmethod
    def of(cls, random: np.random.Generator, *, a_day: int = 120) -> LateLoops:
        """Return made-up loops, with times in seconds."""
        count = 60 * a_day
        difficult = random.random(count) < 0.1
        created = np.sort(random.integers(0, 60 * _DAY, size=count))
        taken = np.where(
            difficult,
            random.integers(5 * _DAY, 10 * _DAY, size=count),
            random.integers(600, _DAY, size=count),
        )
        right = random.random(count) < np.where(difficult, 0.41, 0.99)
        return cls(created, created + taken, right, random.integers(80, POINTS, size=count))

    def used(self, now: int, cut: CutBy) -> Flags:
        """Return which of the loops that have ended a look at a time uses."""
        ended: Flags = self.ended <= now
        if cut is CutBy.NOTHING or not ended.any():
            return ended
        found = cut_off(
            {
                "loops": int(ended.sum()),
                "latest": (_START + timedelta(seconds=int(self.ended[ended].max()))).isoformat(),
                "longest_milliseconds": int((self.ended - self.created)[ended].max()) * 1000,
            },
            timedelta(days=10) if cut is CutBy.LIFETIME else None,
        )
        assert found is not None
        until = (found.created_until - _START.replace(tzinfo=UTC)).total_seconds()
        used: Flags = ended & (self.created <= until)
        return used


class PendingFound(NamedTuple):
    """How often a threshold is found at any look, and what the last look uses."""

    wrong: float
    share_right: float
    share_pending: float


def look_while_loops_are_pending(
    runs: int, cut: CutBy, random: np.random.Generator
) -> PendingFound:
    """Return how often looks on every second day give a threshold, although 93.2 % are right."""
    wrong, right, pending = 0, [], []
    for _ in range(runs):
        loops = LateLoops.of(random)
        found = False
        for day in range(2, 61, 2):
            used = loops.used(day * _DAY, cut)
            if used.any():
                advice = look_at(loops.points[used], loops.right[used], Question())
                found |= advice.threshold is not None
        last = loops.created <= loops.created[used].max()
        wrong += found
        right.append(loops.right[used].mean())
        pending.append(1 - used[last].mean())
    return PendingFound(wrong / runs, float(np.mean(right)), float(np.mean(pending)))

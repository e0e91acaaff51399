"""What is measured of each reviewer of one flow definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from human_loops_cli.reviewers.dawid_skene import Ballot, Ballots, Floats
from human_loops_cli.reviewers.gold import GoldField
from human_loops_cli.reviewers.shares import (
    MAX_GROUPS,
    Interval,
    Share,
    middle,
    resamples,
    share_of,
    widen,
)
from human_loops_cli.reviewers.units import PREDICTION, ReviewedLoop, Unit

#: A reviewer with fewer contested fields is not judged.
MIN_CONTESTED: Final = 30

#: With fewer fields in which two of three reviewers did not keep the prediction, nobody is judged.
MIN_DEPARTED_TOGETHER: Final = 30

# With fewer reviewers of a field, nothing shows which of them is right.
_MIN_REVIEWERS: Final = 3

# An answer that took less than this share of the median is fast.
_FAST: Final = 0.1


class Estimated(NamedTuple):
    """An estimated share."""

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerMeasures:
    """What is measured of one reviewer.

    Parameters
    ----------
    loops, fields, contested
        How many the reviewer answered. A field is contested if its reviewers gave different values.
    kept_alone
        How often the reviewer kept the prediction where at least two others reviewed it and none
        kept it.
    keeps_right, keeps_wrong
        The estimated shares of right and of wrong predictions that the reviewer keeps.
    not_judged
        Why there is no estimate. None if there is one.
    agreement
        The share of others who gave the same value, over the reviewer's fields.
    kept, colleagues_kept
        How often the reviewer kept the prediction, and how often colleagues kept predictions of the
        same fields with about the same confidence.
    median_seconds, fast
        How long the reviewer worked, and how many answers took less than a tenth of the median of
        the flow definition.
    gold
        How often the reviewer gave the right value, of those that are known.
    """

    loops: int
    fields: int
    contested: int
    kept_alone: Share
    keeps_right: Estimated | None
    keeps_wrong: Estimated | None
    not_judged: str | None
    agreement: Share
    kept: Share
    colleagues_kept: float | None
    median_seconds: float | None
    fast: Share
    gold: Share


def measure_reviewers(
    loops: Sequence[ReviewedLoop], gold: Sequence[Sequence[GoldField]] = ()
) -> Mapping[str, ReviewerMeasures]:
    """Measure the reviewers of one flow definition, by worker id.

    Parameters
    ----------
    loops
        All loops of the flow definition.
    gold
        For each loop with known values, its fields.
    """
    units = [unit for loop in loops for unit in loop.units]
    groups = _Groups(loops)
    contested = Counter(name for unit in units if unit.is_contested for name in unit.labels)
    fields = Counter(name for unit in units for name in unit.labels)
    kept = Counter(
        name for unit in units for name, label in unit.labels.items() if label == PREDICTION
    )
    colleagues = _colleagues_kept(units)
    seconds = _seconds(loops)
    known = [each for worked in seconds.values() for each in worked]
    fast = _FAST * median(known) if known else 0.0
    nobody = _why_nobody_is_judged(units)
    keeps_right, keeps_wrong = ({}, {}) if nobody else groups.estimate()
    found = {}
    for name, worked in sorted(seconds.items()):
        why = nobody or _why_not_judged(contested[name])
        found[name] = ReviewerMeasures(
            loops=sum(name in loop.seconds for loop in loops),
            fields=fields[name],
            contested=contested[name],
            kept_alone=groups.share(name, lambda each: (each.kept_alone, each.alone)),
            keeps_right=None if why else keeps_right[name],
            keeps_wrong=None if why else keeps_wrong[name],
            not_judged=why,
            agreement=groups.share(name, lambda each: (each.agreed, each.compared)),
            kept=Share(kept[name], fields[name]),
            colleagues_kept=colleagues.get(name),
            median_seconds=median(worked) if worked else None,
            fast=Share(sum(each < fast for each in worked), len(worked)),
            gold=_gold_share(gold, name),
        )
    return found


def _seconds(loops: Iterable[ReviewedLoop]) -> dict[str, list[float]]:
    """Return how long each reviewer worked on the loops of which it is known."""
    seconds: dict[str, list[float]] = {}
    for loop in loops:
        for name, worked in loop.seconds.items():
            seconds.setdefault(name, []).extend([] if worked is None else [worked])
    return seconds


def _why_nobody_is_judged(units: Sequence[Unit]) -> str | None:
    """Return why nobody is judged: where two reviewers differ, it is not known who is right."""
    together = sum(
        len(unit.labels) >= _MIN_REVIEWERS
        and sum(label != PREDICTION for label in unit.labels.values()) > 1
        for unit in units
    )
    if together < MIN_DEPARTED_TOGETHER:
        return (
            f"only {together} predictions that two of at least {_MIN_REVIEWERS} reviewers did not "
            f"keep, expected {MIN_DEPARTED_TOGETHER}"
        )
    return None


def _why_not_judged(contested: int) -> str | None:
    if contested < MIN_CONTESTED:
        return f"only {contested} contested fields, expected {MIN_CONTESTED}"
    return None


@dataclass(slots=True)
class _Counts:
    """What is counted of one reviewer in some loops."""

    kept_alone: int = 0
    alone: int = 0
    agreed: float = 0.0
    compared: int = 0


class _Groups:
    """The fields with several reviewers, in groups of loops that are resampled together."""

    def __init__(self, loops: Sequence[ReviewedLoop]) -> None:
        self._counts: list[dict[str, _Counts]] = [{} for _ in loops[:MAX_GROUPS]]
        self._ballots: list[Ballot] = []
        self._numbers: list[int] = []
        for number, loop in enumerate(loops):
            for unit in loop.units:
                if len(unit.labels) > 1:
                    self._add(number % MAX_GROUPS, unit)

    def _add(self, group: int, unit: Unit) -> None:
        kept = {name: label == PREDICTION for name, label in unit.labels.items()}
        self._ballots.append(Ballot(unit.field, kept))
        self._numbers.append(group)
        given = Counter(unit.labels.values())
        for name, label in unit.labels.items():
            counts = self._counts[group].setdefault(name, _Counts())
            counts.agreed += (given[label] - 1) / (len(unit.labels) - 1)
            counts.compared += 1
            if unit.others_departed(name):
                counts.alone += 1
                counts.kept_alone += kept[name]

    def share(self, name: str, select: Callable[[_Counts], tuple[float, int]]) -> Share:
        """Return a share of one reviewer."""
        return share_of([select(group.get(name) or _Counts()) for group in self._counts])

    def estimate(self) -> tuple[dict[str, Estimated], dict[str, Estimated]]:
        """Return by reviewer the shares of right and of wrong predictions that are kept."""
        ballots = Ballots(self._ballots)
        once = np.ones(len(self._ballots))
        found = ballots.estimate(once)
        others = ballots.other_estimates(once, found)
        numbers = np.array(self._numbers)
        resampled = [
            ballots.estimate(weights[numbers].astype(float), start=found)
            for weights in resamples(len(self._counts))
        ]
        as_likely = [found, *others]
        keeps_right = _estimated(
            [each.keeps_right for each in as_likely],
            [each.keeps_right for each in resampled],
            found.right_count,
        )
        keeps_wrong = _estimated(
            [each.keeps_wrong for each in as_likely],
            [each.keeps_wrong for each in resampled],
            found.wrong_count,
        )
        names = ballots.reviewers
        return dict(zip(names, keeps_right, strict=True)), dict(
            zip(names, keeps_wrong, strict=True)
        )


def _estimated(
    as_likely: Sequence[Floats], resampled: Sequence[Floats], counts: Floats
) -> Iterator[Estimated]:
    """Return the estimate of each reviewer, with an interval that has all that are as likely."""
    for reviewer, cases in enumerate(counts):
        values = np.array([each[reviewer] for each in as_likely])
        share = float(values[0])
        interval = middle(np.array([each[reviewer] for each in resampled]))
        interval = widen(interval, share, float(cases))
        if interval is not None:
            low, high = interval
            interval = Interval(min(low, float(values.min())), max(high, float(values.max())))
        yield Estimated(share, interval)


def _gold_share(gold: Iterable[Iterable[GoldField]], name: str) -> Share:
    marks = [[each.right[name] for each in fields if name in each.right] for fields in gold]
    return share_of([(sum(each), len(each)) for each in marks])


def _colleagues_kept(units: Iterable[Unit]) -> dict[str, float]:
    """Return how often others kept predictions of the fields and confidences that each reviewed."""
    seen: dict[tuple[str, int | None], Counter[str]] = {}
    kept: dict[tuple[str, int | None], Counter[str]] = {}
    for unit in units:
        case = unit.field, unit.band
        seen.setdefault(case, Counter()).update(unit.labels.keys())
        kept.setdefault(case, Counter()).update(
            name for name, label in unit.labels.items() if label == PREDICTION
        )
    expected: dict[str, float] = {}
    weights: Counter[str] = Counter()
    for case, of_case in seen.items():
        for name, own in of_case.items():
            if others := of_case.total() - own:
                share = (kept[case].total() - kept[case][name]) / others
                expected[name] = expected.get(name, 0.0) + own * share
                weights[name] += own
    return {name: expected[name] / weight for name, weight in weights.items()}

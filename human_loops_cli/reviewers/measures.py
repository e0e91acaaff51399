"""What is measured of each reviewer of one flow definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from human_loops_cli.reviewers.dawid_skene import Estimate, Kept, Pattern, estimate, other_estimates
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
    groups = _groups(loops)
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
    estimates = None if nobody else _Estimates(groups)
    found = {}
    for name, worked in sorted(seconds.items()):
        why = nobody or _why_not_judged(contested[name])
        judged = None if why or estimates is None else estimates
        found[name] = ReviewerMeasures(
            loops=sum(name in loop.seconds for loop in loops),
            fields=fields[name],
            contested=contested[name],
            kept_alone=_share(groups, name, lambda each: (each.kept_alone, each.alone)),
            keeps_right=None if judged is None else judged.of(name, lambda e: e.keeps_right),
            keeps_wrong=None if judged is None else judged.of(name, lambda e: e.keeps_wrong),
            not_judged=why,
            agreement=_share(groups, name, lambda each: (each.agreed, each.compared)),
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


@dataclass(slots=True)
class _Group:
    """Loops that are resampled together, with what their fields of several reviewers give."""

    patterns: Counter[Pattern] = field(default_factory=Counter)
    counts: dict[str, _Counts] = field(default_factory=dict)

    def add(self, unit: Unit) -> None:
        kept = {name: label == PREDICTION for name, label in unit.labels.items()}
        self.patterns[Pattern(unit.field, tuple(sorted(kept.items())))] += 1
        given = Counter(unit.labels.values())
        for name, label in unit.labels.items():
            counts = self.counts.setdefault(name, _Counts())
            counts.agreed += (given[label] - 1) / (len(unit.labels) - 1)
            counts.compared += 1
            if unit.others_departed(name):
                counts.alone += 1
                counts.kept_alone += kept[name]


def _groups(loops: Sequence[ReviewedLoop]) -> list[_Group]:
    groups = [_Group() for _ in range(min(len(loops), MAX_GROUPS))]
    for number, loop in enumerate(loops):
        for unit in loop.units:
            if len(unit.labels) > 1:
                groups[number % len(groups)].add(unit)
    return groups


def _share(
    groups: Iterable[_Group], name: str, select: Callable[[_Counts], tuple[float, int]]
) -> Share:
    return share_of([select(group.counts.get(name) or _Counts()) for group in groups])


def _gold_share(gold: Iterable[Iterable[GoldField]], name: str) -> Share:
    marks = [[each.right[name] for each in fields if name in each.right] for fields in gold]
    return share_of([(sum(each), len(each)) for each in marks])


class _Estimates:
    """The estimates of all loops, and of resampled ones."""

    def __init__(self, groups: Sequence[_Group]) -> None:
        patterns = [group.patterns for group in groups]
        all_patterns = _sum(patterns)
        self._all = estimate(all_patterns)
        self._others = other_estimates(all_patterns, self._all)
        self._resampled = [estimate(_sum(each), start=self._all) for each in resamples(patterns)]

    def of(self, name: str, select: Callable[[Estimate], Mapping[str, Kept]]) -> Estimated:
        """Return an estimate of one reviewer."""
        kept = select(self._all)[name]
        resampled = (select(each).get(name) for each in self._resampled)
        interval = middle(None if each is None else each.share for each in resampled)
        interval = widen(interval, kept.share, kept.of)
        if interval is not None:
            others = [select(each)[name].share for each in self._others]
            interval = Interval(min([interval.low, *others]), max([interval.high, *others]))
        return Estimated(kept.share, interval)


def _sum(patterns: Iterable[Counter[Pattern]]) -> Counter[Pattern]:
    total: Counter[Pattern] = Counter()
    for each in patterns:
        total.update(each)
    return total


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

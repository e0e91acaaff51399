"""Which loops are old enough to have ended. Those that are open at a look are in no outcome.

Loops that take long may be the difficult ones, so a sample with the latest loops has too few of
them. The loops that were created a longest turnaround before the latest end have ended. Any
beginning of the sample in the order of creation is as good as another one: the guarantee of any
number of looks holds for all of them at once.

Outcomes alone cannot show how long loops can take: loops that take longer than the sample is old
are in none. A2I ends a loop after the `TaskAvailabilityLifetimeInSeconds` of its flow definition.
Therefore the cut-off is sound with this lifetime. Without it, the longest turnaround that was seen
is used, which is too short while the sample is young.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from human_loop_tables.queries import LATEST
from human_loops_cli.outcome_data.open_outcomes import OutcomeData


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """Where the sample ends.

    Parameters
    ----------
    created_until
        The last creation of a loop that is used.
    latest
        The latest end of a loop that was read.
    longest
        The longest time from a loop's creation to its end.
    is_bound
        Whether no loop can take longer. Otherwise, it is the longest one that was seen.
    loops
        How many loops there are without the limit.
    """

    created_until: datetime
    latest: datetime
    longest: timedelta
    is_bound: bool
    loops: int

    def left_out(self, sampling: Sequence[Mapping[str, Any]]) -> int:
        """Return how many loops are left out, given the rows of `SAMPLING` within the limit."""
        kept: int = sum(each["loops"] for each in sampling)
        return self.loops - kept

    @property
    def until(self) -> str:
        """The last creation as a text, in whole seconds."""
        return self.created_until.isoformat(timespec="seconds")

    def reason(self) -> str:
        """Return why the sample ends there.

        Examples
        --------
        >>> row = {"loops": 9, "latest": "2026-03-31 12:00:00", "longest_milliseconds": 90_000_000}
        >>> cut_off(row).reason()
        'the latest loop ended at 2026-03-31T12:00:00+00:00, and the longest took 25 hours'
        >>> cut_off(row, timedelta(days=10)).reason()
        'the latest loop ended at 2026-03-31T12:00:00+00:00, and a loop can take 240 hours'
        """
        hours = max(ceil(self.longest / timedelta(hours=1)), 1)
        return (
            f"the latest loop ended at {self.latest.isoformat()}, and "
            f"{'a loop can take' if self.is_bound else 'the longest took'} "
            f"{hours:,} {'hour' if hours == 1 else 'hours'}"
        )


def leave_out_pending(data: OutcomeData, lifetime: timedelta | None) -> CutOff | None:
    """Leave out the loops that were created so late that others of their time may be open.

    Parameters
    ----------
    data
        The loops. They are limited from now on.
    lifetime
        As of `cut_off`.

    Returns
    -------
    CutOff or None
        Where the sample ends. None if no loop says how long it took: then all loops are left in.
    """
    (row,) = data.rows(LATEST)
    cut = cut_off(row, lifetime)
    if cut is not None:
        data.limit_creation(cut.created_until)
    return cut


def pending_notes(
    cut: CutOff | None, sampling: Sequence[Mapping[str, Any]], history: int = 0
) -> Iterator[str]:
    """Yield what was left out because loops may be open, and what may be missing nevertheless.

    Parameters
    ----------
    cut
        Where the sample ends.
    sampling
        The rows of `human_loop_tables.queries.SAMPLING` within the limit.
    history
        How many loops are known from their output alone.
    """
    if history:
        yield (
            f"{history:,} {'loop is' if history == 1 else 'loops are'} known from the output "
            "alone. Sampled loops that Failed have no output: they are in no count of missing "
            "reviews, and may be the difficult ones."
        )
    if cut is None:
        yield (
            "no loop has a known creation and end: those that are open are not here, and may be "
            "the difficult ones. Read outcomes, and not outputs without their events, or state "
            "with --task-lifetime how long a loop can be open."
        )
        return
    left_out = cut.left_out(sampling)
    if left_out:
        yield (
            f"{left_out:,} {'loop is' if left_out == 1 else 'loops are'} left out, created after "
            f"{cut.until} or at an unknown time: {cut.reason()}, so others of "
            "this time may be open."
        )
    if not cut.is_bound:
        yield (
            "loops that take longer than those that have ended are in no outcome, and may be the "
            "difficult ones. --task-lifetime says how long a loop can be open."
        )


def cut_off(row: Mapping[str, Any], lifetime: timedelta | None = None) -> CutOff | None:
    """Return where the sample ends. None if no loop says how long it took.

    Parameters
    ----------
    row
        The row of `human_loop_tables.queries.LATEST`.
    lifetime
        After which time A2I ends a loop. None if this is unknown.
    """
    seen = timedelta(milliseconds=max(row["longest_milliseconds"] or 0, 0))
    if row["latest"] is None or (lifetime is None and row["longest_milliseconds"] is None):
        return None
    latest = datetime.fromisoformat(row["latest"]).replace(tzinfo=UTC)
    longest = max(seen, lifetime or seen)
    return CutOff(
        created_until=latest - longest,
        latest=latest,
        longest=longest,
        is_bound=lifetime is not None and lifetime >= seen,
        loops=row["loops"],
    )

"""Which outputs are read: those of a flow definition, and those that ended within some time.

An output does not say when its loop ended. The time of its last answer stands for it, and without
any the time in its key.

The key, and the time at which the object was written, say beforehand which outputs cannot be within
the limits. The time in a key is that of the loop's creation, which can be long before the last
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from human_loop_reviews.a2i.output import Output
from human_loops_cli.output_keys import DateFolder, OutputKey

#: How long before its last answer a loop can be created: 30 days, the longest lifetime of a task in
#: SageMaker, and the time to work on one.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HumanTaskConfig.html
LONGEST_LOOP: Final = timedelta(days=31)

# How much the clocks of keys, objects and answers can differ.
_DEVIATION: Final = timedelta(days=1)

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


class UnplacedOutputError(Exception):
    """An output lacks what decides whether it is within the limits."""


@dataclass(frozen=True, kw_only=True)
class OutputLimits:
    """The limits of outputs. Without any, all outputs are within.

    Parameters
    ----------
    flow
        The name or the ARN of a flow definition.
    since, until
        The first and the last time.
    """

    flow: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def are_set(self) -> bool:
        """Whether there is a limit."""
        return self != NO_LIMITS

    def may_contain_folder(self, folder: DateFolder) -> bool:
        """Return whether outputs in a folder can be within the limits."""
        return (
            self.may_be_flow(folder.flow_definition)
            and folder.last >= self._first_key
            and folder.first <= self._last_key
        )

    def may_contain(self, key: OutputKey | None, written: datetime | None) -> bool:
        """Return whether an output that is not yet read can be within the limits.

        Parameters
        ----------
        key
            What its key says. None if Amazon A2I does not make such keys.
        written
            When it was written, if no earlier time can stand there. An answer is not later.
        """
        if written is not None and written < self._first_written:
            return False
        return key is None or (
            self.may_be_flow(key.flow_definition) and self._first_key <= key.time <= self._last_key
        )

    def may_be_flow(self, name: str) -> bool:
        """Return whether a name can be that of the flow definition."""
        return self.flow is None or name == self.flow.rpartition("/")[2]

    def contain(self, output: Output, key: OutputKey | None) -> bool:
        """Return whether an output is within the limits.

        Raises
        ------
        UnplacedOutputError
            If neither the output nor its key says so.
        """
        return self._contain_flow(output, key) and self._contain_time(output, key)

    def contain_all_of(self, folder: DateFolder) -> bool:
        """Return whether each output of a day is within the limits, whenever its loop ended."""
        earliest = _back(folder.first, _DEVIATION)
        latest = _forward(folder.last, LONGEST_LOOP + _DEVIATION)
        return (self.since or _EARLIEST) <= earliest and latest <= (self.until or _LATEST)

    def _contain_flow(self, output: Output, key: OutputKey | None) -> bool:
        if self.flow is None:
            return True
        arn = output.flow_definition_arn
        if arn:
            return self.flow in (arn, arn.rpartition("/")[2])
        if key is None:
            raise UnplacedOutputError(
                "neither the output nor its key names a flow definition, so --flow cannot choose it"
            )
        return self.may_be_flow(key.flow_definition)

    def _contain_time(self, output: Output, key: OutputKey | None) -> bool:
        if self.since is None and self.until is None:
            return True
        ended = last_submission(output) or (None if key is None else key.time)
        if ended is None:
            raise UnplacedOutputError(
                "neither an answer nor the key has a time, so --since and --until cannot choose it"
            )
        return (self.since or _EARLIEST) <= ended <= (self.until or _LATEST)

    @property
    def _first_written(self) -> datetime:
        return _EARLIEST if self.since is None else _back(self.since, _DEVIATION)

    @property
    def _first_key(self) -> datetime:
        return _EARLIEST if self.since is None else _back(self.since, LONGEST_LOOP + _DEVIATION)

    @property
    def _last_key(self) -> datetime:
        return _LATEST if self.until is None else _forward(self.until, _DEVIATION)


#: No limits.
NO_LIMITS: Final = OutputLimits()


def last_submission(output: Output) -> datetime | None:
    """Return when the last answer was submitted, in UTC unless it says otherwise."""
    times = [answer.submitted for answer in output.answers if answer.submitted is not None]
    return max((_in_utc(time) for time in times), default=None)


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _back(time: datetime, by: timedelta) -> datetime:
    return time - by if time - _EARLIEST > by else _EARLIEST


def _forward(time: datetime, by: timedelta) -> datetime:
    return time + by if _LATEST - time > by else _LATEST

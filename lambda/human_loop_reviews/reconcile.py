"""Reconciling A2I with the ledger: the steps from a list of human loops to a repeated event.

A2I may omit events, and a handler may fail on one. So all human loops that A2I lists as ended are
looked up in the ledger. The event of one that is missing in two rounds, or has another status, or
an output that could not be read, is sent again, once.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, Final

from human_loop_reviews.aws import reconciler_metrics
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.aws.human_loop_bus import EventNotResentError, HumanLoopBus
from human_loop_reviews.aws.human_loops import (
    DescribedLoop,
    FlowDefinitionNotFoundError,
    HumanLoops,
    ListedLoop,
    flow_definition_arn,
)
from human_loop_reviews.aws.reconciler_items import (
    Marker,
    Progress,
    ReconcilerItems,
    Record,
    RecoveryState,
)
from human_loop_reviews.aws.retryable_errors import is_retryable
from human_loop_reviews.contract import SAME_TIME, HumanLoopStatus
from human_loop_reviews.reconciler_settings import ReconcilerSettings

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

#: A run stops when it has less time than this. It is enough for the calls between two looks at the
#: clock, with all their retries.
RESERVE_SECONDS: Final = 300

#: The most calls of AWS between two checks of the remaining time: for one missing loop the look-up
#: in the ledger, the description, another look-up, the marker, the event and the marker again; then
#: a page of loops and its look-up, or the progress.
MAX_CALLS_BETWEEN_TIME_CHECKS: Final = 8

# A flow definition may be interrupted by temporary errors in this many runs before a run fails.
_MAX_INTERRUPTIONS: Final = 2

# What is read again when a round is resumed: A2I does not say whether it includes the time itself.
_OVERLAP: Final = timedelta(seconds=1)

# How many missing loops of a flow definition are kept for the case that A2I no longer lists them.
_MAX_MISSING_NOTED: Final = 100


class ReconciliationError(Exception):
    """Some human loops could not be compared or recovered. The log has an error for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilerRun:
    """One run of the function."""

    function_arn: str
    """ARN of the function. It has the account and Region of the human loops."""
    function_name: str
    """Its name."""
    remaining_seconds: Callable[[], float]
    """Returns how many seconds are left."""
    now: Callable[[], datetime]
    """Returns the time."""
    run_id: str
    """Identifies this run."""

    @classmethod
    def start(
        cls, *, function_arn: str, function_name: str, remaining_seconds: Callable[[], float]
    ) -> ReconcilerRun:
        """Start a run."""
        return cls(
            function_arn=function_arn,
            function_name=function_name,
            remaining_seconds=remaining_seconds,
            now=lambda: datetime.now(UTC),
            run_id=token_hex(8),
        )

    @property
    def has_time(self) -> bool:
        """Whether there is time for another human loop."""
        return self.remaining_seconds() > RESERVE_SECONDS


class Findings:
    """What a run found and did."""

    def __init__(self) -> None:
        self.complete = True
        self.found = Counter[Record]()
        self.recovered: list[str] = []
        self.unknown_flow_definitions: list[str] = []
        self.failures = 0

    def to_json(self) -> dict[str, Any]:
        """Return what the function answers."""
        return {
            "complete": self.complete,
            "missingLoops": self.found[Record.MISSING],
            "differentLoops": self.found[Record.DIFFERENT],
            "unreadableLoops": self.found[Record.UNREADABLE],
            "recoveredLoops": self.recovered,
            "unknownFlowDefinitions": self.unknown_flow_definitions,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Compares the human loops of A2I with the ledger, and sends missing events again."""

    settings: ReconcilerSettings
    """The function's settings."""
    human_loops: HumanLoops
    """What A2I knows."""
    items: ReconcilerItems
    """The ledger."""
    bus: HumanLoopBus
    """The bus with the events of human loops."""

    def reconcile(self, run: ReconcilerRun) -> dict[str, Any]:
        """Compare all human loops with the ledger. The next run resumes where the time ended.

        Parameters
        ----------
        run
            This run.

        Returns
        -------
        dict
            Whether this run compared all loops, how many it found missing, the ARNs of the loops
            for which it sent the event again, and those of the flow definitions that A2I does not
            know.

        Raises
        ------
        EventBusNotFoundError
            If there is no bus to send events to.
        CallError
            If the flow definitions cannot be listed, or their progress cannot be read or saved.
        ReconciliationError
            If some loops could not be compared or recovered. The others were.
        """
        self.bus.require()
        findings = Findings()
        for progress in self._in_order(run):
            if not run.has_time:
                findings.complete = False
                break
            self._continue(progress, run, findings)
        logger.info("human loops compared with the ledger", extra=findings.to_json())
        if findings.failures:
            raise ReconciliationError(
                f"{findings.failures} human loops or flow definitions could not be reconciled: the "
                "log has an error for each"
            )
        return findings.to_json()

    def resend(self, arns: Sequence[str], run: ReconcilerRun) -> dict[str, Any]:
        """Send the events of human loops again, on command.

        Parameters
        ----------
        arns
            The loops.
        run
            This run.

        Returns
        -------
        dict
            The ARNs of the loops for which an event was sent, and of the others the reason.

        Raises
        ------
        EventBusNotFoundError
            If there is no bus to send events to.
        """
        self.bus.require()
        resent: list[str] = []
        not_resent: dict[str, str] = {}
        for arn in dict.fromkeys(arns):
            reason = self._resend_on_command(arn, run) if run.has_time else "no time was left"
            if reason is None:
                resent.append(arn)
            else:
                not_resent[arn] = reason
        return {"resent": resent, "notResent": not_resent}

    def _in_order(self, run: ReconcilerRun) -> list[Progress]:
        """Return the progress of all flow definitions, first of those left out for longest."""
        arns = [
            flow_definition_arn(each, run.function_arn) for each in self.settings.flow_definitions
        ]
        if not arns:
            for page in self.human_loops.flow_definitions():
                arns += page
                if not run.has_time:
                    break
        never = datetime.min.replace(tzinfo=UTC)
        known = [self.items.progress(arn) for arn in arns if run.has_time]
        return sorted(known, key=lambda each: each.changed_at or never)

    def _continue(self, progress: Progress, run: ReconcilerRun, findings: Findings) -> None:
        """Continue the round of a flow definition, and save how far it came."""
        recovered = len(findings.recovered)
        comparison = _Comparison(self, progress, run, findings)
        complete = False
        try:
            complete = comparison.compare()
            comparison.progress = replace(comparison.progress, interruptions=0)
        except CallError as error:
            comparison.interrupted_by(error)
        progress = comparison.progress
        unknown = progress.flow_definition_arn in findings.unknown_flow_definitions
        findings.complete &= complete and not unknown
        reconciler_metrics.emit(
            progress,
            function_name=run.function_name,
            recovered=len(findings.recovered) - recovered,
            complete=complete and not unknown,
            unknown=unknown,
            now=run.now(),
        )
        if complete:
            progress = Progress(
                flow_definition_arn=progress.flow_definition_arn,
                round=progress.round + 1,
                missing=progress.missing,
            )
        self.items.save(progress, now=run.now())

    def _resend_on_command(self, arn: str, run: ReconcilerRun) -> str | None:
        """Send the event of a loop again. Return the reason if that is impossible."""
        try:
            loop = self.human_loops.describe(arn)
            if loop is None or loop.arn != arn:
                return "there is no such human loop"
            if loop.status not in tuple(HumanLoopStatus):
                return f"the human loop is {loop.status}"
            if not self.settings.watch(loop.flow_definition_arn):
                return f"the stack does not receive the events of {loop.flow_definition_arn}"
            if loop.status not in self.settings.statuses:
                return f"the stack does not receive the events of {loop.status} human loops"
            marker = self.items.find(arn).marker(loop.creation_time)
            sending = Marker(
                arn=arn,
                creation_time=loop.creation_time if marker is None else marker.creation_time,
                state=RecoveryState.SENDING,
                round=0 if marker is None else marker.round,
                run=run.run_id,
            )
            if self.send(loop, sending, instead_of=marker, run=run):
                return None
        except (CallError, EventNotResentError) as error:
            _log_error(arn, error)
            return str(error)
        return "another run is sending its event"

    def send(
        self, loop: DescribedLoop, sending: Marker, *, instead_of: Marker | None, run: ReconcilerRun
    ) -> bool:
        """Send the event of a loop again, between two markers.

        A run that stops between them leaves the state `sending`, and the next round repeats it.

        Parameters
        ----------
        loop
            The loop.
        sending
            The marker that is set before.
        instead_of
            The marker that it replaces, None without one.
        run
            This run.

        Returns
        -------
        bool
            Whether this run sent the event. False if another one does.

        Raises
        ------
        EventNotResentError
            If the bus refuses the event.
        """
        if not self.items.mark(sending, instead_of=instead_of, now=run.now()):
            return False
        self.bus.resend(loop)
        resent = replace(sending, state=RecoveryState.RESENT)
        self.items.mark(resent, instead_of=sending, now=run.now())
        logger.warning(
            "human loop %s: event sent again: %s", loop.name, loop.status, extra=_fields(loop)
        )
        return True


class _Comparison:
    """The comparison of one flow definition's human loops with the ledger, in one run."""

    def __init__(
        self, reconciler: Reconciler, progress: Progress, run: ReconcilerRun, findings: Findings
    ) -> None:
        self.progress = progress
        self._reconciler = reconciler
        self._items = reconciler.items
        self._statuses = reconciler.settings.statuses
        self._run = run
        self._findings = findings

    def compare(self) -> bool:
        """Compare loops until all are compared, or there is no time. Return whether all are."""
        try:
            return self._compare_listed()
        except FlowDefinitionNotFoundError:
            return self._compare_missing()

    def _compare_listed(self) -> bool:
        resume_after = self.progress.resume_after
        since = (
            self._run.now() - self._reconciler.settings.look_back
            if resume_after is None
            else resume_after - _OVERLAP
        )
        arn = self.progress.flow_definition_arn
        for page in self._reconciler.human_loops.pages(arn, created_after=since):
            if resume_after is None and self.progress.resume_after is None:
                self.progress = replace(self.progress, missing=())
            new = [each for each in page if resume_after is None or _is_after(each, resume_after)]
            ended = [each for each in new if each.status in self._statuses]
            settled = self._items.settled(ended)
            for loop in new:
                if not self._run.has_time:
                    return False
                if loop.status not in tuple(HumanLoopStatus):
                    self._count_open(loop)
                elif loop.status in self._statuses and loop not in settled:
                    self._look_up(loop)
                self.progress = replace(self.progress, resume_after=loop.creation_time)
            if not self._run.has_time:
                return False
        return True

    def _compare_missing(self) -> bool:
        """Compare the loops that were missing before: A2I no longer lists the others."""
        arn, missing = self.progress.flow_definition_arn, self.progress.missing
        self._findings.unknown_flow_definitions.append(arn)
        logger.error(
            "flow definition %s: A2I does not know it, so its human loops cannot be compared. "
            "Correct its name in flow_definitions, or remove it",
            arn,
            extra={"flowDefinitionArn": arn},
        )
        self.progress = replace(self.progress, missing=())
        for number, each in enumerate(missing):
            if not self._run.has_time:
                # The next run begins with those that were left out.
                self.progress = replace(
                    self.progress, missing=missing[number:] + self.progress.missing
                )
                return False
            loop = self._reconciler.human_loops.describe(each)
            if loop is None:
                self._note(each, Record.MISSING)
                logger.error(
                    "human loop %s is not in the ledger, and A2I no longer knows it",
                    each,
                    extra={"humanLoopArn": each},
                )
            elif loop.status in self._statuses:
                self._look_up(loop)
        return True

    def _note(self, arn: str, record: Record) -> None:
        self._findings.found[record] += 1
        known = self.progress.missing
        # The event of an unreadable output did arrive.
        is_lost = record is not Record.UNREADABLE
        if is_lost and arn not in known and len(known) < _MAX_MISSING_NOTED:
            self.progress = replace(self.progress, missing=(*known, arn))

    def interrupted_by(self, error: CallError) -> None:
        """Note an error of AWS that ended the comparison."""
        interruptions = self.progress.interruptions + 1
        self.progress = replace(self.progress, interruptions=interruptions)
        if not is_retryable(error) or interruptions > _MAX_INTERRUPTIONS:
            self._findings.failures += 1
        logger.warning(
            "flow definition %s: interrupted: %s",
            self.progress.flow_definition_arn,
            error,
            extra={"flowDefinitionArn": self.progress.flow_definition_arn},
        )

    def _count_open(self, loop: ListedLoop) -> None:
        oldest = self.progress.oldest_open_loop or loop.creation_time
        self.progress = replace(
            self.progress,
            open_loops=self.progress.open_loops + 1,
            oldest_open_loop=min(oldest, loop.creation_time),
        )

    def _look_up(self, loop: ListedLoop) -> None:
        """Look an ended loop up, and go one step further with its recovery if it is not settled."""
        try:
            found = self._items.find(loop.arn)
            record = found.record_of(loop)
            marker = found.marker(loop.creation_time)
            if record is Record.SETTLED:
                return
            self._note(loop.arn, record)
            if record is Record.DIFFERENT:
                logger.error(
                    "human loop %s: A2I says %s, the ledger another status",
                    loop.name,
                    loop.status,
                    extra=_fields(loop),
                )
            self._recover(loop, marker, record)
        except (CallError, EventNotResentError) as error:
            if isinstance(error, CallError) and is_retryable(error):
                raise
            self._findings.failures += 1
            _log_error(loop.arn, error)

    def _recover(self, loop: ListedLoop, marker: Marker | None, record: Record) -> None:
        this_round = self.progress.round
        if marker is None:
            missing = Marker(
                arn=loop.arn,
                creation_time=loop.creation_time,
                state=RecoveryState.MISSING,
                round=this_round,
                run=self._run.run_id,
            )
            self._items.mark(missing, instead_of=None, now=self._run.now())
            return
        if marker.state is RecoveryState.RESENT or marker.round == this_round:
            return
        if marker.state is RecoveryState.MISSING and marker.round == 0:
            return  # It ended before the reconciler was there.
        described = self._reconciler.human_loops.describe(loop.arn)
        if described is None or not self._is_the_same(described, loop):
            logger.info("human loop %s: deleted", loop.name, extra=_fields(loop))
            return
        if described.arn != loop.arn:
            record = self._items.find(described.arn).record_of(loop)
            if record is Record.SETTLED:
                return
        sending = replace(
            marker, state=RecoveryState.SENDING, round=this_round, run=self._run.run_id
        )
        sent = self._reconciler.send(described, sending, instead_of=marker, run=self._run)
        # The event of an unreadable output did arrive, and nothing was lost.
        if sent and record is not Record.UNREADABLE:
            self._findings.recovered.append(loop.arn)

    def _is_the_same(self, described: DescribedLoop, loop: ListedLoop) -> bool:
        return (
            described.status in self._statuses
            and abs(described.creation_time - loop.creation_time) < SAME_TIME
        )


def _is_after(loop: ListedLoop, time: datetime) -> bool:
    # The progress is saved with milliseconds.
    return loop.creation_time - time >= timedelta(milliseconds=1)


def _log_error(arn: str, error: Exception) -> None:
    logger.error(
        "human loop %s not recovered: %s", arn, error, extra={"humanLoopArn": arn}, exc_info=error
    )


def _fields(loop: ListedLoop) -> dict[str, str]:
    return {
        "humanLoopArn": loop.arn,
        "flowDefinitionArn": loop.flow_definition_arn,
        "humanLoopStatus": loop.status,
    }

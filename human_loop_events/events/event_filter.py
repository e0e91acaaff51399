"""Event filters: the status events to match, and the description of a failure.

A filter creates no resources. To support another type of event, add a filter in a separate file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aws_cdk import Stack
from aws_cdk import aws_events as events


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureDescription:
    """The content of alerts and alarms about a failure. `Alerts` builds the messages from it.

    Parameters
    ----------
    alert
        The alert's name in JSON and chat messages, such as ``"HumanLoopFailed"``.
    title
        A one-line summary without a period.
    text
        The consequence and the remedy, in one or two sentences.
    lines
        The labels and event paths of the lines in a text message.
    reason_path
        The path of the failure's reason in the event. None if the event has none.
    detail_key
        The key of the event's detail in a JSON message.
    always_present
        The fields of the detail that every event has and that cannot quote a document. A JSON
        message without the reason contains only these fields.
    thread_path
        The path of the id of the human loop or job. Chat messages with the same id share a thread.
    resource_paths
        The paths of the ARNs of the affected resources. Empty for the event's ``resources``.
    console_path
        The console page, below the console's domain. ``{region}`` stands for the Region.
    alarm_id
        The id of the alarm on failures.
    alarm_text
        The description of the alarm.
    runbook_section
        The section of the runbook.

    Examples
    --------
    >>> JobFilter.training().failure.alert  # doctest: +SKIP
    'TrainingJobFailed'
    """

    alert: str
    title: str
    text: str
    lines: tuple[tuple[str, str], ...]
    reason_path: str | None
    detail_key: str
    always_present: tuple[str, ...]
    thread_path: str
    resource_paths: tuple[str, ...]
    console_path: str
    alarm_id: str
    alarm_text: str
    runbook_section: str

    @property
    def reason_given(self) -> dict[str, Any] | None:
        """The pattern for the detail of events with a reason that is neither null nor absent."""
        if self.reason_path is None:
            return None
        return {self.reason_path.removeprefix("$.detail."): [{"prefix": ""}]}


class EventFilter(ABC):
    """Matches status events of one type."""

    _HOW_TO_MAKE: ClassVar = "HumanLoopFilter(…) or JobFilter.training(…)"

    @property
    @abstractmethod
    def description(self) -> str:
        """The description of the matched events, for the descriptions of rules."""

    @property
    @abstractmethod
    def failure(self) -> FailureDescription:
        """The content of alerts and alarms about a failure."""

    @property
    @abstractmethod
    def completed_statuses(self) -> tuple[str, ...]:
        """The statuses of success."""

    @property
    @abstractmethod
    def failed_statuses(self) -> tuple[str, ...]:
        """The statuses of failure."""

    @property
    @abstractmethod
    def stopped_statuses(self) -> tuple[str, ...]:
        """The statuses of loops or jobs that were stopped. Empty if the type has no such status."""

    @property
    def tests_excluded(self) -> Mapping[str, Any]:
        """The pattern for the detail that excludes events that test a deployment.

        The topic, the queue and the function of a `StatusEvents` receive these events. All other
        rules exclude them.
        """
        return {}

    @abstractmethod
    def pattern(
        self, *, statuses: Sequence[str] | None = None, detail: Mapping[str, Any] | None = None
    ) -> events.EventPattern:
        """Build the event pattern.

        Parameters
        ----------
        statuses
            The statuses. Default: those of the filter.
        detail
            Further conditions on the event's detail.

        Raises
        ------
        ValueError
            If a status does not exist, or the pattern is longer than EventBridge allows.
        """

    @abstractmethod
    def refuse_other_environments(self, stack: Stack) -> None:
        """Refuse a filter if the default event bus of a stack cannot receive its events."""

"""What an event filter is: which status events to match, and how to describe a failure among them.

A filter creates no resource. A further kind of event is a further filter, in a file of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_events as events


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureDescription:
    """What alerts and alarms say about a failure. Data only: `Alerts` writes the messages.

    Parameters
    ----------
    alert
        The alert's name in JSON and chat messages, such as ``"HumanLoopFailed"``.
    title
        One line without a full stop.
    text
        What it means and what to do, in a sentence or two.
    lines
        Labels and event paths of the lines of a text message.
    reason_path
        The path of the failure's reason in the event. None if the event has none.
    detail_key
        The key of the event's detail in a JSON message.
    always_present
        The fields of the detail that every event has and that quote nothing. A JSON message without
        the reason has these only.
    thread_path
        The path of what identifies the subject. Chat messages about it share a thread.
    resource_paths
        The paths of the ARNs concerned. Empty for the event's ``resources``.
    console_path
        The console page, below the console's domain. ``{region}`` stands for the Region.
    alarm_id
        The id of the alarm on failures.
    alarm_text
        What the alarm says.
    runbook_section
        The section of the runbook.
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
        """The pattern on the event's detail for a reason that is text: neither null nor absent."""
        if self.reason_path is None:
            return None
        return {self.reason_path.removeprefix("$.detail."): [{"prefix": ""}]}


class EventFilter(ABC):
    """Matches status events of one kind."""

    @property
    @abstractmethod
    def description(self) -> str:
        """What is matched, for the descriptions of rules."""

    @property
    @abstractmethod
    def failure(self) -> FailureDescription:
        """What alerts and alarms say about a failure."""

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
        """The statuses of what somebody stopped. Empty if the kind has none."""

    @property
    def tests_excluded(self) -> Mapping[str, Any]:
        """The pattern on the detail that leaves out events that test a deployment.

        The topic, the queue and the function of a `StatusEvents` receive them, all other rules do
        not.
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
            Which statuses. Default: those of the filter.
        detail
            What else the event's detail must match.

        Raises
        ------
        ValueError
            If a status does not exist, or the pattern is longer than EventBridge allows.
        """

    @abstractmethod
    def refuse_other_environments(self, stack: Stack) -> None:
        """Refuse what the default event bus of a stack's account and Region cannot receive."""

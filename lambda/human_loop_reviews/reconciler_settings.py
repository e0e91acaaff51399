"""The reconciler's settings, read from its environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from human_loop_reviews.contract import HumanLoopStatus, ReconcilerSetting
from human_loop_reviews.settings import EnvironmentVariables, parse_texts, watches


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilerSettings:
    """The reconciler's settings."""

    ledger_table: str
    """Name of the ledger."""
    event_bus: str
    """ARN of the bus that human loop events are sent to."""
    flow_definitions: tuple[str, ...]
    """Names or ARNs. Empty for all of the account and Region."""
    statuses: frozenset[HumanLoopStatus]
    """The terminal statuses that are recorded in the ledger."""
    look_back: timedelta
    """Human loops that were created longer ago are not compared."""

    def watch(self, flow_definition_arn: str) -> bool:
        """Return whether the events of a flow definition reach the stack."""
        return watches(self.flow_definitions, flow_definition_arn)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ReconcilerSettings:
        """Read the settings.

        Parameters
        ----------
        environment
            Such as ``os.environ``.

        Returns
        -------
        ReconcilerSettings
            The settings.

        Raises
        ------
        SettingsError
            If a variable is missing or wrong. The message names it.
        """
        read = EnvironmentVariables(environment).read
        return cls(
            ledger_table=read(ReconcilerSetting.LEDGER_TABLE, str),
            event_bus=read(ReconcilerSetting.EVENT_BUS, str),
            flow_definitions=read(ReconcilerSetting.FLOW_DEFINITIONS, parse_texts),
            statuses=read(ReconcilerSetting.STATUSES, _parse_statuses),
            look_back=read(ReconcilerSetting.LOOK_BACK_DAYS, _parse_days),
        )


def _parse_statuses(text: str) -> frozenset[HumanLoopStatus]:
    return frozenset(HumanLoopStatus(each) for each in parse_texts(text))


def _parse_days(text: str) -> timedelta:
    days = timedelta(days=float(text))
    if days <= timedelta(0):
        raise ValueError(f"expected a number of days over 0, got {text!r}")
    return days

"""The function's settings: its environment, read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from human_loop_reviews.mapping import FieldMapping

_T = TypeVar("_T")


class SettingsError(ValueError):
    """An environment variable is missing or wrong. The message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's settings.

    Parameters
    ----------
    ledger_table
        Name of the ledger.
    ledger_retention_days
        For how long the ledger remembers a loop.
    outcome_bus
        ARN of the bus that outcomes are published on.
    include_values
        Whether outcomes carry the documents' values.
    max_output_bytes
        Outputs above this size are not read.
    mappings
        The owner's field mappings, by the flow definition's name.
    """

    ledger_table: str
    ledger_retention_days: float
    outcome_bus: str
    include_values: bool
    max_output_bytes: int
    mappings: Mapping[str, Sequence[FieldMapping]] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Parameters
        ----------
        environment
            Such as ``os.environ``.

        Raises
        ------
        SettingsError
            If a variable is missing or wrong.
        """

        def read(name: str, parse: Callable[[str], _T]) -> _T:
            if name not in environment:
                raise SettingsError(f"environment variable {name} is missing")
            try:
                return parse(environment[name])
            except ValueError as error:
                raise SettingsError(f"environment variable {name}: {error}") from error

        return cls(
            ledger_table=read("LEDGER_TABLE", str),
            ledger_retention_days=read("LEDGER_RETENTION_DAYS", float),
            outcome_bus=read("OUTCOME_BUS", str),
            include_values=read("INCLUDE_VALUES", _boolean),
            max_output_bytes=read("MAX_OUTPUT_BYTES", int),
            mappings=read("MAPPINGS", _mappings) if "MAPPINGS" in environment else {},
        )


def _mappings(text: str) -> Mapping[str, Sequence[FieldMapping]]:
    # Imported only where there are mappings: a cold start need not wait for it.
    from human_loop_reviews.mapping import parse_mappings

    return parse_mappings(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"expected true or false, got {text!r}")
    return text == "true"

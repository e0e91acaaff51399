"""The summary of an export: how much was exported, and every loop that was not, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from human_loops_cli.console import Printer
from human_loops_cli.exports.left_out import Reason
from human_loops_cli.exports.loop import FieldLeftOut, ReviewSelection

# With more loops left out for one reason, people read --json.
_MAX_NAMED: Final = 5


_WHY_FIELDS_ARE_LEFT_OUT: Final = {
    FieldLeftOut.DISPUTED: Reason.DISPUTED.value,
    FieldLeftOut.NOT_COMPARED: "not compared",
    FieldLeftOut.NO_VALUE: "less than half of the reviewers added a value",
    FieldLeftOut.NO_PAIR: "rows without a text as source and target",
    FieldLeftOut.NOT_TAKEN: "rows with a text over 1,000 bytes, or that XML cannot hold",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A loop that is not exported."""

    input_name: str
    """The path or URI of its output."""
    loop_name: str | None
    """Its name. None if the output was not read."""
    reason: Reason
    detail: str = ""
    """Why, and the place in an output that cannot be read."""


@dataclass(kw_only=True)
class Summary:
    """What was exported, and what was not."""

    format_name: str
    only: ReviewSelection
    """As on the command line."""
    inputs: int = 0
    """How many outputs were read."""
    exported: int = 0
    """How many of them were exported."""
    left_out: list[LeftOut] = field(default_factory=list)
    """The others."""
    fields_left_out: Counter[FieldLeftOut] = field(default_factory=Counter)
    """How many fields of exported loops have no consensus, and why."""

    @property
    def has_refusals(self) -> bool:
        """Whether a loop does not fit the format, or cannot be read."""
        return any(each.reason.is_refusal for each in self.left_out)

    def print(self, printer: Printer, file: Path | None) -> None:
        """Print the summary: as JSON with all loops, or with the first ones of each reason.

        Parameters
        ----------
        printer
            Where it goes.
        file
            The file that was written. None without one.
        """
        if printer.as_json:
            printer.json(self._describe(file))
            return
        where = "" if file is None else f" to {file}"
        printer.note(f"{self.exported} of {self.inputs} outputs exported{where}")
        for reason, count in self._counts.items():
            those = [each for each in self.left_out if each.reason is reason]
            printer.note(f"left out: {count}: {reason}: {_name(those)}")
        for why, count in self.fields_left_out.items():
            printer.note(
                f"fields left out of what was exported: {count}: {_WHY_FIELDS_ARE_LEFT_OUT[why]}"
            )

    @property
    def _counts(self) -> Counter[Reason]:
        return Counter(each.reason for each in self.left_out)

    def _describe(self, file: Path | None) -> dict[str, Any]:
        return {
            "format": self.format_name,
            "only": self.only,
            "file": None if file is None else str(file),
            "inputs": self.inputs,
            "exported": self.exported,
            "leftOut": {reason.id: count for reason, count in self._counts.items()},
            "fieldsLeftOut": dict(self.fields_left_out),
            "loops": [
                {
                    "input": each.input_name,
                    "humanLoopName": each.loop_name,
                    "reason": each.reason.id,
                    "explanation": each.detail or each.reason,
                }
                for each in self.left_out
            ],
        }


def _name(left_out: Sequence[LeftOut]) -> str:
    named = [each.detail or each.loop_name or each.input_name for each in left_out[:_MAX_NAMED]]
    more = len(left_out) - len(named)
    return ", ".join(named) + (f" and {more} more (-o and --json name all)" if more else "")

"""The votes of many outputs, and what of the inputs is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import typer

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import TaskMapping
from human_loops_cli.errors import ExitStatus
from human_loops_cli.inputs import Inputs, NotAnOutputError, UnreadableInputError, identify
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.output_limits import OutputLimits
from human_loops_cli.session import Session
from human_loops_cli.votes import Votes, read_votes


class ReadOutput(NamedTuple):
    """An output with its votes."""

    output: Output
    mapping: TaskMapping | None
    votes: Votes


class VoteReader:
    """Reads the votes of outputs. A copy of an output counts once.

    Parameters
    ----------
    session
        The run.
    mappings
        Where predictions and answers of custom tasks are found.
    limits
        Which outputs are read.
    """

    def __init__(self, session: Session, mappings: MappingFile, limits: OutputLimits) -> None:
        self._session = session
        self._mappings = mappings
        self._limits = limits
        self._seen: set[bytes] = set()
        self._copies = self._others = 0
        self.unreadable: list[dict[str, str]] = []
        """The inputs that cannot be read, each with the error."""

    def read(self, places: Sequence[str]) -> Iterator[ReadOutput]:
        """Yield each output at some places that can be read."""
        for each in Inputs(self._session, places, self._limits).read("Reading"):
            try:
                output = each.output()
                if not self._is_new(output):
                    continue
                mapping = self._mappings.find(output)
                votes = read_votes(output, mapping)
            except NotAnOutputError:
                self._others += 1
                continue
            except (UnreadableInputError, UnreadableOutputError) as error:
                self.unreadable.append({"input": each.name, "error": str(error)})
                continue
            yield ReadOutput(output, mapping, votes)

    def finish(self) -> None:
        """Print what was left out, after the result.

        Raises
        ------
        typer.Exit
            If an output cannot be read.
        """
        printer = self._session.printer
        if not printer.as_json:
            for row in self.unreadable:
                printer.note(f"unreadable: {row['error']}")
        if self._copies:
            printer.note(f"outputs that are copies of others, left out: {self._copies:,}")
        if self._others:
            printer.note(f"{self._others:,} other JSON files are no outputs: left out")
        self._mappings.check(printer)
        if self.unreadable:
            raise typer.Exit(ExitStatus.INCOMPLETE)

    def _is_new(self, output: Output) -> bool:
        identity = identify(output)
        if identity in self._seen:
            self._copies += 1
            return False
        self._seen.add(identity)
        return True

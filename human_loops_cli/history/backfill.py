"""The outcomes of outputs alone, as files: the history of an account.

A file has the loops of a flow definition that were created on a day. It is replaced as a whole. The
journal has the files that are complete, with what they were made from. So a run that was
interrupted goes on, and a run with another mapping makes them again.

Outputs without a key of Amazon A2I are in files by the folder that they are in.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import A2I_NAME
from human_loop_reviews.outcome import fit_into_event
from human_loops_cli.errors import CommandError, ExitStatus, explain
from human_loops_cli.files import complete_file
from human_loops_cli.history.journal import Journal
from human_loops_cli.inputs import Input, Inputs, NotAnOutputError, ReadInput, UnreadableInputError
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.outcome_data.reviewed_output import (
    IncompleteOutputError,
    outcome_of_output,
    output_id,
)
from human_loops_cli.output_keys import parse_date_folder
from human_loops_cli.output_limits import OutputLimits

# How many files the outputs of a folder without A2I's keys are divided into.
_PARTS: Final = 16

# After as many refusals in succession, it is not about single objects.
_MAX_DENIALS: Final = 20


class Part(NamedTuple):
    """The outputs of one file."""

    name: str
    """The name of the file."""
    inputs: list[Input]
    """The outputs."""


@dataclass(kw_only=True)
class Backfill:
    """Writes the outcomes of outputs into a folder.

    Parameters
    ----------
    folder
        The folder.
    inputs, limits
        The outputs, and which of them are chosen.
    mappings, mapping_content
        The mappings of custom tasks, and the content of their file.
    arn_prefix
        How the ARNs of the account and Region begin, for outputs without one. None for unknown.
    """

    folder: Path
    inputs: Inputs
    limits: OutputLimits
    mappings: MappingFile
    mapping_content: bytes
    arn_prefix: str | None
    written: int = 0
    """How many outcomes were written."""
    files: int = 0
    """Into how many files."""
    done_before: int = 0
    """How many outputs are in files that were complete."""
    unanswered: int = 0
    """How many outcomes have no answer."""
    not_outputs: int = 0
    """How many files are JSON of something else."""
    problems: list[dict[str, str]] = field(default_factory=list)
    """The outputs without an outcome, and why."""
    _denials: int = 0

    def run(self) -> Iterator[None]:
        """Write the files that are not complete. Yields after each output that was read."""
        journal = Journal(self.folder, self._maker())
        for part in _parts(self.inputs.find()):
            made_from = self._made_from(part)
            if made_from is not None and journal.has(part.name, made_from):
                self._skip(part)
                continue
            problems = len(self.problems)
            outcomes = yield from self._outcomes(part)
            self._write(self.folder / part.name, outcomes)
            if made_from is not None and len(self.problems) == problems:
                journal.add(part.name, made_from)

    def _skip(self, part: Part) -> None:
        self.done_before += len(part.inputs)
        keys = [each.output_key for each in part.inputs]
        known = {each.flow_definition for each in keys if each is not None}
        self.mappings.counts.flow_definitions |= known

    def _maker(self) -> str:
        """Return what is another one if all outcomes have to be made again."""
        parts = [version("a2i-human-loop-events").encode(), self.mapping_content]
        return sha256(b"\0".join([*parts, (self.arn_prefix or "").encode()])).hexdigest()

    def _made_from(self, part: Part) -> str | None:
        """Return what is another one if the outputs of a file or the limits have changed.

        None if that is not known: the content of a single file that the user named can change.
        """
        if not all(each.tag for each in part.inputs):
            return None
        key = part.inputs[0].output_key
        day = None if key is None else parse_date_folder(key.day_folder)
        covers = day is not None and self.limits.contain_all_of(day)
        limits = "" if covers else f"{self.limits.flow} {self.limits.since} {self.limits.until}"
        found = sorted((each.key, each.tag) for each in part.inputs)
        return sha256(json.dumps([limits, found]).encode()).hexdigest()

    def _outcomes(self, part: Part) -> Generator[None, None, list[dict[str, Any]]]:
        outcomes: list[dict[str, Any]] = []
        for read in self.inputs.read_some(part.inputs):
            try:
                outcomes.append(self._outcome(read))
            except NotAnOutputError:
                self.not_outputs += 1
            except (UnreadableInputError, UnreadableOutputError, IncompleteOutputError) as error:
                self._add_problem(read, str(error))
            except ClientError as error:
                self._denials += 1
                if self._denials >= _MAX_DENIALS:
                    raise
                self._add_problem(read, str(explain(error)))
            yield
        return outcomes

    def _outcome(self, read: ReadInput) -> dict[str, Any]:
        output = self._named(read, read.output())
        self._denials = 0
        place, content = read.input.place, read.content
        outcome = outcome_of_output(output, self.mappings.find(output), place)
        # On disk, a copy has the same id wherever it is.
        version_of = content.version or sha256(content.body).hexdigest()
        in_s3 = read.input.is_in_s3
        outcome["outcomeId"] = output_id(f"{place}@{version_of}" if in_s3 else version_of)
        self.unanswered += bool(outcome["unanswered"])
        return fit_into_event(outcome)

    def _named(self, read: ReadInput, output: Output) -> Output:
        """Return an output with the names that only its key has."""
        key = read.input.output_key
        if key is None:
            return output
        arn = output.flow_definition_arn
        if not arn and self.arn_prefix is not None:
            arn = f"{self.arn_prefix}:flow-definition/{key.flow_definition}"
        return output._replace(
            human_loop_name=output.human_loop_name or key.human_loop_name, flow_definition_arn=arn
        )

    def _add_problem(self, read: ReadInput, problem: str) -> None:
        name = read.name
        self.problems.append({"input": name, "problem": problem.removeprefix(f"{name}: ")})

    def _write(self, path: Path, outcomes: Iterable[dict[str, Any]]) -> None:
        """Replace a file. Outcomes of other outputs, which are outside the limits, stay."""
        lines = dict(_kept(path))
        made = {_identity(each): each for each in outcomes}
        if not made:
            return
        lines |= made
        with complete_file(path) as file:
            for each in lines.values():
                file.write(f"{json.dumps(each, separators=(',', ':'))}\n".encode())
        self.written += len(made)
        self.files += 1


def _parts(inputs: Iterable[Input]) -> Iterator[Part]:
    """Yield outputs by file. Those of a day follow each other; the others come last."""
    others: dict[str, list[Input]] = defaultdict(list)
    name, collected = "", list[Input]()
    for each in inputs:
        if each.output_key is None:
            others[_name_of_other(each)].append(each)
            continue
        if _name_of_day(each) != name:
            if collected:
                yield Part(name, collected)
            name, collected = _name_of_day(each), []
        collected.append(each)
    if collected:
        yield Part(name, collected)
    for name, collected in sorted(others.items()):
        yield Part(name, collected)


def _name_of_day(each: Input) -> str:
    key = each.output_key
    if key is None:
        raise ValueError(f"{each.name} has no key of Amazon A2I")
    flow = key.flow_definition if re.fullmatch(A2I_NAME, key.flow_definition) else "flow"
    # A local folder can be moved, and another one can have outputs of the same day.
    folder = each.place.removesuffix(each.key) + key.day_folder if each.is_in_s3 else flow
    return f"{flow}-{key.time.date().isoformat()}-{_digest(folder)}.jsonl"


def _name_of_other(each: Input) -> str:
    folder, _, name = each.place.rpartition("/")
    part = int(_digest(name), 16) % _PARTS
    return f"other-{_digest(folder)}-{part:02}.jsonl"


def _digest(text: str) -> str:
    return sha256(os.fsencode(text)).hexdigest()[:12]


def _identity(outcome: dict[str, Any]) -> str:
    """Return what two outcomes of one output have in common."""
    return str(outcome["outputS3Uri"] or outcome["outcomeId"])


def _kept(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the outcomes that a file has."""
    if not path.exists():
        return
    try:
        for line in path.read_bytes().splitlines():
            outcome = json.loads(line)
            yield _identity(outcome), outcome
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(
            f"{path}: it is no file of a backfill: {type(error).__name__}",
            advice="Move it to another folder, or name another one with -o.",
            status=ExitStatus.INCOMPLETE,
        ) from None

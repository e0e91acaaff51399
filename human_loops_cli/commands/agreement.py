"""``human-loops agreement``: the reviewers' agreement, corrected for chance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Annotated, Any, Final

import typer

from human_loop_reviews.review.consensus import Same
from human_loop_reviews.review.field import NOT_COMPARED, Field
from human_loop_reviews.review.natural_order import NaturalKey, natural_key
from human_loop_reviews.review.values import Value
from human_loops_cli.ac1 import ac1
from human_loops_cli.alpha import Disagreement, Undefined, Unit, combined_alpha, measure
from human_loops_cli.bootstrap import interval
from human_loops_cli.flow_definition_names import shown_names
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.output_sources import (
    MappingPath,
    OutputFlow,
    Outputs,
    OutputSince,
    OutputUntil,
    parse_output_limits,
)
from human_loops_cli.session import Session
from human_loops_cli.vote_reader import VoteReader

#: How many pairs of values are printed for a field.
_MAX_PAIRS: Final = 10


@dataclass
class _Votes:
    """The votes on one field of one flow definition."""

    units: list[Unit] = field(default_factory=list)
    same: Same | None = None

    def measure(self) -> Disagreement:
        same = self.same
        return measure(self.units, None if same is None else lambda a, b: _same(same, a, b))

    def interval(self) -> tuple[float, float] | None:
        """Return the bootstrap interval of alpha. Values with a tolerance take too long."""
        if self.same is not None:
            return None
        return interval(self.units, lambda units: measure(units).alpha)

    def confused(self) -> list[tuple[str, str, int]]:
        """Return the pairs of values that reviewers gave for the same thing, with their numbers."""
        pairs = Counter(
            tuple(sorted((one.text, other.text)))
            for unit in self.units
            for one, other in combinations(unit, 2)
            if self.same is None or not _same(self.same, one, other)
        )
        return [
            (one, other, count)
            for (one, other), count in sorted(pairs.items(), key=lambda each: (-each[1], each[0]))
        ]


@dataclass
class _Flow:
    """The votes of one flow definition."""

    loops: int = 0
    fields: dict[str, _Votes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Category:
    """What a vote says: a value, and the key that it was moved to. It hashes as its keys do."""

    key: str | None
    comparison_key: Any
    value: Value | None = field(compare=False)

    @property
    def text(self) -> str:
        """What it says, as JSON. Null if the reviewer gave nothing."""
        content = None if self.value is None else self.value.display
        return json.dumps(content if self.key is None else {self.key: content}, ensure_ascii=False)


def agreement(
    ctx: typer.Context,
    outputs: Outputs,
    flow: OutputFlow = None,
    since: OutputSince = None,
    until: OutputUntil = None,
    mapping: MappingPath = None,
    values: Annotated[
        bool, typer.Option("--values", help="Add which pairs of values are confused.")
    ] = False,
) -> None:
    """Show how far reviewers agree with each other beyond chance: Krippendorff's alpha.

    1 is full agreement, 0 what guessing gives. It needs loops with at least two reviewers. Of a
    reviewer who answered a loop more than once, the last answer counts.

    The interval is a bootstrap over loops. Gwet's AC1 is for fields with few different values:
    alpha is near 0 if one of them is far more frequent than the others.

    Status 1 if an output cannot be read.
    """
    session: Session = ctx.obj
    limits = parse_output_limits(flow, since, until)
    reader = VoteReader(session, MappingFile(mapping), limits)
    flows: dict[str | None, _Flow] = {}
    for output, _, votes in reader.read(outputs):
        of_flow = flows.setdefault(output.flow_definition_arn, _Flow())
        of_flow.loops += 1
        _add(of_flow, votes.fields)
    described = [_describe(arn, flow, values) for arn, flow in sorted(flows.items(), key=_by_arn)]
    if session.printer.as_json:
        session.printer.json({"flowDefinitions": described, "unreadable": reader.unreadable})
    else:
        _print(session, described, values)
    reader.finish()


def _add(flow: _Flow, fields: Sequence[Field]) -> None:
    for each in fields:
        if each.note in NOT_COMPARED:
            continue
        votes = flow.fields.setdefault(each.name, _Votes())
        votes.same = votes.same or each.same
        votes.units.append(
            Counter(
                _Category(
                    key=key,
                    comparison_key=None if value is None else value.comparison_key,
                    value=value,
                )
                for key, value in zip(each.moved_keys, each.values, strict=True)
            )
        )


def _same(same: Same, one: _Category, other: _Category) -> bool:
    """Return whether two values are the same by the field's own rule, under the same key."""
    if one.value is None or other.value is None or one.key != other.key:
        return False
    return same(one.value, other.value)


def _describe(arn: str | None, flow: _Flow, values: bool) -> dict[str, Any]:
    measured = {name: votes.measure() for name, votes in sorted(flow.fields.items(), key=_by_name)}
    defined = [each for each in measured.values() if each.undefined is None]
    alpha = combined_alpha(defined)
    reason = next((each.undefined for each in measured.values()), Undefined.TOO_FEW_UNITS)
    return {
        "flowDefinitionArn": arn,
        "loops": flow.loops,
        "alpha": _rounded(alpha),
        "reason": None if alpha is not None else reason,
        "units": sum(each.units for each in defined),
        "votes": sum(each.votes for each in defined),
        "fields": [
            {
                "name": name,
                "alpha": _rounded(each.alpha),
                "reason": each.undefined,
                "units": each.units,
                "votes": each.votes,
                "categories": each.categories,
                "interval": _rounded_interval(flow.fields[name].interval()),
                "ac1": _rounded(ac1(flow.fields[name].units)),
                **({"confused": flow.fields[name].confused()} if values else {}),
            }
            for name, each in measured.items()
        ],
    }


def _print(session: Session, described: list[dict[str, Any]], values: bool) -> None:
    if not described:
        session.printer.line("No output could be read.")
    names = shown_names(
        flow["flowDefinitionArn"] for flow in described if flow["flowDefinitionArn"]
    )
    for flow in described:
        name = names.get(flow["flowDefinitionArn"], "unknown flow definition")
        session.printer.table(
            f"{name}: {flow['loops']} loops, alpha {_shown(flow)}",
            ("field", "alpha", "95 % interval", "AC1", "units", "votes", "different values"),
            (
                (
                    each["name"],
                    _shown(each),
                    _shown_interval(each["interval"]),
                    None if each["ac1"] is None else f"{each['ac1']:.3f}",
                    *(each["units"], each["votes"], each["categories"]),
                )
                for each in flow["fields"]
            ),
            "no fields",
        )
        if values:
            session.printer.table(
                "Pairs of values that reviewers gave for the same thing",
                ("field", "value", "other value", "loops"),
                (
                    (each["name"], *pair)
                    for each in flow["fields"]
                    for pair in each["confused"][:_MAX_PAIRS]
                ),
                "none",
            )


def _shown(row: Mapping[str, Any]) -> str:
    return f"undefined: {row['reason']}" if row["alpha"] is None else f"{row['alpha']:.3f}"


def _shown_interval(found: list[float] | None) -> str | None:
    return None if found is None else f"{found[0]:.3f} to {found[1]:.3f}"


def _rounded_interval(found: tuple[float, float] | None) -> list[float] | None:
    return None if found is None else [round(each, 4) for each in found]


def _rounded(alpha: float | None) -> float | None:
    return None if alpha is None else round(alpha, 4)


def _by_name(entry: tuple[str, _Votes]) -> NaturalKey:
    return natural_key(entry[0])


def _by_arn(entry: tuple[str | None, _Flow]) -> str:
    return entry[0] or ""

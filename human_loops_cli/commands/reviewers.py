"""``human-loops reviewers``: who of the reviewers keeps wrong predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.flow_definition_names import shown_names
from human_loops_cli.installation import how_to_install
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.output_sources import (
    MappingPath,
    OutputFlow,
    Outputs,
    OutputSince,
    OutputUntil,
    parse_output_limits,
)
from human_loops_cli.reviewers.gold import GoldField, read_gold
from human_loops_cli.reviewers.pseudonyms import pseudonyms, random_key, read_key
from human_loops_cli.reviewers.units import ReviewedLoop, read_loop
from human_loops_cli.session import Session
from human_loops_cli.vote_reader import VoteReader

if TYPE_CHECKING:
    from human_loops_cli.reviewers.measures import Estimated, ReviewerMeasures
    from human_loops_cli.reviewers.shares import Share

    Measure = Callable[
        [Sequence[ReviewedLoop], Sequence[Sequence[GoldField]]], Mapping[str, ReviewerMeasures]
    ]

_JUDGED: Final = ("kept alone", "of", "keeps wrong", "keeps right")
_GOLD: Final = ("right on gold", "of")
_WORK: Final = ("loops", "contested", "agree", "kept", "others kept", "median s", "fast")


@dataclass
class _Flow:
    """The loops of one flow definition."""

    loops: list[ReviewedLoop] = field(default_factory=list)
    gold: list[list[GoldField]] = field(default_factory=list)
    gold_not_compared: int = 0


def reviewers(
    ctx: typer.Context,
    outputs: Outputs,
    flow: OutputFlow = None,
    since: OutputSince = None,
    until: OutputUntil = None,
    mapping: MappingPath = None,
    gold: Annotated[
        Path | None,
        typer.Option(
            help="Right values of some loops: JSON with an object of fields by loop name."
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            help="A file of at least 32 random bytes, with which each run has the same pseudonyms."
        ),
    ] = None,
    identities: Annotated[
        bool, typer.Option("--identities", help="Show A2I's worker ids, not pseudonyms.")
    ] = False,
) -> None:
    """Show which reviewers keep wrong predictions, change right ones, or hardly look.

    Reviewers see the prediction, so who always keeps it agrees most with the others. "Kept alone"
    is how often a reviewer kept a prediction that none of at least two others kept. "Keeps wrong"
    and "keeps right" are estimated from all fields (Dawid and Skene); with fewer than 30 contested
    fields, there is no estimate. The intervals resample loops.

    With one reviewer for each loop, only --gold shows who is right. The result is personal data:
    see docs/security.md.

    Status 1 if an output cannot be read.
    """
    session: Session = ctx.obj
    if identities and key is not None:
        raise CommandError("--identities and --key exclude each other", status=ExitStatus.USAGE)
    limits = parse_output_limits(flow, since, until)
    measure = _load_measure()
    known = None if gold is None else read_gold(gold)
    secret = random_key() if key is None else read_key(key)
    reader = VoteReader(session, MappingFile(mapping), limits)
    flows: dict[str, _Flow] = {}
    for output, mapped, votes in reader.read(outputs):
        of_flow = flows.setdefault(output.flow_definition_arn or "", _Flow())
        of_flow.loops.append(read_loop(output.human_loop_name, votes))
        if known is not None and output.human_loop_name in known.values:
            fields, not_compared = known.find(output.human_loop_name, votes, mapped)
            of_flow.gold.append(fields)
            of_flow.gold_not_compared += not_compared
    if known is not None and not any(each.gold for each in flows.values()):
        raise CommandError(
            f"{known.path}: none of its {len(known.values):,} loops is among the outputs",
            status=ExitStatus.USAGE,
        )
    workers = {name for each in flows.values() for loop in each.loops for name in loop.seconds}
    names = {each: each for each in workers} if identities else pseudonyms(workers, secret)
    described = [_describe(arn, each, names, measure) for arn, each in sorted(flows.items())]
    if session.printer.as_json:
        session.printer.json({"flowDefinitions": described, "unreadable": reader.unreadable})
    else:
        for row in described:
            _print(session, row, shown_names(filter(None, flows)))
        if not described:
            session.printer.line("No output could be read.")
    reader.finish()


def _load_measure() -> Measure:
    """Import what needs a package that other commands do not need."""
    try:
        from human_loops_cli.reviewers.measures import measure_reviewers
    except ImportError:
        raise CommandError(
            "this command needs NumPy", advice=how_to_install("report"), status=ExitStatus.USAGE
        ) from None
    return measure_reviewers


def _describe(arn: str, flow: _Flow, names: Mapping[str, str], measure: Measure) -> dict[str, Any]:
    measured = measure(flow.loops, flow.gold)
    rows = [_describe_reviewer(names[name], each) for name, each in measured.items()]
    rows.sort(key=_worst_first)
    return {
        "flowDefinitionArn": arn or None,
        "loops": len(flow.loops),
        "answersWithoutWorkerId": sum(loop.unidentified for loop in flow.loops),
        "reviewers": rows,
        "gold": _describe_gold(flow) if flow.gold else None,
    }


def _describe_reviewer(name: str, measured: ReviewerMeasures) -> dict[str, Any]:
    return {
        "reviewer": name,
        "keptAlone": _share(measured.kept_alone),
        "keepsWrong": _estimated(measured.keeps_wrong),
        "keepsRight": _estimated(measured.keeps_right),
        "notJudged": measured.not_judged,
        "gold": _share(measured.gold),
        "loops": measured.loops,
        "fields": measured.fields,
        "contested": measured.contested,
        "agreement": _share(measured.agreement),
        "kept": _share(measured.kept),
        "colleaguesKept": _rounded(measured.colleagues_kept),
        "medianSeconds": measured.median_seconds,
        "fast": _share(measured.fast),
    }


def _describe_gold(flow: _Flow) -> dict[str, Any]:
    fields = [each for loop in flow.gold for each in loop]
    decided = [each for each in fields if each.prediction_upheld is not None]
    return {
        "loops": len(flow.gold),
        "fields": len(decided),
        "predictionsRight": sum(each.prediction_right for each in decided),
        "predictionsUpheld": sum(each.prediction_upheld is True for each in decided),
        "fieldsTied": len(fields) - len(decided),
        "fieldsNotCompared": flow.gold_not_compared,
    }


def _worst_first(row: Mapping[str, Any]) -> tuple[float, float, str]:
    keeps_wrong = row["keepsWrong"]
    alone = row["keptAlone"]["share"]
    return (
        0.0 if keeps_wrong is None else -keeps_wrong["share"],
        0.0 if alone is None else -alone,
        row["reviewer"],
    )


def _share(share: Share) -> dict[str, Any]:
    return {
        "share": _rounded(share.value),
        "of": share.of,
        "interval": None if share.interval is None else [round(each, 4) for each in share.interval],
    }


def _estimated(found: Estimated | None) -> dict[str, Any] | None:
    if found is None:
        return None
    interval = found.interval
    return {
        "share": round(found.value, 4),
        "interval": None if interval is None else [round(each, 4) for each in interval],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _print(session: Session, flow: Mapping[str, Any], names: Mapping[str, str]) -> None:
    name = names.get(flow["flowDefinitionArn"], "unknown flow definition")
    rows = flow["reviewers"]
    with_gold = flow["gold"] is not None
    printer = session.printer
    printer.table(
        f"{name}: {flow['loops']:,} loops, {len(rows)} reviewers",
        ("reviewer", *_JUDGED, *(_GOLD if with_gold else ())),
        (
            (
                each["reviewer"],
                _shown(each["keptAlone"]),
                each["keptAlone"]["of"],
                _shown(each["keepsWrong"]),
                _shown(each["keepsRight"]),
                *((_shown(each["gold"]), each["gold"]["of"]) if with_gold else ()),
            )
            for each in rows
        ),
        "no reviewers",
    )
    _print_why_not_judged(session, rows)
    if with_gold:
        printer.line(_gold_sentence(flow["gold"]))
    printer.table(
        f"{name}: work",
        ("reviewer", *_WORK),
        (
            (
                *(each["reviewer"], each["loops"], each["contested"]),
                *(_percent(each["agreement"]["share"]), _percent(each["kept"]["share"])),
                _percent(each["colleaguesKept"]),
                None if each["medianSeconds"] is None else f"{each['medianSeconds']:.0f}",
                _percent(each["fast"]["share"]),
            )
            for each in rows
        ),
        "no reviewers",
    )
    if flow["answersWithoutWorkerId"]:
        printer.note(f"{flow['answersWithoutWorkerId']:,} answers without a worker id: left out")


def _print_why_not_judged(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print once what is true of all reviewers, and otherwise for each."""
    reasons = {each["reviewer"]: each["notJudged"] for each in rows if each["notJudged"]}
    if len(set(reasons.values())) == 1 and len(reasons) == len(rows):
        (reason,) = set(reasons.values())
        session.printer.line(f"No reviewer is judged: {reason}. --gold shows who is right.")
        return
    for name, reason in reasons.items():
        session.printer.line(f"{name} is not judged: {reason}.")


def _gold_sentence(gold: Mapping[str, Any]) -> str:
    fields = gold["fields"]
    sentence = f"Gold loops: {gold['loops']:,}, with {fields:,} predictions"
    if fields:
        right, upheld = gold["predictionsRight"] / fields, gold["predictionsUpheld"] / fields
        sentence += (
            f", of which {right:.1%} are right and reviewers upheld {upheld:.1%}: the verdicts "
            f"differ from the truth by {(upheld - right) * 100:+.1f} points"
        )
    for count, what in (
        (gold["fieldsTied"], "without a majority"),
        (gold["fieldsNotCompared"], "not found or not compared"),
    ):
        if count:
            sentence += f"; {count:,} more are {what}"
    return f"{sentence}."


def _shown(share: Mapping[str, Any] | None) -> str | None:
    if share is None or share["share"] is None:
        return None
    interval = share["interval"]
    shown = _percent(share["share"])
    return shown if interval is None else f"{shown} ({_percent(interval[0])}-{interval[1]:.0%})"


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.0%}"

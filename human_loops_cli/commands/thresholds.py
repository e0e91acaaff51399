"""``human-loops thresholds``: which confidence may go without review."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from human_loop_tables.queries import SAMPLES, SAMPLES_WITH_WORDS, SAMPLING
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.flow_definition_names import shown_names
from human_loops_cli.outcome_sources import (
    Database,
    Flow,
    MappingFile,
    Sources,
    TaskLifetime,
    WithLedger,
    WorkGroup,
    lifetime_of,
    open_sources,
    report_left_out,
)
from human_loops_cli.session import Session
from human_loops_cli.thresholds.advice import Advice
from human_loops_cli.thresholds.advise import Missing, Question, advise_on, read_samples
from human_loops_cli.thresholds.conditions import (
    ActivationConditions,
    activation_conditions,
    as_text,
)
from human_loops_cli.thresholds.cut_off import CutOff, leave_out_pending, pending_notes
from human_loops_cli.thresholds.evidence import Looks
from human_loops_cli.thresholds.look import (
    FlowAdvice,
    Window,
    describe,
    refuse_another_sample,
    rounded_down,
)
from human_loops_cli.thresholds.sample import Sample, read_fields
from human_loops_cli.thresholds.wording import (
    IN_CODE,
    explanation,
    guarantee,
    holds_for,
)
from human_loops_cli.times import Since, Until, parse_end, parse_times

_TARGETS: Final = (0.5, 0.999)
_CONFIDENCES: Final = (0.8, 0.9999)
_MAX_NAMES: Final = 10

_HOW_TO_SAMPLE: Final = (
    "Loops that were reviewed because of their confidence say nothing about the others. For a "
    "built-in task, add a Sampling condition with RandomSamplingPercentage to the flow "
    "definition's activation conditions, at the top level or below Or. For a custom task, start "
    "human loops for a random share of all predictions, and name in the mapping where the input "
    "says so: sampled."
)


def thresholds(
    ctx: typer.Context,
    sources: Sources = None,
    target: Annotated[
        float,
        typer.Option(
            help="The share of the loops at or above a threshold that must have the field right, "
            "0.5 to 0.999."
        ),
    ] = 0.95,
    confidence: Annotated[
        float,
        typer.Option(
            help="The probability with which a threshold keeps the target, 0.8 to 0.9999."
        ),
    ] = 0.95,
    looks: Annotated[
        Looks,
        typer.Option(
            help="How often you look at the sample while it grows: any number of times, or once, "
            "which needs fewer samples."
        ),
    ] = Looks.ANY,
    missing: Annotated[
        Missing,
        typer.Option(
            help="Sampled loops without a review: a threshold has to hold if half of them are "
            "wrong, or they are assumed to be like the others."
        ),
    ] = Missing.COUNT,
    field: Annotated[
        list[str] | None, typer.Option(help="A field, by its name. Repeat it. Default: all.")
    ] = None,
    all_fields: Annotated[
        bool,
        typer.Option(
            "--all-fields",
            help="The confidence holds for all fields of a flow definition, or of --field, "
            "together. Default: for each by itself.",
        ),
    ] = False,
    words: Annotated[
        bool,
        typer.Option("--words", help="For forms: thresholds on the confidence of words, too."),
    ] = False,
    model_version: Annotated[
        str | None, typer.Option(help="The version of the model. Default: the latest one.")
    ] = None,
    flow: Flow = None,
    since: Since = None,
    until: Until = None,
    created_until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Loops that were created at this time or earlier. Default: --task-lifetime "
            "before the latest end, because later ones may be open.",
        ),
    ] = None,
    task_lifetime: TaskLifetime = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            help="What an earlier look printed with --json: refuse to look at another sample."
        ),
    ] = None,
    mapping: MappingFile = None,
    work_group: WorkGroup = None,
    database: Database = None,
    ledger: WithLedger = False,
) -> None:
    """Find the confidence of each field that may go without review.

    Of the loops whose lowest confidence of a field is at or above its threshold, at least the
    target share has this field right everywhere, with the given confidence. Randomly sampled loops
    are used, and nothing else. A field without such a threshold has none, and the reason.

    That holds at any number of looks at one growing sample: with the same --since, model version,
    target and mapping, and without loops that are missing later.

    Status 1 if no loop is known to be sampled, if something of the sources cannot be used or
    contradicts the ledger, or if --previous is of another sample.
    """
    session: Session = ctx.obj
    _require_share("--target", target, *_TARGETS)
    _require_share("--confidence", confidence, *_CONFIDENCES)
    question = Question(
        target=target, confidence=confidence, looks=looks, missing=missing, all_fields=all_fields
    )
    window = Window(
        since=parse_times(since, None)[0],
        created_until=None
        if created_until is None
        else parse_end("--created-until", created_until),
        words=words,
        mapping=None if mapping is None else _hash(mapping),
    )
    with open_sources(
        session,
        sources,
        flow=flow,
        since=since,
        until=until,
        mapping=mapping,
        work_group=work_group,
        database=database,
        ledger=ledger,
        created_until=window.created_until,
    ) as data:
        limited = window.created_until is not None
        cut = None if limited else leave_out_pending(data, lifetime_of(task_lifetime))
        sampling = data.rows(SAMPLING)
        rows = data.rows(SAMPLES_WITH_WORDS if words else SAMPLES)
    if cut is not None:
        _require_ended(cut, sampling)
        window = replace(window, created_until=cut.created_until, cut_off=cut)
    if not limited:
        for note in pending_notes(cut, sampling, sum(data.history.values())):
            session.printer.note(note)
    samples = read_samples(sampling, model_version=model_version)
    _require_samples(samples, sampling, model_version)
    _require_fields(field or (), rows)
    flows = [
        _advise(
            sample,
            advise_on(sample, read_fields(rows, sample), question, only=field or ()),
            words=words,
        )
        for sample in samples
    ]
    described = {
        **describe(question, window, flows),
        "comparedWithLedger": data.compared_with_ledger,
    }
    if previous is not None:
        refuse_another_sample(previous, described)
    if session.printer.as_json:
        session.printer.json(described)
    else:
        _print(session, flows, question)
        if data.compared_with_ledger is not None:
            session.printer.line(data.compared_with_ledger)
    names = shown_names(each.sample.flow_definition_arn for each in flows)
    for each in flows:
        for warning in (*_warnings(each, question, words=words), *_window_warnings(each, window)):
            session.printer.note(f"{names[each.sample.flow_definition_arn]}: {warning}")
    report_left_out(session, data)


def _require_ended(cut: CutOff, sampling: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to go on if no loop is old enough."""
    if cut.left_out(sampling) == cut.loops:
        raise CommandError(
            f"no loop was created until {cut.until}: {cut.reason()}",
            advice="Later loops may be open. Wait, or name a time with --created-until.",
            status=ExitStatus.INCOMPLETE,
        )


def _hash(path: Path) -> str:
    """Return a hash of a file that was read before."""
    return sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else str(path)


def _require_share(option: str, value: float, lowest: float, highest: float) -> None:
    if lowest <= value <= highest:
        return
    advice = f"For {value:g} %, give {value / 100:g}." if 1 < value <= 100 else ""
    raise CommandError(
        f"{option}: expected a share from {lowest:g} to {highest:g}, got {value:g}",
        advice=advice,
        status=ExitStatus.USAGE,
    )


def _require_samples(
    samples: Sequence[Sample], sampling: Sequence[Mapping[str, Any]], model_version: str | None
) -> None:
    """Refuse to go on without a random sample."""
    if any(sample.model is not None for sample in samples):
        return
    known = {str(row["model_version"]) for row in sampling if row["sampled"] is True}
    if known and model_version is not None:
        raise CommandError(
            f"--model-version: no sampled loop is of the model version {model_version!r}",
            advice=f"Sampled loops are of {_listed(known)}.",
            status=ExitStatus.USAGE,
        )
    loops, unknown = sum(each.loops for each in samples), sum(each.unknown for each in samples)
    raise CommandError(
        f"none of {loops:,} human loops is known to be randomly sampled"
        + (f" (of {unknown:,} it is unknown)" if unknown else ""),
        advice=_HOW_TO_SAMPLE,
        status=ExitStatus.INCOMPLETE,
    )


def _require_fields(wanted: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    known = {row["field"] for row in rows}
    for name in wanted:
        if name not in known:
            raise CommandError(
                f"--field: no sampled loop has a field {name!r}",
                advice=f"The sampled loops have {_listed(known)}.",
                status=ExitStatus.USAGE,
            )


def _listed(names: Collection[str]) -> str:
    shown = [repr(each) for each in sorted(names)[:_MAX_NAMES]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _advise(sample: Sample, advice: Sequence[Advice], *, words: bool) -> FlowAdvice:
    if sample.model is None:
        conditions = ActivationConditions(problem="There are no sampled loops.")
    elif all(each.threshold is None for each in advice):
        conditions = ActivationConditions(
            problem="No field has a threshold. The activation conditions stay as they are."
        )
    else:
        conditions = activation_conditions(
            sample.task_type,
            {
                each.field: each.threshold
                for each in advice
                if each.field is not None and each.samples + each.without_confidence
            },
            sampling_percentage=next(iter(sample.percentages), None),
            words=words,
        )
    return FlowAdvice(sample=sample, advice=advice, conditions=conditions)


def _print(session: Session, flows: Sequence[FlowAdvice], question: Question) -> None:
    names = shown_names(each.sample.flow_definition_arn for each in flows)
    for each in flows:
        name, model = names[each.sample.flow_definition_arn], each.sample.model
        if model is None:
            session.printer.line(f"{name}: no threshold. No loop is known to be randomly sampled.")
            continue
        version = "" if model.version is None else f", model {model.version}"
        shares = " and ".join(f"{share:g} %" for share in each.sample.percentages)
        session.printer.table(
            f"{name}: {model.sampled:,} sampled loops{f' ({shares})' if shares else ''}, "
            f"{model.first_day} to {model.last_day}{version}",
            (
                *("field", "threshold", "samples", "right at or above", "lower bound"),
                *("without review", "added"),
            ),
            (_row(advice) for advice in each.advice),
            "no fields",
        )
        for advice in each.advice:
            found = "no threshold" if advice.threshold is None else advice.threshold
            session.printer.line(f"{advice.field!r}: {found}. {explanation(advice)}")
        if each.conditions.conditions is not None:
            session.printer.line("HumanLoopActivationConditions:")
            session.printer.line(as_text(each.conditions.conditions))
    promised = guarantee(question)
    session.printer.line(
        f"{promised[0].upper()}{promised[1:]}. It holds {holds_for(question)}, as long as the "
        "model and the documents stay the same. Reviewers saw the prediction."
    )
    session.printer.line(IN_CODE)
    session.printer.line(
        "What goes without review is counted by field: a loop is started if one field needs it. "
        "Added is what the model did not predict: no threshold finds it."
    )


def _row(advice: Advice) -> tuple[object, ...]:
    samples = f"{advice.samples:,}"
    if advice.threshold is None or advice.lower_bound is None or advice.share_saved is None:
        return (advice.field, "none", samples, None, None, "0.0%", advice.added)
    return (
        advice.field,
        advice.threshold,
        samples,
        f"{advice.correct_above:,} of {advice.samples_above:,}",
        f"{rounded_down(advice.lower_bound):.2%}",
        f"{advice.share_saved:.1%}",
        advice.added,
    )


def _warnings(flow: FlowAdvice, question: Question, *, words: bool) -> Iterator[str]:
    """Yield what the numbers do not say."""
    sample, fields = flow.sample, flow.advice
    if sample.other_models:
        others = ", ".join(f"{each.version} ({each.sampled:,})" for each in sample.other_models)
        yield (
            f"sampled loops of other model versions are left out: {others}. A threshold holds for "
            "one model. --model-version chooses another."
        )
    if len(sample.percentages) > 1:
        shares = ", ".join(f"{each:g} %" for each in sample.percentages)
        yield (
            f"sampled at {shares}: times with a higher percentage count for more. --since limits "
            "the loops to the time of one percentage."
        )
    if sample.percentages[:1] == [100]:
        yield "100 % are sampled: no threshold saves reviews until the percentage is lower."
    if sample.unknown:
        yield (
            f"of {sample.unknown:,} loops it is unknown whether they are sampled: left out. "
            f"{sample.unknown_without_review:,} of them have no review."
        )
    if sample.missing:
        assumed = (
            "are assumed to be like the others, as --missing ignore says"
            if question.missing is Missing.IGNORE
            else "half of them count as wrong"
        )
        more = sample.missing - sample.without_review
        of_unknown = (
            f", and {more:,} more if the unknown ones are sampled as often as the others"
            if more
            else ""
        )
        yield (f"{sample.without_review:,} sampled loops have no review{of_unknown}: {assumed}.")
    if sample.fields_left_out:
        yield f"{sample.fields_left_out:,} fields did not fit into the sampled outcomes: left out."
    for count, what in (
        (sum(each.not_shown for each in fields), "predictions were not shown: left out"),
        (sum(each.not_compared for each in fields), "samples were not compared: count as wrong"),
        (sum(each.without_confidence for each in fields), "samples have no confidence: left out"),
    ):
        if count:
            yield f"{count:,} {what}."
    if flow.conditions.problem is not None and sample.model is not None:
        yield flow.conditions.problem
    if flow.conditions.left_out:
        yield (
            "no activation condition can name these fields, which would go without review: "
            f"{_listed(flow.conditions.left_out)}."
        )
    if flow.conditions.conditions is not None:
        yield (
            "the activation conditions review the fields of this table only. Keep your conditions "
            "on other and on missing keys beside them."
        )
    if words and flow.conditions.conditions is not None:
        yield (
            "AWS's page says both that each word and that any word of a key has to be low. The "
            "thresholds on words hold if any word is enough."
        )


def _window_warnings(flow: FlowAdvice, window: Window) -> Iterator[str]:
    """Yield what makes the sample another one, or a biased one."""
    model = flow.sample.model
    if model is not None and window.since is None:
        yield (
            f"without --since, the sample begins with the oldest outcome, of {model.first_day}. "
            "Outcomes expire, which makes it another sample. Choose a --since, and keep it."
        )

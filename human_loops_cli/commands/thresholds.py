"""``human-loops thresholds``: which confidence may go without review."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from human_loop_tables.queries import SAMPLES, SAMPLING
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.flow_definition_names import shown_names
from human_loops_cli.outcome_sources import (
    Database,
    Flow,
    MappingFile,
    Since,
    Sources,
    Until,
    WorkGroup,
    open_sources,
    report_left_out,
)
from human_loops_cli.session import Session
from human_loops_cli.thresholds.advice import Advice, NoThreshold
from human_loops_cli.thresholds.advise import advise_on, read_samples
from human_loops_cli.thresholds.conditions import (
    ActivationConditions,
    activation_conditions,
    as_text,
)
from human_loops_cli.thresholds.sample import Sample, read_fields

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _FlowAdvice:
    """The advice on one flow definition."""

    sample: Sample
    advice: Sequence[Advice]
    conditions: ActivationConditions


def thresholds(
    ctx: typer.Context,
    sources: Sources = None,
    target: Annotated[
        float, typer.Option(help="The share of correct predictions above a threshold.")
    ] = 0.95,
    confidence: Annotated[
        float, typer.Option(help="The probability with which a threshold keeps the target.")
    ] = 0.95,
    field: Annotated[
        list[str] | None, typer.Option(help="A field, by its name. Repeat it. Default: all.")
    ] = None,
    all_fields: Annotated[
        bool,
        typer.Option(
            "--all-fields",
            help="The confidence holds for all fields of a flow definition together.",
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
    mapping: MappingFile = None,
    work_group: WorkGroup = None,
    database: Database = None,
) -> None:
    """Find the confidence of each field that may go without review.

    At or above a threshold, at least the target share of predictions is correct, with the given
    confidence. Randomly sampled loops are used, and nothing else. A field without such a threshold
    has none, and the reason.

    Status 1 if no loop is known to be sampled, or if something of the sources cannot be used.
    """
    session: Session = ctx.obj
    _require_share("--target", target, *_TARGETS)
    _require_share("--confidence", confidence, *_CONFIDENCES)
    with open_sources(
        session,
        sources,
        flow=flow,
        since=since,
        until=until,
        mapping=mapping,
        work_group=work_group,
        database=database,
    ) as data:
        sampling, rows = data.rows(SAMPLING), data.rows(SAMPLES)
    samples = read_samples(sampling, model_version=model_version)
    _require_samples(samples, sampling, model_version)
    _require_fields(field or (), rows)
    flows = [
        _advise(
            sample,
            advise_on(
                sample,
                read_fields(rows, sample, words=words),
                target=target,
                confidence=confidence,
                all_fields=all_fields,
                only=field or (),
            ),
            words=words,
        )
        for sample in samples
    ]
    if session.printer.as_json:
        options = {"target": target, "confidence": confidence}
        options |= {"allFields": all_fields, "words": words}
        session.printer.json({**options, "flowDefinitions": [_to_json(each) for each in flows]})
    else:
        _print(session, flows, target=target, confidence=confidence, all_fields=all_fields)
    names = shown_names(each.sample.flow_definition_arn for each in flows)
    for each in flows:
        for warning in _warnings(each, words=words):
            session.printer.note(f"{names[each.sample.flow_definition_arn]}: {warning}")
    report_left_out(session, data)


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


def _advise(sample: Sample, advice: Sequence[Advice], *, words: bool) -> _FlowAdvice:
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
    return _FlowAdvice(sample=sample, advice=advice, conditions=conditions)


def _to_json(flow: _FlowAdvice) -> dict[str, Any]:
    sample, model = flow.sample, flow.sample.model
    return {
        "flowDefinitionArn": sample.flow_definition_arn,
        "taskType": sample.task_type,
        "loops": sample.loops,
        "sampledLoops": 0 if model is None else model.sampled,
        "sampledUnknown": sample.unknown,
        "withoutReview": sample.without_review,
        "fieldsLeftOut": sample.fields_left_out,
        "samplingPercentages": sample.percentages,
        "modelVersion": None if model is None else model.version,
        "firstDay": None if model is None else model.first_day,
        "lastDay": None if model is None else model.last_day,
        "otherModelVersions": [
            {"modelVersion": each.version, "sampledLoops": each.sampled}
            for each in sample.other_models
        ],
        "fields": [_field_to_json(each) for each in flow.advice if each.field is not None],
        "activationConditions": flow.conditions.conditions,
        "activationConditionsProblem": flow.conditions.problem,
        "notInActivationConditions": flow.conditions.left_out,
    }


def _field_to_json(advice: Advice) -> dict[str, Any]:
    saved = advice.share_saved
    return {
        "field": advice.field,
        "threshold": advice.threshold,
        "reason": advice.reason,
        "lowerBound": _rounded(advice.lower_bound),
        "samples": advice.samples,
        "samplesNeeded": advice.samples_needed,
        "samplesAbove": advice.samples_above,
        "correctAbove": advice.correct_above,
        "shareSaved": _rounded(saved),
        "shareNeeded": None if saved is None else _rounded(1 - saved),
        "added": advice.added,
        "undecided": advice.undecided,
        "notCompared": advice.not_compared,
        "withoutConfidence": advice.without_confidence,
        "notShown": advice.not_shown,
    }


def _rounded(share: float | None) -> float | None:
    """Return a share with four digits, rounded down: a bound stays a bound."""
    return None if share is None else int(share * 10_000 + 1e-9) / 10_000


def _print(
    session: Session,
    flows: Sequence[_FlowAdvice],
    *,
    target: float,
    confidence: float,
    all_fields: bool,
) -> None:
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
                *("field", "threshold", "samples", "correct at or above", "lower bound"),
                *("without review", "added"),
            ),
            (_row(advice) for advice in each.advice),
            "no fields",
        )
        for reason, fields in _reasons(each.advice).items():
            session.printer.line(f"No threshold, because {reason}: {', '.join(fields)}.")
        if each.conditions.conditions is not None:
            session.printer.line("HumanLoopActivationConditions:")
            session.printer.line(as_text(each.conditions.conditions))
    holds = (
        "for all fields of a flow definition together"
        if all_fields
        else "for each field by itself; --all-fields is for all together"
    )
    session.printer.line(
        f"With a confidence of {confidence * 100:g} %, at least {target * 100:g} % of the "
        f"predictions at or above a threshold are correct: {holds}. It holds for one look at these "
        "loops, as long as the model and the documents stay the same. Reviewers saw the prediction."
    )
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
        f"{_rounded(advice.lower_bound):.2%}",
        f"{advice.share_saved:.1%}",
        advice.added,
    )


def _reasons(fields: Iterable[Advice]) -> dict[str, list[str]]:
    """Return why fields have no threshold, with their names."""
    found: dict[str, list[str]] = {}
    for each in fields:
        if each.threshold is None:
            found.setdefault(_why(each), []).append(repr(each.field))
    return found


def _why(advice: Advice) -> str:
    match advice.reason:
        case NoThreshold.TOO_FEW_SAMPLES:
            return f"at least {advice.samples_needed:,} samples at or above it are needed"
        case NoThreshold.TARGET_MISSED:
            return "too many of the most confident predictions are wrong"
        case NoThreshold.NO_CONFIDENCE:
            return "no prediction has a confidence"
        case NoThreshold.NOT_COMPARED:
            return "no prediction was compared"
        case _:
            return "there are no sampled loops"


def _warnings(flow: _FlowAdvice, *, words: bool) -> Iterator[str]:
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
        yield f"of {sample.unknown:,} loops it is unknown whether they are sampled: left out."
    if sample.without_review:
        yield (
            f"{sample.without_review:,} sampled loops have no review and are left out. If these "
            "are the difficult ones, the thresholds are too low."
        )
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

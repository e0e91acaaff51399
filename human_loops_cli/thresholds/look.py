"""A look at the sample as JSON, and whether it is at the same growing sample as an earlier one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from pathlib import Path
from typing import Any, Final

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.thresholds.advice import Advice
from human_loops_cli.thresholds.advise import Question
from human_loops_cli.thresholds.conditions import ActivationConditions
from human_loops_cli.thresholds.cut_off import CutOff
from human_loops_cli.thresholds.sample import Sample
from human_loops_cli.thresholds.wording import guarantee, holds_for

#: What has to be the same at each look at a growing sample. The error rate of another target or
#: confidence is another one.
_FIXED: Final = ("target", "confidence", "looks", "allFields", "words", "since", "mapping")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAdvice:
    """The advice on one flow definition."""

    sample: Sample
    advice: Sequence[Advice]
    conditions: ActivationConditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which loops and which fields a look is at.

    Parameters
    ----------
    since, created_until
        The first end of a loop, and the last creation. None for no limit.
    cut_off
        Why the last creation is limited, if that is not an option of the user.
    words
        Whether confidences of words count.
    mapping
        A hash of the mapping's file. None without one.
    """

    since: datetime | None
    created_until: datetime | None
    words: bool
    mapping: str | None
    cut_off: CutOff | None = None


def describe(question: Question, window: Window, flows: Sequence[FlowAdvice]) -> dict[str, Any]:
    """Return a look as JSON."""
    return {
        "target": question.target,
        "confidence": question.confidence,
        "looks": question.looks,
        "missing": question.missing,
        "allFields": question.all_fields,
        "words": window.words,
        "since": _time(window.since),
        "createdUntil": _time(window.created_until),
        "cutOff": _cut_off(window.cut_off, flows),
        "mapping": window.mapping,
        "guarantee": f"{guarantee(question)}: {holds_for(question)}",
        "flowDefinitions": [_flow(each) for each in flows],
    }


def refuse_another_sample(path: Path, described: Mapping[str, Any]) -> None:
    """Refuse a look that is not at the sample of an earlier look, grown since.

    Parameters
    ----------
    path
        What an earlier look printed as JSON.
    described
        This look.

    Raises
    ------
    CommandError
        If the file is no look, or if something differs. The message says what.
    """
    try:
        previous = json.loads(path.read_text(encoding="utf-8"))
        faults = list(_differences(previous, described))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CommandError(
            f"--previous: {path} is not what `human-loops --json thresholds` printed",
            status=ExitStatus.USAGE,
        ) from None
    if faults:
        raise CommandError(
            f"--previous: this is not the sample of {path}, grown since: {'; '.join(faults)}",
            advice="The guarantee holds for the looks at one growing sample. To start another one, "
            "leave --previous out: its thresholds can be wrong in addition to the earlier ones.",
            status=ExitStatus.INCOMPLETE,
        )


def _differences(previous: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in _FIXED:
        if previous[name] != now[name]:
            yield f"{name} was {previous[name]}, and is {now[name]}"
    cut, until = previous["createdUntil"], now["createdUntil"]
    if cut is not None and until is not None and _moment(until) < _moment(cut):
        yield f"createdUntil was {cut}, and is {until}"
    flows = {each["flowDefinitionArn"]: each for each in now["flowDefinitions"]}
    for earlier in previous["flowDefinitions"]:
        arn = earlier["flowDefinitionArn"]
        if arn in flows:
            yield from _flow_differences(earlier, flows[arn])
        elif earlier["sampledLoops"]:
            yield f"{arn} has no loop now"


def _flow_differences(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if earlier["modelVersion"] != now["modelVersion"]:
        yield f"the model version was {earlier['modelVersion']}, and is {now['modelVersion']}"
        return
    if now["sampledLoops"] < earlier["sampledLoops"]:
        yield f"sampled loops were {earlier['sampledLoops']:,}, and are {now['sampledLoops']:,}"
    starts = {each["field"]: each["starts"] for each in now["fields"]}
    for field in earlier["fields"]:
        for before, after in zip(field["starts"], starts.get(field["field"], ()), strict=False):
            wrong = before["samples"] - before["correct"]
            if after["correct"] < before["correct"] or after["samples"] - after["correct"] < wrong:
                yield f"samples of a field at or above {before['threshold']} are no longer there"
                break


def _cut_off(cut: CutOff | None, flows: Sequence[FlowAdvice]) -> dict[str, Any] | None:
    if cut is None:
        return None
    return {
        "latestEnd": cut.latest.isoformat(),
        "longestSeconds": cut.longest.total_seconds(),
        "isBound": cut.is_bound,
        "loopsLeftOut": cut.loops - sum(each.sample.loops for each in flows),
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _flow(flow: FlowAdvice) -> dict[str, Any]:
    sample, model = flow.sample, flow.sample.model
    return {
        "flowDefinitionArn": sample.flow_definition_arn,
        "taskType": sample.task_type,
        "loops": sample.loops,
        "sampledLoops": 0 if model is None else model.sampled,
        "sampledUnknown": sample.unknown,
        "sampledUnknownWithoutReview": sample.unknown_without_review,
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
        "fields": [_field(each) for each in flow.advice if each.field is not None],
        "activationConditions": flow.conditions.conditions,
        "activationConditionsProblem": flow.conditions.problem,
        "notInActivationConditions": flow.conditions.left_out,
    }


def _field(advice: Advice) -> dict[str, Any]:
    saved, change, outlook = advice.share_saved, advice.change, advice.outlook
    return {
        "field": advice.field,
        "threshold": advice.threshold,
        "reason": advice.reason,
        "refusedThreshold": advice.refused,
        "lowerBound": rounded_down(advice.lower_bound),
        "samples": advice.samples,
        "samplesNeeded": advice.samples_needed,
        "samplesAbove": advice.samples_above,
        "correctAbove": advice.correct_above,
        "shareSaved": rounded_down(saved),
        "shareNeeded": None if saved is None else rounded_down(1 - saved),
        "missing": advice.missing,
        "missingCorrectNeeded": advice.missing_correct,
        "earlierAbove": None if change is None else change.earlier.samples,
        "earlierCorrectAbove": None if change is None else change.earlier.correct,
        "laterAbove": None if change is None else change.later.samples,
        "laterCorrectAbove": None if change is None else change.later.correct,
        "moreDays": None if outlook is None else outlook.more_days,
        "highestTarget": None if outlook is None else outlook.highest_target,
        "starts": [
            {"threshold": each.point, "samples": each.samples, "correct": each.correct}
            for each in advice.starts
        ],
        "added": advice.added,
        "undecided": advice.undecided,
        "notCompared": advice.not_compared,
        "withoutConfidence": advice.without_confidence,
        "notShown": advice.not_shown,
    }


def rounded_down(share: float | None) -> float | None:
    """Return a share with four digits, rounded down: a bound stays a bound."""
    return None if share is None else floor(share * 10_000 + 1e-9) / 10_000

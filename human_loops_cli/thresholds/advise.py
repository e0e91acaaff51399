"""From the rows of the queries to the advice on each field."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

from human_loops_cli.thresholds.advice import Advice, NoThreshold
from human_loops_cli.thresholds.learn_then_test import (
    find_threshold,
    lower_bound,
    samples_needed,
)
from human_loops_cli.thresholds.sample import FieldSamples, Sample, read_fields, read_sample


def advise(
    samples: Sequence[Mapping[str, Any]],
    sampling: Sequence[Mapping[str, Any]],
    *,
    target: float = 0.95,
    confidence: float = 0.95,
) -> list[Advice]:
    """Return the advice on each field of each flow definition, as the report shows it.

    Parameters
    ----------
    samples, sampling
        The rows of the queries of these names in `human_loop_tables.queries`, in their order.
    target
        The share of correct predictions that is wanted above a threshold, between 0 and 1.
    confidence
        The probability, between 0 and 1, with which each threshold has to keep the target. It holds
        for each field by itself.

    Returns
    -------
    list of Advice
        By flow definition and field. A flow definition without sampled loops has one, without a
        field.
    """
    return [
        advice
        for sample in read_samples(sampling)
        for advice in advise_on(
            sample, read_fields(samples, sample), target=target, confidence=confidence
        )
    ]


def read_samples(
    sampling: Sequence[Mapping[str, Any]], *, model_version: str | None = None
) -> list[Sample]:
    """Return the random sample of each flow definition.

    Parameters
    ----------
    sampling
        The rows of `human_loop_tables.queries.SAMPLING`, in their order.
    model_version
        As of `read_sample`.
    """
    return [
        read_sample(list(rows), model_version=model_version)
        for _, rows in groupby(sampling, lambda row: row["flow_definition_arn"])
    ]


def advise_on(
    sample: Sample,
    fields: Mapping[str, FieldSamples],
    *,
    target: float,
    confidence: float,
    all_fields: bool = False,
    only: Collection[str] = (),
) -> list[Advice]:
    """Return the advice on the fields of one flow definition.

    Parameters
    ----------
    sample
        The random sample.
    fields
        What it says of each field.
    target, confidence
        As of `advise`.
    all_fields
        Whether the confidence holds for all these fields together. Then the error rate of each test
        is divided by their number (Bonferroni). A field counts if it has a confidence anywhere.
    only
        The names of the fields. Default: all.
    """
    if sample.model is None:
        return [
            Advice(
                flow_definition_arn=sample.flow_definition_arn,
                field=None,
                reason=NoThreshold.NOT_SAMPLED,
            )
        ]
    chosen = {name: each for name, each in sorted(fields.items()) if not only or name in only}
    if all_fields:
        tested = sum(any(each.samples) for each in chosen.values())
        confidence = 1 - (1 - confidence) / max(tested, 1)
    return [
        _advise(sample.flow_definition_arn, name, each, target, confidence)
        for name, each in chosen.items()
    ]


def _advise(
    flow_definition_arn: str, name: str, field: FieldSamples, target: float, confidence: float
) -> Advice:
    total, needed = sum(field.samples), samples_needed(target, confidence)
    found = find_threshold(field.samples, field.correct, target=target, confidence=confidence)
    return Advice(
        flow_definition_arn=flow_definition_arn,
        field=name,
        threshold=None if found is None else found.point,
        lower_bound=None
        if found is None
        else lower_bound(found.samples, found.correct, confidence),
        samples=total,
        samples_above=0 if found is None else found.samples,
        correct_above=0 if found is None else found.correct,
        samples_needed=needed,
        # Samples without a place count as wrong at every threshold, but are not known to be above.
        share_saved=None if found is None else (found.samples - field.confidence_lost) / total,
        added=field.added,
        undecided=field.undecided,
        not_compared=field.not_compared,
        without_confidence=field.without_confidence,
        not_shown=field.not_shown,
        reason=None if found is not None else _reason(field, total, needed),
    )


def _reason(field: FieldSamples, total: int, needed: int) -> NoThreshold:
    if total == field.confidence_lost:
        return NoThreshold.NOT_COMPARED if total else NoThreshold.NO_CONFIDENCE
    if field.not_compared >= total:
        return NoThreshold.NOT_COMPARED
    return NoThreshold.TOO_FEW_SAMPLES if total < needed else NoThreshold.TARGET_MISSED

"""The random sample of a flow definition: which loops are in it, and what they say of a field.

A loop is in it if its flow definition's `Sampling` condition held. Reviewers are then shown all
that the model predicted, whatever its confidence (AWS's examples 3 and 7 for Textract, 3 for
Rekognition). A prediction that was not shown is no sample: it is known only because a reviewer
contradicted it.
https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-json-humantaskactivationconditions-textract-example.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from human_loops_cli.thresholds.drift import Counted
from human_loops_cli.thresholds.learn_then_test import POINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """The loops of one version of the model.

    Parameters
    ----------
    version
        Its name. None where the outputs have none.
    sampled
        How many sampled loops it has.
    first_day, last_day
        When the first and the last of them ended, as ``2026-03-14``.
    """

    version: str | None
    sampled: int
    first_day: str
    last_day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The random sample of one flow definition, for one version of the model.

    Parameters
    ----------
    flow_definition_arn, task_type
        The flow definition, and what its reviewers are asked to do. None where unknown.
    loops, unknown
        How many loops were read, and of how many it is unknown whether they are sampled.
    unknown_without_review
        How many of the unknown ones have no review. A loop without an output is always unknown.
    model
        The version of the model whose loops are used. None without sampled loops.
    other_models
        The versions that also have sampled loops, which are left out.
    without_review
        How many of the sampled loops have no review: no answers, or an output that cannot be read.
    missing
        How many sampled loops without a review are assumed: those, and as large a share of the
        unknown ones without a review as of the loops of which it is known.
    fields_left_out
        How many fields did not fit into the outcomes of the sampled loops.
    percentages
        The percentages that were sampled, the latest first. Empty where unknown.
    """

    flow_definition_arn: str
    task_type: str | None
    loops: int
    unknown: int
    unknown_without_review: int
    model: ModelVersion | None
    other_models: Sequence[ModelVersion]
    without_review: int
    missing: int
    fields_left_out: int
    percentages: Sequence[float]

    @property
    def reviewed(self) -> int:
        """How many of the sampled loops have a review."""
        return 0 if self.model is None else self.model.sampled - self.without_review

    @property
    def days(self) -> int:
        """How many days the sampled loops span, the first and the last one included."""
        if self.model is None:
            return 0
        try:
            first, last = (
                date.fromisoformat(each) for each in (self.model.first_day, self.model.last_day)
            )
        except ValueError:  # of unknown time
            return 0
        return (last - first).days + 1


@dataclass(slots=True)
class Points:
    """By point of confidence from 0 to 100: the samples, and those with all predictions correct."""

    samples: list[int] = field(default_factory=lambda: [0] * POINTS)
    correct: list[int] = field(default_factory=lambda: [0] * POINTS)


@dataclass(slots=True)
class FieldSamples(Points):
    """What the sampled loops say of one field.

    A sample is a loop that has predictions of the field.

    Parameters
    ----------
    samples, correct
        By point of confidence from 0 to 100: the samples, and those with all predictions correct.
        A sample whose confidence is lost because it was not compared counts at 100, as a wrong one,
        so that no threshold profits from it.
    parts
        The same by part of the samples, in the order of their creation.
    confidence_lost
        How many samples have lost their confidence.
    without_confidence
        How many samples have a prediction without a confidence. They are in no other number.
    undecided, not_compared
        How many samples have a prediction on which the votes are split, and one that was not
        compared, or only in part. They count as wrong.
    not_shown, added
        How many predictions were not shown, and how many values reviewers added.
    """

    parts: dict[int, Points] = field(default_factory=dict)
    confidence_lost: int = 0
    without_confidence: int = 0
    undecided: int = 0
    not_compared: int = 0
    not_shown: int = 0
    added: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row of the query."""
        point, loops, lost = row["point"], row["loops"], row["confidence_lost"]
        if point is not None:
            self._count(row["part"], point, loops, row["correct"])
            self.undecided += row["undecided"]
            self.not_compared += row["not_compared"]
        else:
            self._count(row["part"], POINTS - 1, lost, 0)
            self.confidence_lost += lost
            self.not_compared += lost
            self.without_confidence += loops - lost
        self.not_shown += row["not_shown"]
        self.added += row["added"]

    def at_or_above(self, point: int) -> dict[int, Counted]:
        """Return the samples at or above a point in each part."""
        return {
            part: Counted(sum(each.samples[point:]), sum(each.correct[point:]))
            for part, each in self.parts.items()
        }

    def _count(self, part: int, point: int, samples: int, correct: int) -> None:
        of_part = self.parts.setdefault(part, Points())
        for each in (self, of_part):
            each.samples[point] += samples
            each.correct[point] += correct


def read_sample(rows: Sequence[Mapping[str, Any]], *, model_version: str | None = None) -> Sample:
    """Return the sample of a flow definition.

    A threshold holds for one model, so the loops of one version are used. Default: the version of
    the latest sampled loop; of several on that day, the one with the most sampled loops.

    Parameters
    ----------
    rows
        The rows of `human_loop_tables.queries.SAMPLING` of one flow definition. At least one.
    model_version
        The version to use. A sample of another flow definition may not have it.
    """
    sampled = [row for row in rows if row["sampled"] is True]
    models = _models(sampled)
    wanted = [each for each in models if model_version in (None, each.version)]
    model = wanted[0] if wanted else None
    used = [row for row in sampled if model is not None and row["model_version"] == model.version]
    latest = sorted(used, key=lambda row: str(row["last_day"]), reverse=True)
    percentages = [row["sampling_percentage"] for row in latest]
    unknown = [row for row in rows if row["sampled"] is None]
    unreviewed_unknown = sum(row["without_review"] for row in unknown)
    without_review = sum(row["without_review"] for row in used)
    known = sum(row["loops"] for row in rows if row["sampled"] is not None)
    # Rounded up, in whole numbers.
    expected = -(-unreviewed_unknown * sum(row["loops"] for row in used) // known) if known else 0
    return Sample(
        flow_definition_arn=rows[0]["flow_definition_arn"],
        task_type=next((row["task_type"] for row in rows if row["task_type"]), None),
        loops=sum(row["loops"] for row in rows),
        unknown=sum(row["loops"] for row in unknown),
        unknown_without_review=unreviewed_unknown,
        model=model,
        other_models=[each for each in models if each is not model],
        without_review=without_review,
        missing=without_review + expected,
        fields_left_out=sum(row["fields_left_out"] or 0 for row in used),
        percentages=list(dict.fromkeys(each for each in percentages if each is not None)),
    )


def read_fields(rows: Iterable[Mapping[str, Any]], sample: Sample) -> dict[str, FieldSamples]:
    """Return what the sampled loops say of each field, by its name.

    Parameters
    ----------
    rows
        The rows of `human_loop_tables.queries.SAMPLES` or `SAMPLES_WITH_WORDS`, of any flow
        definitions.
    sample
        The flow definition, and the version of the model.
    """
    fields: dict[str, FieldSamples] = {}
    for row in rows:
        if (
            sample.model is not None
            and row["flow_definition_arn"] == sample.flow_definition_arn
            and row["model_version"] == sample.model.version
        ):
            fields.setdefault(row["field"], FieldSamples()).add(row)
    return fields


def _models(rows: Iterable[Mapping[str, Any]]) -> list[ModelVersion]:
    """Return the versions of the model, the latest first."""
    by_version: dict[str | None, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_version.setdefault(row["model_version"], []).append(row)
    models = [
        ModelVersion(
            version=version,
            sampled=sum(row["loops"] for row in group),
            first_day=min(str(row["first_day"]) for row in group),
            last_day=max(str(row["last_day"]) for row in group),
        )
        for version, group in by_version.items()
    ]
    return sorted(models, key=lambda each: (each.last_day, each.sampled), reverse=True)

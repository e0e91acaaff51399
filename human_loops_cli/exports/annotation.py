"""Annotations: the consensus of a human loop as classes, boxes or spans of what was reviewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from human_loop_reviews.outcome_values import TaskType
from human_loop_reviews.review.values import ValueKind, single_spaced
from human_loop_reviews.tasks.image_size import ImageSize
from human_loops_cli.exports.boxes import PixelBox, boxes_in_pixels, find_image_size
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ConsensusField, FieldLeftOut, ReviewedLoop
from human_loops_cli.exports.spans import TextSpan, spans_of_text

#: What the labels of Amazon Rekognition, which are fields of their own, are called together.
MODERATION_LABELS = "moderation-labels"


class AnnotationKind(StrEnum):
    """What an annotation says."""

    #: One class: a text.
    CLASS = "class"
    #: Any number of classes: a list of labels.
    LABELS = "labels"
    BOXES = "boxes"
    SPANS = "spans"


@dataclass(frozen=True, slots=True)
class Annotation:
    """The consensus of one human loop."""

    name: str
    """The field's name."""
    kind: AnnotationKind
    """Whether it has labels, boxes or spans."""
    labels: Mapping[str, float]
    """The labels with the share of pairs of reviewers who agreed on each, 0 with one reviewer."""
    boxes: Sequence[PixelBox] = ()
    size: ImageSize | None = None
    """The boxes, and the size of the image."""
    spans: Sequence[TextSpan] = ()
    """The labelled spans of the text."""
    agreement: float = 0.0
    """The share of pairs of reviewers who drew or marked the same, 0 with one reviewer."""

    def agreement_on(self, label: str) -> float:
        """Return the share of pairs of reviewers who agreed on a label."""
        return round(self.labels[label], 4)


def read_annotation(loop: ReviewedLoop) -> Annotation:
    """Return a loop's consensus as classes, boxes or spans.

    The labels of Amazon Rekognition are one annotation, if the reviewers agreed on each of them. Of
    a custom task it is the field that is named, or the only one.

    Raises
    ------
    LeftOutError
        If the loop has none.
    """
    if loop.output.task_type is TaskType.TEXTRACT_FORMS:
        raise LeftOutError(Reason.TASK_TYPE)
    if loop.output.task_type is TaskType.REKOGNITION_MODERATION:
        fields = moderation_labels(loop)
        agreed = {each.name: each.agreement for each in fields if each.consensus is not None}
        return Annotation(MODERATION_LABELS, AnnotationKind.LABELS, agreed)
    field = loop.require_one_field()
    if field.kind is ValueKind.BOXES:
        size = find_image_size(loop.output)
        boxes = boxes_in_pixels(field.consensus or (), size)
        return Annotation(
            field.name, AnnotationKind.BOXES, {}, boxes, size, agreement=field.agreement
        )
    if field.kind is ValueKind.SPANS:
        spans = spans_of_text(field.consensus or (), loop.require_source().require_text())
        return Annotation(
            field.name, AnnotationKind.SPANS, {}, spans=spans, agreement=field.agreement
        )
    kind, labels = labels_of(field.kind, field.consensus)
    if kind is AnnotationKind.LABELS and len(labels) < 2 and loop.predicts_one_class(field):
        kind = AnnotationKind.CLASS
    if kind is AnnotationKind.CLASS and not labels:
        raise LeftOutError(Reason.NO_LABEL)
    return Annotation(field.name, kind, dict.fromkeys(labels, field.agreement))


def labels_of(kind: ValueKind | None, value: Any) -> tuple[AnnotationKind, list[str]]:
    """Return a value as labels, without empty ones.

    Raises
    ------
    LeftOutError
        If it is neither a text nor a list of labels.

    Examples
    --------
    >>> labels_of(ValueKind.LABELS, ["delay", "refund"])
    (<AnnotationKind.LABELS: 'labels'>, ['delay', 'refund'])
    """
    if kind is ValueKind.LABELS:
        found = AnnotationKind.LABELS, value or []
    elif kind is ValueKind.TEXT:
        found = AnnotationKind.CLASS, [value or ""]
    else:
        raise LeftOutError(Reason.VALUE_KIND)
    return found[0], [label for label in map(single_spaced, found[1]) if label]


def moderation_labels(loop: ReviewedLoop) -> list[ConsensusField]:
    """Return the labels of an image on which the reviewers agreed, absent ones too.

    An image whose reviewers did not agree on one label has no known set of labels.

    Raises
    ------
    LeftOutError
        If they did not agree on a label, or if there is nothing to export.
    """
    if loop.field is not None:
        raise LeftOutError(Reason.NO_FIELD)
    if loop.fields_left_out[FieldLeftOut.DISPUTED]:
        raise LeftOutError(Reason.DISPUTED)
    fields = loop.consensus
    loop.require_selected(fields)
    return fields

"""Image moderation by Amazon Rekognition: the model's labels and the reviewers' labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from human_loop_reviews.a2i.activation import Activation, read_activation
from human_loop_reviews.a2i.task_type import MODERATION
from human_loop_reviews.a2i.validation import (
    Place,
    optional_list,
    optional_number,
    optional_object,
    optional_text,
    require_object,
)
from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.values import boolean_value, fold
from human_loop_reviews.tasks import Task

#: The most labels of one list. Amazon Rekognition has fewer than 200.
MAX_LABELS: Final = 500


class Label(NamedTuple):
    """One moderation label."""

    parent: str | None
    """The parent's name; empty for a label of the first level, None if it is not known."""
    name: str
    """The label's name."""

    @property
    def path(self) -> str:
        """The label with its parent, as in ``Violence/Weapons``."""
        return f"{self.parent}/{self.name}" if self.parent else self.name


#: The labels that the model, or one reviewer, gave to an image: each label once, with the model's
#: confidence where it is known.
Labels: TypeAlias = dict[Label, float | None]


class ModerationTask:
    """Image moderation: one field per label."""

    def read_prediction(
        self, inputs: Mapping[str, Any], place: Place, _mapping: Sequence[FieldMapping], /
    ) -> Labels:
        """Read the labels that the reviewers were shown."""
        name = "selectedAiServiceResponse"
        return read_labels(inputs.get(name), place.at(name))

    def read_activation(
        self,
        inputs: Mapping[str, Any],
        _prediction: Labels,
        _mapping: TaskMapping | Sequence[FieldMapping],
        /,
    ) -> Activation:
        """Return why the loop was started."""
        return read_activation(inputs)

    def read_answer(self, content: dict[str, Any], place: Place, /) -> Labels:
        """Read the labels that a reviewer gave."""
        return read_labels(content.get(MODERATION), place.at(MODERATION))

    def order_key(self, answer: Labels, /) -> str:
        """Return the labels in the alphabet's order."""
        return str(sorted(answer, key=str))

    def compare(self, prediction: Labels, answers: Sequence[Labels], /) -> list[Field]:
        """Return one field per label that the model or a reviewer gave."""
        return compare_labels(prediction, answers)


TASK: Final[Task[Labels, Labels]] = ModerationTask()


def read_labels(content: Any, place: Place) -> Labels:
    """Read moderation labels; no list, or an empty one, means 'none of these'.

    The form gives whole labels if its categories are objects, and names if they are texts. Its
    exclusion button gives an empty list.
    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-crowd-rekognition-detection.html

    Parameters
    ----------
    content
        An object with ``moderationLabels`` (or ``ModerationLabels``), their list alone, or None.
    place
        Its place in the output, for errors.

    Returns
    -------
    Labels
        Of a label that is repeated, the highest confidence.

    Raises
    ------
    UnreadableOutputError
        If the content has another form.
    """
    labels: Labels = {}
    for entries, here in _label_lists(content, place):
        if len(entries) > MAX_LABELS:
            raise here.expected(f"at most {MAX_LABELS} labels")
        for index, entry in enumerate(entries):
            label, confidence = _read_label(entry, here.at(index))
            known = [each for each in (labels.get(label), confidence) if each is not None]
            labels[label] = max(known, default=None)
    return labels


def compare_labels(shown: Labels, answers: Sequence[Labels]) -> list[Field]:
    """Compare the labels that the reviewers were shown with those that they gave.

    A label without its parent is the label of that name, if another one has the parent. A reviewer
    who gave a label gave its parents too, where these are fields.

    Parameters
    ----------
    shown
        The model's labels that the reviewers were shown.
    answers
        Each reviewer's labels.

    Returns
    -------
    list[Field]
        One field per label that the model or a reviewer gave.

    Examples
    --------
    >>> fields = compare_labels({Label("", "Violence"): 52.4}, [{}])
    >>> fields[0].name, fields[0].values
    ('Violence', [None])
    """
    model, chosen = _find_parents(shown, answers)
    present = boolean_value(True)
    named = dict.fromkeys(label for labels in (model, *chosen) for label in labels)
    by_name: dict[str, list[Label]] = {}
    for label in named:
        by_name.setdefault(label.name, []).append(label)
    given = [_with_parents(labels, by_name) for labels in chosen]
    return [
        Field(
            name=label.path,
            votes=[Vote(present if label in labels else None) for labels in given],
            predicted=present if label in model else None,
            confidence=model.get(label),
        )
        for label in named
    ]


def _label_lists(content: Any, place: Place) -> list[tuple[list[Any], Place]]:
    if type(content) is list:
        return [(content, place)]
    content = optional_object(content, place)
    keys = ("moderationLabels", "ModerationLabels")
    return [(optional_list(content.get(key), place, key), place.at(key)) for key in keys]


def _find_parents(shown: Labels, answers: Sequence[Labels]) -> tuple[Labels, list[Labels]]:
    """Return the labels, with missing parents taken from other labels of the same name.

    For the reviewers' labels, the model's labels take precedence, because they were the categories
    of the form. If several labels have the name, the form did not distinguish them, and the
    reviewers gave all of them.
    """
    if not any(label.parent is None for labels in (shown, *answers) for label in labels):
        return shown, list(answers)
    told = _by_name(answers)
    model = {
        known: confidence
        for label, confidence in shown.items()
        for known in (told.get(label.name) if label.parent is None else None) or [label]
    }
    told |= _by_name([model])
    return model, [
        {
            known: confidence
            for label, confidence in labels.items()
            for known in (told.get(label.name) if label.parent is None else None) or [label]
        }
        for labels in answers
    ]


def _by_name(answers: Sequence[Labels]) -> dict[str, list[Label]]:
    """Return the labels with a known parent by their names."""
    labels: dict[str, list[Label]] = {}
    for label in sorted({each for answer in answers for each in answer}, key=str):
        if label.parent is not None:
            labels.setdefault(label.name, []).append(label)
    return labels


def _with_parents(labels: Labels, by_name: Mapping[str, Sequence[Label]]) -> set[Label]:
    """Return the labels with all labels above them."""
    found: set[Label] = set()
    pending = list(labels)
    while pending:
        label = pending.pop()
        if label not in found:
            found.add(label)
            pending += by_name.get(label.parent or "", ())
    return found


def _read_label(entry: Any, place: Place) -> tuple[Label, float | None]:
    if type(entry) is str:
        entry = {"name": entry}
    entry = require_object(entry, place)
    name = fold(optional_text(entry.get("name"), place, "name") or "")
    if not name:
        raise place.at("name").expected("a label's name")
    parent = optional_text(entry.get("parentName"), place, "parentName")
    return (
        Label(None if parent is None else fold(parent), name),
        optional_number(entry.get("confidence"), place, "confidence"),
    )

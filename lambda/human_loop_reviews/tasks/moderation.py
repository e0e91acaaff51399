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
from human_loop_reviews.contract import FieldMapping
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.values import boolean_value, fold
from human_loop_reviews.tasks import Task


class Label(NamedTuple):
    """One moderation label; ``parent`` is empty for a label of the first level."""

    parent: str
    name: str

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
        self, inputs: Mapping[str, Any], _prediction: Labels, _mapping: Sequence[FieldMapping], /
    ) -> Activation:
        """Return why the loop was started."""
        return read_activation(inputs)

    def read_answer(self, content: dict[str, Any], place: Place, /) -> Labels:
        """Read the labels that a reviewer gave."""
        return read_labels(content.get(MODERATION), place.at(MODERATION))

    def order_key(self, answer: Labels, /) -> str:
        """Return the labels in the alphabet's order."""
        return str(sorted(answer))

    def compare(self, prediction: Labels, answers: Sequence[Labels], /) -> list[Field]:
        """Return one field per label that the model or a reviewer gave."""
        return compare_labels(prediction, answers)


TASK: Final[Task[Labels, Labels]] = ModerationTask()


def read_labels(content: Any, place: Place) -> Labels:
    """Read moderation labels; no list, or an empty one, means 'none of these'.

    Parameters
    ----------
    content
        An object with ``moderationLabels`` (or ``ModerationLabels``), or None.
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
    content = optional_object(content, place)
    labels: Labels = {}
    for key in ("moderationLabels", "ModerationLabels"):
        for index, entry in enumerate(optional_list(content.get(key), place, key)):
            label, confidence = _read_label(entry, place.at(key, index))
            known = [each for each in (labels.get(label), confidence) if each is not None]
            labels[label] = max(known, default=None)
    return labels


def compare_labels(shown: Labels, answers: Sequence[Labels]) -> list[Field]:
    """Compare the labels that the reviewers were shown with those that they gave.

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
    present = boolean_value(True)
    named = dict.fromkeys(label for labels in (shown, *answers) for label in labels)
    return [
        Field(
            name=label.path,
            votes=[Vote(present if label in answer else None) for answer in answers],
            predicted=present if label in shown else None,
            confidence=shown.get(label),
        )
        for label in named
    ]


def _read_label(entry: Any, place: Place) -> tuple[Label, float | None]:
    entry = require_object(entry, place)
    name = fold(optional_text(entry.get("name"), place, "name") or "")
    parent = fold(optional_text(entry.get("parentName"), place, "parentName") or "")
    if not name:
        raise place.at("name").expected("a label's name")
    return Label(parent, name), optional_number(entry.get("confidence"), place, "confidence")

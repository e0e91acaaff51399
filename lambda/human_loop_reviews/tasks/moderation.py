"""Image moderation by Amazon Rekognition: the model's labels and the reviewers' labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from human_loop_reviews.a2i.activation import Activation, read_activation
from human_loop_reviews.a2i.task_type import MODERATION
from human_loop_reviews.a2i.validation import (
    Place,
    UnreadableOutputError,
    optional_list,
    optional_number,
    optional_object,
    optional_text,
    require_object,
)
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.values import boolean_value, fold

if TYPE_CHECKING:
    from human_loop_reviews.mapping import FieldMapping, TaskMapping
    from human_loop_reviews.tasks.task import Task

#: The most labels of one list. Amazon Rekognition has fewer than 200.
MAX_LABELS: Final = 500

_SELECTED: Final = "selectedAiServiceResponse"
_RESPONSE: Final = "aiServiceResponse"


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


class ModerationPrediction(NamedTuple):
    """What the model found in an image.

    Parameters
    ----------
    shown
        The labels that the reviewers were shown.
    response
        All labels that the model found, shown or not.
    """

    shown: Labels
    response: Labels


class ModerationTask:
    """Image moderation: one field per label."""

    def read_prediction(
        self,
        inputs: Mapping[str, Any],
        place: Place,
        _mapping: TaskMapping | Sequence[FieldMapping],
        /,
    ) -> ModerationPrediction:
        """Read the labels that the reviewers were shown, and all that the model found."""
        return ModerationPrediction(
            shown=read_labels(inputs.get(_SELECTED), place.at(_SELECTED)),
            response=_read_response(inputs, place),
        )

    def read_activation(
        self,
        inputs: Mapping[str, Any],
        _prediction: ModerationPrediction,
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

    def compare(
        self, prediction: ModerationPrediction, answers: Sequence[Labels], /
    ) -> list[Field]:
        """Return one field per label that the reviewers were shown or gave."""
        return compare_labels(prediction.shown, answers, response=prediction.response)


TASK: Final[Task[ModerationPrediction, Labels]] = ModerationTask()


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


def compare_labels(
    shown: Labels, answers: Sequence[Labels], *, response: Labels | None = None
) -> list[Field]:
    """Compare the labels that the reviewers were shown with those that they gave.

    A label without its parent is the label of that name, if another one has the parent. A reviewer
    who gave a label gave its parents too, where these are fields. A reviewer who does not add a
    label that was not shown does not judge it. It is compared with the response only if more than
    half of the reviewers added it.

    Parameters
    ----------
    shown
        The model's labels that the reviewers were shown.
    answers
        Each reviewer's labels.
    response
        All labels that the model found, shown or not.

    Returns
    -------
    list[Field]
        One field per label that the reviewers were shown or gave.

    Examples
    --------
    >>> fields = compare_labels({Label("", "Violence"): 52.4}, [{}])
    >>> fields[0].name, fields[0].values
    ('Violence', [None])
    """
    response = response or {}
    model, chosen = _find_parents(shown, answers, response)
    present = boolean_value(True)
    named = dict.fromkeys(label for labels in (model, *chosen) for label in labels)
    by_name: dict[str, list[Label]] = {}
    for label in named:
        by_name.setdefault(label.name, []).append(label)
    given = [_with_parents(labels, by_name) for labels in chosen]
    fields = []
    for label in named:
        votes = [Vote(present if label in labels else None) for labels in given]
        added = sum(label in labels for labels in given)
        found = label
        if label not in response and label not in model:
            found = Label(None, label.name)  # the response does not name the parent
        if label in model:
            fields.append(Field(label.path, votes, present, model[label]))
        elif found in response and 2 * added > len(given):
            fields.append(Field(label.path, votes, present, response[found], shown=False))
        else:
            fields.append(Field(label.path, votes))
    return fields


def _label_lists(content: Any, place: Place) -> list[tuple[list[Any], Place]]:
    if type(content) is list:
        return [(content, place)]
    content = optional_object(content, place)
    keys = ("moderationLabels", "ModerationLabels")
    return [(optional_list(content.get(key), place, key), place.at(key)) for key in keys]


def _read_response(inputs: Mapping[str, Any], place: Place) -> Labels:
    """Read all labels that the model found; none if they cannot be read."""
    try:
        return read_labels(inputs.get(_RESPONSE), place.at(_RESPONSE))
    except UnreadableOutputError:
        return {}


def _find_parents(
    shown: Labels, answers: Sequence[Labels], response: Labels
) -> tuple[Labels, list[Labels]]:
    """Return the labels with their parents where another label has them.

    The parents of the labels that were shown come first, as they were the categories of the form.
    If several of them have the name, the reviewers could not distinguish them, and gave them all.
    A name that several labels have that were not shown has no known parent.
    """
    if not any(label.parent is None for labels in (shown, *answers) for label in labels):
        return shown, list(answers)
    named = _by_name(answers)
    for name, labels in _by_name([response]).items():
        if len(labels) == 1:
            named.setdefault(name, labels)
    model = {
        known: confidence
        for label, confidence in shown.items()
        for known in (named.get(label.name) if label.parent is None else None) or [label]
    }
    named |= _by_name([model])
    return model, [
        {
            known: confidence
            for label, confidence in labels.items()
            for known in (named.get(label.name) if label.parent is None else None) or [label]
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

"""Image moderation: which labels the model gave, and which the reviewers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from human_loop_reviews.document import (
    Place,
    a_list,
    an_object,
    optional_number,
    optional_object,
    optional_text,
)
from human_loop_reviews.field import Field
from human_loop_reviews.values import boolean_value, fold


class Label(NamedTuple):
    """One moderation label; ``parent`` is empty for a label of the first level."""

    parent: str
    name: str

    @property
    def path(self) -> str:
        """The label as people write it."""
        return f"{self.parent}/{self.name}" if self.parent else self.name


@dataclass(frozen=True, slots=True)
class Moderation:
    """The labels that the model, or one reviewer, gave to an image.

    Parameters
    ----------
    labels
        Each label once, with the model's confidence where there is one.
    """

    labels: dict[Label, float | None]

    def written(self) -> str:
        """Write the labels, the same for whatever says the same in another order."""
        return str(sorted(self.labels))


def read_moderation(content: Any, place: Place) -> Moderation:
    """Read moderation labels; no list, or an empty one, says 'none of these'.

    Parameters
    ----------
    content
        An object with ``moderationLabels`` (or ``ModerationLabels``), or None.
    place
        Where it stands, for errors.

    Raises
    ------
    UnreadableOutputError
        If it has another form.
    """
    content = optional_object(content, place)
    labels: dict[Label, float | None] = {}
    for key in ("moderationLabels", "ModerationLabels"):
        if content.get(key) is not None:
            for index, entry in enumerate(a_list(content[key], place, key)):
                label, confidence = _read_label(entry, place.at(key, index))
                labels[label] = max(
                    (known for known in (labels.get(label), confidence) if known is not None),
                    default=None,
                )
    return Moderation(labels)


def _read_label(entry: Any, place: Place) -> tuple[Label, float | None]:
    entry = an_object(entry, place)
    name = fold(optional_text(entry.get("name"), place, "name") or "")
    parent = fold(optional_text(entry.get("parentName"), place, "parentName") or "")
    if not name:
        raise place.at("name").expected("a label's name")
    return Label(parent, name), optional_number(entry.get("confidence"), place, "confidence")


def compare_moderation(shown: Moderation, answers: Sequence[Moderation]) -> list[Field]:
    """Compare the labels reviewers were shown with those they gave.

    Parameters
    ----------
    shown
        The model's labels, as the reviewers saw them.
    answers
        Each reviewer's labels.

    Returns
    -------
    list[Field]
        One field per label that anybody gave.

    Examples
    --------
    >>> violence = Label("", "Violence")
    >>> fields = compare_moderation(Moderation({violence: 52.4}), [Moderation({})])
    >>> fields[0].name, fields[0].answers
    ('Violence', [None])
    """
    present = boolean_value(True)
    named = dict.fromkeys(label for answer in (shown, *answers) for label in answer.labels)
    return [
        Field(
            name=label.path,
            answers=[present if label in answer.labels else None for answer in answers],
            predicted=present if label in shown.labels else None,
            confidence=shown.labels.get(label),
        )
        for label in named
    ]

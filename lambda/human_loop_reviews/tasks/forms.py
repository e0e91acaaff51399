"""Forms by Amazon Textract: key and value pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from human_loop_reviews.a2i.task_type import FORMS
from human_loop_reviews.a2i.validation import (
    Place,
    UnreadableOutputError,
    optional_list,
    optional_object,
)
from human_loop_reviews.contract import FieldMapping
from human_loop_reviews.review.field import Field
from human_loop_reviews.tasks import Task
from human_loop_reviews.tasks.form_aliases import read_aliases
from human_loop_reviews.tasks.form_blocks import Form, read_form
from human_loop_reviews.tasks.form_matching import compare_forms

_SELECTED: Final = "selectedAiServiceResponse"
_RESPONSE: Final = "aiServiceResponse"
_CONDITIONS: Final = "humanTaskActivationConditionResults"


@dataclass(frozen=True, slots=True)
class FormPrediction:
    """What the model read in a document.

    Parameters
    ----------
    shown
        The pairs that the reviewers were shown.
    aliases
        For each key with aliases, and each alias, one key that represents them all.
    response
        All that the model read, shown or not, as the output holds it.
    """

    shown: Form
    aliases: Mapping[str, str]
    response: dict[str, Any]

    def read_response(self) -> Form:
        """Read all pairs that the model read; none if they cannot be read."""
        try:
            return read_form(self.response, Place(_RESPONSE))
        except UnreadableOutputError:
            return Form(())


class FormsTask:
    """Forms: one field per key and value pair."""

    def read_prediction(
        self, inputs: Mapping[str, Any], place: Place, _mapping: Sequence[FieldMapping], /
    ) -> FormPrediction:
        """Read the pairs that the reviewers were shown, and the aliases of their keys."""
        response = optional_object(inputs.get(_RESPONSE), place, _RESPONSE)
        # Its blocks are read only if a reviewer added a pair.
        optional_list(response.get("blocks"), place, _RESPONSE, "blocks")
        return FormPrediction(
            shown=read_form(inputs.get(_SELECTED), place.at(_SELECTED)),
            aliases=read_aliases(inputs.get(_CONDITIONS), place.at(_CONDITIONS)),
            response=response,
        )

    def read_answer(self, content: dict[str, Any], place: Place, /) -> Form:
        """Read the pairs that a reviewer gave."""
        return read_form(content.get(FORMS), place.at(FORMS))

    def order_key(self, answer: Form, /) -> str:
        """Return the pairs in the order of their ids."""
        return str(answer.pairs)

    def compare(self, prediction: FormPrediction, answers: Sequence[Form], /) -> list[Field]:
        """Return one field per pair that the reviewers were shown or added."""
        return compare_forms(
            prediction.shown,
            answers,
            aliases=prediction.aliases,
            read_response=prediction.read_response,
        )


TASK: Final[Task[FormPrediction, Form]] = FormsTask()

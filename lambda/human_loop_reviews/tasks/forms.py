"""Forms by Amazon Textract: key and value pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from human_loop_reviews.a2i.activation import Activation, read_activation
from human_loop_reviews.a2i.task_type import FORMS
from human_loop_reviews.a2i.validation import (
    Place,
    UnreadableOutputError,
    optional_list,
    optional_object,
)
from human_loop_reviews.review.field import Field
from human_loop_reviews.tasks.form_blocks import Form, read_form
from human_loop_reviews.tasks.form_details import FormDetails
from human_loop_reviews.tasks.form_keys import FormKeys
from human_loop_reviews.tasks.form_matching import Predicted, compare_forms

if TYPE_CHECKING:
    from human_loop_reviews.mapping import FieldMapping, TaskMapping
    from human_loop_reviews.tasks.task import Task

_SELECTED: Final = "selectedAiServiceResponse"
_RESPONSE: Final = "aiServiceResponse"


@dataclass(frozen=True, slots=True)
class FormPrediction:
    """What the model read in a document."""

    shown: Form
    """The pairs that the reviewers were shown."""
    response: dict[str, Any]
    """All that the model read, shown or not, as the output holds it."""
    activation: Activation
    """Why the loop was started. The conditions also name the aliases of keys."""
    source: str
    """What errors call the document."""

    @property
    def keys(self) -> FormKeys:
        """Which keys mean the same."""
        groups = [
            (condition.key or "*", *condition.aliases) for condition in self.activation.configured
        ]
        return FormKeys(groups, [pair.key for pair in self.shown.pairs])

    def read_blocks(self) -> Sequence[Any]:
        """Return all blocks of the full response, of any form."""
        return self.response.get("blocks") or ()

    def read_response(self) -> Form:
        """Read all pairs that the model read; none if they cannot be read."""
        try:
            return read_form(self.response, Place(_RESPONSE))
        except UnreadableOutputError:
            return Form(())


class FormsTask:
    """Forms: one field per key and value pair."""

    def read_prediction(
        self,
        inputs: Mapping[str, Any],
        place: Place,
        _mapping: TaskMapping | Sequence[FieldMapping],
        /,
    ) -> FormPrediction:
        """Read the pairs that the reviewers were shown, and the aliases of their keys."""
        response = optional_object(inputs.get(_RESPONSE), place, _RESPONSE)
        # Its blocks are read only if a reviewer added a pair.
        optional_list(response.get("blocks"), place, _RESPONSE, "blocks")
        return FormPrediction(
            shown=read_form(inputs.get(_SELECTED), place.at(_SELECTED)),
            response=response,
            activation=read_activation(inputs),
            source=place.source,
        )

    def read_activation(
        self,
        _inputs: Mapping[str, Any],
        prediction: FormPrediction,
        _mapping: TaskMapping | Sequence[FieldMapping],
        /,
    ) -> Activation:
        """Return why the loop was started."""
        return prediction.activation

    def read_answer(self, content: dict[str, Any], place: Place, /) -> Form:
        """Read the pairs that a reviewer gave."""
        return read_form(content.get(FORMS), place.at(FORMS))

    def order_key(self, answer: Form, /) -> str:
        """Return the pairs in the order of their ids."""
        return str([(pair.id, pair.key, pair.value) for pair in answer.pairs])

    def compare(self, prediction: FormPrediction, answers: Sequence[Form], /) -> list[Field]:
        """Return one field per pair that the reviewers were shown or added."""

        def read_response() -> Predicted:
            form = prediction.read_response()
            return Predicted(form, FormDetails(form))

        return compare_forms(
            Predicted(prediction.shown, FormDetails(prediction.shown, prediction.read_blocks)),
            answers,
            keys=prediction.keys,
            read_response=read_response,
            place=Place(prediction.source).at("humanAnswers"),
        )


TASK: Final[Task[FormPrediction, Form]] = FormsTask()

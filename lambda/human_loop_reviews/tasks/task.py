"""The interface of task types. It is imported for type checks only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from human_loop_reviews.a2i.activation import Activation
from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.review.field import Field

PredictionT = TypeVar("PredictionT")
AnswerT = TypeVar("AnswerT")


class Task(Protocol[PredictionT, AnswerT]):
    """What differs between task types."""

    def read_prediction(
        self,
        inputs: Mapping[str, Any],
        place: Place,
        mapping: TaskMapping | Sequence[FieldMapping],
        /,
    ) -> PredictionT:
        """Read the prediction; None if it is not known.

        Parameters
        ----------
        inputs
            What the caller, or the AWS service, passed in.
        place
            Their place in the output, for errors.
        mapping
            Where a custom task's predictions and answers are found.

        Raises
        ------
        UnreadableOutputError
            If the prediction is not in the form of the task type.
        """
        ...

    def read_activation(
        self,
        inputs: Mapping[str, Any],
        prediction: PredictionT,
        mapping: TaskMapping | Sequence[FieldMapping],
        /,
    ) -> Activation | None:
        """Return why the loop was started; None if the output does not say.

        Parameters
        ----------
        inputs, mapping
            As for `read_prediction`.
        prediction
            What `read_prediction` returned.
        """
        ...

    def read_answer(self, content: dict[str, Any], place: Place, /) -> AnswerT:
        """Read what one reviewer submitted.

        Parameters
        ----------
        content
            The ``answerContent``.
        place
            Its place in the output, for errors.

        Raises
        ------
        UnreadableOutputError
            If the answer is not in the form of the task type.
        """
        ...

    def order_key(self, answer: AnswerT, /) -> str:
        """Return a text that is the same for answers with the same content in another order."""
        ...

    def compare(self, prediction: PredictionT, answers: Sequence[AnswerT], /) -> list[Field]:
        """Return the fields, each with the predicted value and the answers in their order.

        Parameters
        ----------
        prediction
            What `read_prediction` returned.
        answers
            What `read_answer` returned for each reviewer. There is at least one.
        """
        ...

"""Predictions of custom tasks, read as the element of the form that reviewers answered with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from human_loop_reviews.review.comparability import has_ratios
from human_loop_reviews.review.values import Element, Value, ValueKind
from human_loop_reviews.tasks.aws_responses import read_response_boxes, read_response_spans
from human_loop_reviews.tasks.crowd_elements import read_spans
from human_loop_reviews.tasks.drawings import read_boxes
from human_loop_reviews.tasks.image_size import ImageSize, find_image_size


def read_prediction(
    predicted: Value,
    prediction: Any,
    given: Sequence[Value | None],
    answers: Sequence[Any],
    image_size: Callable[[], ImageSize | None],
) -> Value:
    """Return a prediction as boxes in pixels or as spans, where the reviewers gave such.

    Parameters
    ----------
    predicted, prediction
        The model's value, and what it was read from.
    given, answers
        The same of each reviewer.
    image_size
        Returns the size of the image that the whole answers have, None without one.

    Returns
    -------
    Value
        The value as it is, if it is no response of an AWS service and no drawing.
    """
    elements = {value.element for value in given if value is not None}
    if predicted.kind in (ValueKind.STRUCTURE, ValueKind.OPAQUE):
        if Element.BOXES in elements and (boxes := read_response_boxes(prediction)) is not None:
            predicted = read_boxes(boxes) or predicted
        elif Element.SPANS in elements and (spans := read_response_spans(prediction)) is not None:
            predicted = read_spans(spans) or predicted
    if has_ratios(predicted) and not any(value and has_ratios(value) for value in given):
        size = find_image_size(answers) or image_size()
        return predicted if size is None else _in_pixels(predicted, size)
    return predicted


def _in_pixels(drawing: Value, size: ImageSize) -> Value:
    """Return boxes in ratios of the image's sides as boxes in pixels."""
    scaled = [
        {
            "label": box["label"],
            "left": round(box["left"] * size.width, 3),
            "top": round(box["top"] * size.height, 3),
            "width": round(box["width"] * size.width, 3),
            "height": round(box["height"] * size.height, 3),
        }
        for box in drawing.display
    ]
    return read_boxes(scaled) or drawing

"""Corrected values in the type of the predicted value, as a pipeline expects them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.values import ValueKind
from human_loop_reviews.tasks.value_fields import make_field

#: The value cannot be written in the type of the predicted value.
NO_VALUE: Final = object()


def in_type_of(predicted: Any, corrected: Any, mapping: FieldMapping) -> Any:
    """Return a corrected value in the type of the predicted one.

    Reviewers type numbers, and select booleans and labels.

    Parameters
    ----------
    predicted
        The value in the input. None for no value, in place of which any value fits.
    corrected
        What more than half of the reviewers gave.
    mapping
        How the field's numbers are written.

    Returns
    -------
    Any
        `NO_VALUE` if that is not possible without a guess.

    Examples
    --------
    >>> amount = FieldMapping(name="Amount", path="amount", decimal=",")
    >>> in_type_of(5, "1.250,50", amount), in_type_of(True, "no", amount)
    (1250.5, False)
    >>> in_type_of("a", ["b"], amount)
    'b'
    """
    if predicted is None:
        return corrected if _is_in_order(corrected) else NO_VALUE
    if type(predicted) is bool or type(predicted) in (int, float):
        return _scalar(predicted, corrected, mapping)
    if type(predicted) is str and type(corrected) is list and len(corrected) == 1:
        (corrected,) = corrected  # one label, as a choice has it
    if type(corrected) is not type(predicted):
        return NO_VALUE
    is_labels = type(predicted) is list and all(type(each) is str for each in predicted)
    return corrected if is_labels or _is_in_order(corrected) else NO_VALUE


def _scalar(predicted: bool | float, corrected: Any, mapping: FieldMapping) -> Any:
    """Return the boolean or number that the field's rules read."""
    value = make_field(mapping.name, predicted, [corrected], mapping).votes[0].value
    if value is None:
        return NO_VALUE
    if type(predicted) is bool:
        return value.comparison_key[1] if value.kind is ValueKind.BOOLEAN else NO_VALUE
    if value.kind is not ValueKind.NUMBER:
        return NO_VALUE
    number = value.comparison_key[1]
    return _json_number(number) if isinstance(number, Decimal) else NO_VALUE


def _json_number(number: Decimal) -> Any:
    """Return a number in which no digit is lost."""
    written = float(number)
    if Decimal(repr(written)) != number:
        return NO_VALUE
    return int(written) if written.is_integer() and abs(written) < 2**53 else written


def _is_in_order(value: Any) -> bool:
    """Return whether a value has no list of which the review does not keep the order."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if type(inner) is dict:
            pending += inner.values()
        elif type(inner) is list:
            if len(inner) > 1 and not all(type(each) in (int, float) for each in inner):
                return False
            pending += inner
    return True

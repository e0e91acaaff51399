"""The owner's mapping of a custom task: where the prediction stands, and where the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from human_loop_reviews.document import UnreadableOutputError, read_json

_KEYS: Final = {"name", "prediction", "answer", "ignore_case", "tolerance"}

# All that JMESPath's parser and functions are known to raise on expressions and data of any kind.
_RAISED: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class MappingError(ValueError):
    """A mapping is not usable; the message says which field and why."""


class ExpressionFailedError(Exception):
    """An expression cannot be evaluated on this output."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Where one field of a custom task is found.

    Parameters
    ----------
    name
        The field's name in outcomes.
    prediction
        JMESPath expression on what the caller passed in (``inputContent``): what the model said.
    answer
        JMESPath expression on a reviewer's ``answerContent``: what the reviewer said.
    ignore_case
        Whether texts that differ only in case are equal.
    tolerance
        By how much numbers may differ and still be equal. Texts that read as numbers count as
        numbers then.

    Examples
    --------
    >>> FieldMapping("Category", prediction="initialValue", answer="category.label").tolerance
    """

    name: str
    prediction: str
    answer: str
    ignore_case: bool = False
    tolerance: float | None = None


def parse_mappings(text: bytes | str) -> dict[str, tuple[FieldMapping, ...]]:
    """Read the mappings of several flow definitions.

    Parameters
    ----------
    text
        JSON: an object with the name of each flow definition and its list of field mappings.

    Returns
    -------
    dict[str, tuple[FieldMapping, ...]]
        The fields' mappings by the flow definition's name.

    Raises
    ------
    MappingError
        If the text has another form, an expression does not compile, or a name comes twice.

    Examples
    --------
    >>> parse_mappings('{"tickets": [{"name": "n", "prediction": "p", "answer": "a"}]}')["tickets"]
    (FieldMapping(name='n', prediction='p', answer='a', ignore_case=False, tolerance=None),)
    """
    mappings = _read(text)
    if not isinstance(mappings, dict):
        raise MappingError("mappings: expected an object by the name of the flow definition")
    return {name: _read_fields(fields, name) for name, fields in mappings.items()}


def parse_mapping(text: bytes | str, *, flow_definition: str | None) -> tuple[FieldMapping, ...]:
    """Read the mapping for one flow definition.

    Parameters
    ----------
    text
        JSON: a list of field mappings, or an object of such lists by flow definition name.
    flow_definition
        The name to look up in an object; a name that is not in it has no mapping.

    Raises
    ------
    MappingError
        As ``parse_mappings``.
    """
    mappings = _read(text)
    if isinstance(mappings, list):
        return _read_fields(mappings, "mapping")
    return parse_mappings(text).get(flow_definition or "", ())


def search(expression: str, data: Any) -> Any:
    """Return what a JMESPath expression finds in data.

    Raises
    ------
    ExpressionFailedError
        If the expression cannot be evaluated on the data.
    """
    import jmespath  # here, because most flows have no mapping: they need not pay for it

    try:
        return jmespath.search(expression, data)
    except _RAISED:
        raise ExpressionFailedError from None


def _read(text: bytes | str) -> Any:
    try:
        return read_json(text, source="mappings")
    except UnreadableOutputError as error:
        raise MappingError(str(error)) from None


def _read_fields(fields: Any, flow_definition: str) -> tuple[FieldMapping, ...]:
    if not isinstance(fields, list):
        raise MappingError(f"{flow_definition}: expected a list of field mappings")
    read = tuple(
        _read_field(field, f"{flow_definition}[{index}]") for index, field in enumerate(fields)
    )
    names = [mapping.name for mapping in read]
    for name in names:
        if names.count(name) > 1:
            raise MappingError(f"{flow_definition}: two fields are named {name!r}")
    return read


def _read_field(field: Any, place: str) -> FieldMapping:
    if not isinstance(field, dict):
        raise MappingError(f"{place}: expected an object")
    unknown = sorted(field.keys() - _KEYS)
    if unknown:
        raise MappingError(f"{place}: {unknown[0]!r} is none of {', '.join(sorted(_KEYS))}")
    for key in ("name", "prediction", "answer"):
        if not isinstance(field.get(key), str) or not field[key].strip():
            raise MappingError(f"{place}.{key}: expected text")
    for key in ("prediction", "answer"):
        _refuse_uncompiled(field[key], f"{place}.{key}")
    ignore_case, tolerance = field.get("ignore_case", False), field.get("tolerance")
    if not isinstance(ignore_case, bool):
        raise MappingError(f"{place}.ignore_case: expected true or false")
    if tolerance is not None and not _is_tolerance(tolerance):
        raise MappingError(f"{place}.tolerance: expected a number, 0 or more")
    return FieldMapping(field["name"], field["prediction"], field["answer"], ignore_case, tolerance)


def _refuse_uncompiled(expression: str, place: str) -> None:
    import jmespath  # here for the same reason as above

    try:
        jmespath.compile(expression)
    except _RAISED:
        raise MappingError(f"{place}: {expression!r} is not a JMESPath expression") from None


def _is_tolerance(tolerance: Any) -> bool:
    if type(tolerance) is not int and type(tolerance) is not float:
        return False
    return 0 <= tolerance <= 1e300

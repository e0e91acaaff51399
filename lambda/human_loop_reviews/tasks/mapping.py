"""Mappings of custom tasks: parsed from the settings, and evaluated on an output."""

from __future__ import annotations

from typing import Any

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import JMESPATH_ERRORS, MAPPING_KEYS, FieldMapping


class MappingError(ValueError):
    """A mapping is not usable. The message names the field and the reason."""


class ExpressionFailedError(Exception):
    """An expression cannot be evaluated on this output."""


def parse_mappings(text: bytes | str) -> dict[str, tuple[FieldMapping, ...]]:
    """Parse the mappings of several flow definitions.

    Parameters
    ----------
    text
        JSON: an object with the name of each flow definition and its list of field mappings.

    Returns
    -------
    dict[str, tuple[FieldMapping, ...]]
        The field mappings by the flow definition's name.

    Raises
    ------
    MappingError
        If the text has another form, an expression is not JMESPath, or a name is repeated.

    Examples
    --------
    >>> text = '{"tickets": [{"name": "n", "prediction": "p", "answer": "a"}]}'
    >>> parse_mappings(text)["tickets"][0].answer
    'a'
    """
    mappings = _read(text)
    if not isinstance(mappings, dict):
        raise MappingError("mappings: expected an object by the name of the flow definition")
    return {name: _read_fields(fields, name) for name, fields in mappings.items()}


def parse_mapping(text: bytes | str, *, flow_definition: str | None) -> tuple[FieldMapping, ...]:
    """Parse the mapping of one flow definition.

    Parameters
    ----------
    text
        JSON: a list of field mappings, or an object of such lists by flow definition name.
    flow_definition
        The name to look up in an object. A name that is not in it has no mapping.

    Returns
    -------
    tuple[FieldMapping, ...]
        The field mappings, none for a flow definition without a mapping.

    Raises
    ------
    MappingError
        As `parse_mappings`.
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

    Examples
    --------
    >>> search("category.label", {"category": {"label": "Billing"}})
    'Billing'
    """
    import jmespath  # here, because most flow definitions have no mapping

    try:
        return jmespath.search(expression, data)
    except JMESPATH_ERRORS:
        raise ExpressionFailedError from None


def _read(text: bytes | str) -> Any:
    try:
        return read_json(text, source="mappings", unique_keys=True)
    except UnreadableOutputError as error:
        raise MappingError(str(error)) from None


def _read_fields(fields: Any, flow_definition: str) -> tuple[FieldMapping, ...]:
    if not isinstance(fields, list):
        raise MappingError(f"{flow_definition}: expected a list of field mappings")
    read = tuple(
        [_read_field(field, f"{flow_definition}[{index}]") for index, field in enumerate(fields)]
    )
    names = [mapping.name for mapping in read]
    for name in names:
        if names.count(name) > 1:
            raise MappingError(f"{flow_definition}: two fields are named {name!r}")
    return read


def _read_field(field: Any, place: str) -> FieldMapping:
    if not isinstance(field, dict):
        raise MappingError(f"{place}: expected an object")
    for key in field:
        if key not in MAPPING_KEYS:
            raise MappingError(f"{place}: {key!r} is none of {', '.join(MAPPING_KEYS)}")
    for key in ("name", "prediction", "answer"):
        if key not in field:
            raise MappingError(f"{place}: {key} is missing")
    try:
        return FieldMapping(**field)
    except ValueError as error:
        raise MappingError(f"{place}: {error}") from None

"""Mappings of custom tasks, parsed from the settings or a file."""

from __future__ import annotations

from typing import Any

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import (
    MAPPING_KEYS,
    TASK_MAPPING_KEYS,
    FieldMapping,
    TaskMapping,
)


class MappingError(ValueError):
    """A mapping is not usable. The message names the field and the reason."""


def parse_mappings(text: bytes | str) -> dict[str, TaskMapping]:
    """Parse the mappings of several flow definitions.

    Parameters
    ----------
    text
        JSON: an object with the name of each flow definition and its mapping, which is a list of
        field mappings, or an object with that list under ``fields``.

    Returns
    -------
    dict[str, TaskMapping]
        The mappings by the flow definition's name.

    Raises
    ------
    MappingError
        If the text has another form, an expression is not JMESPath, or a name is repeated.

    Examples
    --------
    >>> text = '{"tickets": [{"name": "n", "prediction": "p", "answer": "a"}]}'
    >>> parse_mappings(text)["tickets"].fields[0].answer
    'a'
    """
    mappings = _read(text)
    if not isinstance(mappings, dict):
        raise MappingError("mappings: expected an object by the name of the flow definition")
    return {name: _read_task(mapping, name) for name, mapping in mappings.items()}


def parse_mapping(text: bytes | str) -> TaskMapping | dict[str, TaskMapping]:
    """Parse a mapping file: one mapping, or several by the flow definition's name.

    Parameters
    ----------
    text
        JSON: a list of field mappings, an object with such a list under ``fields``, or an object of
        mappings as `parse_mappings` reads it.

    Returns
    -------
    TaskMapping | dict[str, TaskMapping]
        One mapping for any flow definition, or several by the flow definition's name.

    Raises
    ------
    MappingError
        As `parse_mappings`.

    Examples
    --------
    >>> parse_mapping('[{"name": "Town", "path": "town"}]').fields[0].path
    'town'
    """
    mapping = _read(text)
    if isinstance(mapping, list) or (
        isinstance(mapping, dict) and _is_task(mapping) and isinstance(mapping["fields"], list)
    ):
        return _read_task(mapping, "mapping")
    return parse_mappings(text)


def _read(text: bytes | str) -> Any:
    try:
        return read_json(text, source="mappings", unique_keys=True)
    except UnreadableOutputError as error:
        raise MappingError(str(error)) from None


def _is_task(mapping: dict[str, Any]) -> bool:
    """Return whether an object is one mapping, and not several of flow definitions."""
    return "fields" in mapping and all(
        key == "fields" or (key in TASK_MAPPING_KEYS and isinstance(value, str))
        for key, value in mapping.items()
    )


def _read_task(mapping: Any, flow_definition: str) -> TaskMapping:
    if isinstance(mapping, list):
        mapping = {"fields": mapping}
    if not isinstance(mapping, dict) or not isinstance(mapping.get("fields"), list):
        raise MappingError(
            f"{flow_definition}: expected a list of field mappings, or an object with one as fields"
        )
    _refuse_unknown(mapping, TASK_MAPPING_KEYS, flow_definition)
    fields = [
        _read_field(field, f"{flow_definition}[{index}]")
        for index, field in enumerate(mapping["fields"])
    ]
    try:
        return TaskMapping(**{**mapping, "fields": fields})
    except ValueError as error:
        raise MappingError(f"{flow_definition}: {error}") from None


def _read_field(field: Any, place: str) -> FieldMapping:
    if not isinstance(field, dict):
        raise MappingError(f"{place}: expected an object")
    _refuse_unknown(field, MAPPING_KEYS, place)
    for key in ("name",) if "path" in field else ("name", "prediction", "answer"):
        if key not in field:
            raise MappingError(f"{place}: {key} is missing")
    try:
        return FieldMapping(**field)
    except ValueError as error:
        raise MappingError(f"{place}: {error}") from None


def _refuse_unknown(mapping: dict[str, Any], keys: tuple[str, ...], place: str) -> None:
    for key in mapping:
        if key not in keys:
            raise MappingError(f"{place}: {key!r} is none of {', '.join(keys)}")

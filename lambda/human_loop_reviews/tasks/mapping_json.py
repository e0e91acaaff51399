"""Mappings of custom tasks as text: strict JSON from a file."""

from __future__ import annotations

from typing import Any, Final

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import (
    TASK_MAPPING_KEYS,
    MappingError,
    MappingFault,
    TaskMapping,
    read_mapping,
    read_mappings,
)

_SOURCE: Final = "mappings"


def parse_task_mapping(text: bytes | str) -> TaskMapping:
    """Parse the mapping of one flow definition.

    Parameters
    ----------
    text
        JSON: a list of field mappings, or an object with such a list under ``fields``.

    Raises
    ------
    MappingError
        If the text has another form, an expression is not JMESPath, or a name is repeated.

    Examples
    --------
    >>> parse_task_mapping('[{"name": "n", "prediction": "p", "answer": "a"}]').fields[0].answer
    'a'
    """
    return read_mapping(_read_json(text))


def parse_mapping(text: bytes | str) -> TaskMapping | dict[str, TaskMapping]:
    """Parse a mapping file: one mapping, or several by the flow definition's name.

    Parameters
    ----------
    text
        JSON: a list of field mappings, an object with such a list under ``fields``, or an object of
        mappings by the flow definition's name.

    Returns
    -------
    TaskMapping | dict[str, TaskMapping]
        One mapping for any flow definition, or several by the flow definition's name.

    Raises
    ------
    MappingError
        As `parse_task_mapping`.

    Examples
    --------
    >>> parse_mapping('[{"name": "Town", "path": "town"}]').fields[0].path
    'town'
    """
    mapping = _read_json(text)
    if isinstance(mapping, list) or _is_one_mapping(mapping):
        return read_mapping(mapping)
    return read_mappings(mapping)


def _read_json(text: bytes | str) -> Any:
    try:
        return read_json(text, source=_SOURCE, unique_keys=True)
    except UnreadableOutputError as error:
        reason = str(error).removeprefix(f"{_SOURCE}: ")
        raise MappingError(MappingFault(_SOURCE, reason)) from None


def _is_one_mapping(mapping: Any) -> bool:
    """Return whether an object is one mapping, and not several of flow definitions."""
    return (
        isinstance(mapping, dict)
        and isinstance(mapping.get("fields"), list)
        and all(
            key == "fields" or (key in TASK_MAPPING_KEYS and isinstance(value, str))
            for key, value in mapping.items()
        )
    )

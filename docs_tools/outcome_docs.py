"""The JSON Schema of outcomes, generated from their definition.

`python -m docs_tools.outcome_docs` writes docs/outcome.schema.json. Readers ignore unknown
properties, so the schema allows them.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeAlias

from docs_tools.docstrings import attribute_docstrings
from human_loop_reviews.outcome_schema import LoopOutcome, Outcome, ReviewOutcome
from human_loop_reviews.outcome_values import SCHEMA_VERSION
from human_loop_tables.properties import Kind, ValueType, properties_of

SCHEMA: Final = Path(__file__).parents[1] / "docs" / "outcome.schema.json"

_Schema: TypeAlias = dict[str, Any]

_SCALARS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "string",
    Kind.TRUTH: "boolean",
    Kind.COUNT: "integer",
    Kind.NUMBER: "number",
}


def outcome_schema() -> _Schema:
    """Return the schema."""
    return schema_of(
        Outcome,
        "outcome",
        "Human Review Outcome",
        "The detail of the event with source human-loop-events and detail-type Human Review "
        "Outcome.",
    )


def schema_of(record: type, name: str, title: str, description: str) -> _Schema:
    """Return the schema of a record.

    Parameters
    ----------
    record
        The definition.
    name, title, description
        What the schema is called, and what it describes.
    """
    definitions: dict[str, _Schema] = {}
    schema = _object(record, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:a2i-human-loop-events:{name}:{SCHEMA_VERSION}",
        "title": title,
        "description": f"{description} Version {SCHEMA_VERSION}. Readers must ignore unknown "
        "properties; a new minor version only adds some.",
        **{key: value for key, value in schema.items() if key != "description"},
        "$defs": definitions,
    }


def _object(record: type, definitions: dict[str, _Schema]) -> _Schema:
    descriptions = _property_docstrings(record)
    properties = properties_of(record)
    return {
        "type": "object",
        "description": inspect.cleandoc(record.__doc__ or ""),
        "properties": {
            each.name: {
                **_schema(each.type, definitions),
                "description": descriptions[each.name],
            }
            for each in properties
        },
        "required": [each.name for each in properties if not each.optional],
    }


def _property_docstrings(record: type) -> dict[str, str]:
    """Return the docstrings below the properties of a record."""
    # A typed dictionary does not know its bases.
    parts = (LoopOutcome, ReviewOutcome) if record is Outcome else (record,)
    return {name: text for part in parts for name, text in attribute_docstrings(part).items()}


def _schema(of: ValueType | None, definitions: dict[str, _Schema]) -> _Schema:
    if of is None:
        return {}
    schema = _schema_without_null(of, definitions)
    if not of.nullable:
        return schema
    if schema.keys() == {"type"}:
        return {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _schema_without_null(of: ValueType, definitions: dict[str, _Schema]) -> _Schema:
    match of:
        case ValueType(constant=str() as constant):
            return {"const": constant}
        case ValueType(enumeration=type() as enumeration):
            return _reference(enumeration, definitions)
        case ValueType(record=type() as record):
            return _reference(record, definitions)
        case ValueType(kind=Kind.LIST):
            return {"type": "array", "items": _schema(of.items, definitions)}
        case ValueType(kind=Kind.MAP, items=ValueType(kind=Kind.ANY)):
            return {"type": "object"}
        case ValueType(kind=Kind.MAP):
            return {
                "type": "object",
                "propertyNames": _schema(of.keys, definitions),
                "additionalProperties": _schema(of.items, definitions),
            }
        case ValueType(kind=Kind.ANY):
            return {}
    return {"type": _SCALARS[of.kind]}


def _reference(named: type, definitions: dict[str, _Schema]) -> _Schema:
    name = named.__name__
    if name not in definitions:
        definitions[name] = {}  # in its place, before those that it refers to
        if issubclass(named, StrEnum):
            definitions[name] = {
                "type": "string",
                "description": inspect.cleandoc(named.__doc__ or ""),
                "enum": [member.value for member in named],
            }
        else:
            definitions[name] = _object(named, definitions)
    return {"$ref": f"#/$defs/{name}"}


def written() -> str:
    """Return the text of the schema's file."""
    return json.dumps(outcome_schema(), indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(written(), encoding="utf-8")

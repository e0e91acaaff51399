"""The JSON Schema of outcomes, generated from `Outcome`: ``python -m tests.unit.outcome_schema``.

Readers ignore unknown properties, so the schema allows them.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from human_loop_reviews.outcome import SCHEMA_VERSION, Outcome, properties

PATH = Path(__file__).parents[2] / "docs" / "outcome.schema.json"

Schema = dict[str, Any]

_SCALARS: Mapping[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def outcome_schema() -> Schema:
    """Return the schema."""
    definitions: dict[str, Schema] = {}
    schema = _object(Outcome, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:a2i-human-loop-events:outcome:{SCHEMA_VERSION}",
        "title": "Human Review Outcome",
        "description": "The detail of the event with source human-loop-events and detail-type "
        f"Human Review Outcome. Version {SCHEMA_VERSION}. Readers must ignore unknown properties; "
        "a new minor version only adds some.",
        **{key: value for key, value in schema.items() if key != "description"},
        "$defs": definitions,
    }


def _object(record_type: type, definitions: dict[str, Schema]) -> Schema:
    hints = get_type_hints(record_type)
    descriptions = _attribute_docstrings(record_type)
    described: dict[str, Schema] = {}
    required: list[str] = []
    for each, name in properties(record_type):
        hint = hints[each.name]
        if "optional" in each.metadata:  # left out instead of null
            hint = _without_none(hint)
        else:
            required.append(name)
        described[name] = {
            **_schema(hint, definitions),
            "description": descriptions[each.name],
        }
    return {
        "type": "object",
        "description": inspect.cleandoc(record_type.__doc__ or ""),
        "properties": described,
        "required": required,
    }


def _schema(hint: Any, definitions: dict[str, Schema]) -> Schema:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return {}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if isinstance(hint, types.UnionType):
        return _union([_schema(each, definitions) for each in arguments])
    if origin is Literal:
        return {"const": arguments[0]}
    if origin is Sequence:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is Mapping:
        return _mapping(arguments[0], arguments[1], definitions)
    return _reference(hint, definitions)


def _union(schemas: Sequence[Schema]) -> Schema:
    if all(schema.keys() == {"type"} for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": list(schemas)}


def _mapping(key: Any, value: Any, definitions: dict[str, Schema]) -> Schema:
    if value is Any:
        return {"type": "object"}
    return {
        "type": "object",
        "propertyNames": _schema(key, definitions),
        "additionalProperties": _schema(value, definitions),
    }


def _reference(record_type: type, definitions: dict[str, Schema]) -> Schema:
    name = record_type.__name__
    if name not in definitions:
        definitions[name] = {}  # in its place, before those that it refers to
        if issubclass(record_type, StrEnum):
            definitions[name] = {
                "type": "string",
                "description": inspect.cleandoc(record_type.__doc__ or ""),
                "enum": [member.value for member in record_type],
            }
        elif is_dataclass(record_type):
            definitions[name] = _object(record_type, definitions)
        else:
            raise TypeError(f"no schema for {record_type!r}")
    return {"$ref": f"#/$defs/{name}"}


def _without_none(hint: Any) -> Any:
    (inner,) = (each for each in get_args(hint) if each is not type(None))
    return inner


def _attribute_docstrings(record_type: type) -> dict[str, str]:
    """Return the docstrings below the attributes of a dataclass and its bases."""
    docstrings: dict[str, str] = {}
    for each in record_type.__mro__[-2::-1]:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(definition, ast.ClassDef)
        for attribute, docstring in zip(definition.body, definition.body[1:], strict=False):
            match attribute, docstring:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    docstrings[name] = " ".join(text.split())
    return docstrings


def written() -> str:
    """Return the text of the schema's file."""
    return json.dumps(outcome_schema(), indent=2) + "\n"


if __name__ == "__main__":
    PATH.write_text(written(), encoding="utf-8")

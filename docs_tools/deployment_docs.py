"""The JSON Schema of deployments and the table of their keys, generated from the definition.

`python -m docs_tools.deployment_docs` writes both: the schema to docs/deployment.schema.json, and
the table into docs/reference.md.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from stacks.deployment import Deployment
from stacks.faults import fields_within, model_of

_DOCS: Final = Path(__file__).parents[1] / "docs"
SCHEMA: Final = _DOCS / "deployment.schema.json"
REFERENCE: Final = _DOCS / "reference.md"
_TABLE: Final = re.compile(
    r"(?<=<!-- keys of a deployment: made by `make schema` -->\n\n).*?"
    r"(?=\n<!-- end of the keys -->)",
    re.DOTALL,
)
_DROPPED: Final = frozenset({"title", "default", "expected", "meaning", "byDefault"})


class _WithoutNull(GenerateJsonSchema):
    """Leaves null out of the schema, because `Keys` refuses it."""

    def nullable_schema(self, schema: Any) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])


def deployment_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file with deployments."""
    generated = _cleaned(Deployment.model_json_schema(schema_generator=_WithoutNull))
    definitions: dict[str, Any] = generated.pop("$defs")
    del generated["properties"]["name"]
    for each in (generated, *definitions.values()):
        each["description"] = each["description"].partition("\n\n")[0]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Deployments of a2i-human-loop-events",
        "type": "object",
        "required": ["deployments"],
        "additionalProperties": False,
        "properties": {
            "$schema": {"type": "string"},
            "deployments": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "^[A-Za-z0-9-]{1,100}$"},
                "additionalProperties": {"$ref": "#/$defs/Deployment"},
            },
        },
        "$defs": {"Deployment": generated, **definitions},
    }


def key_table() -> str:
    """Return the table of all keys, in Markdown."""
    lines = ["| key | meaning | value | default |", "| --- | --- | --- | --- |"]
    for name, field in fields_within(Deployment):
        if model_of(field) is None or field.default is None:
            meaning = _documented(field, "meaning")
            lines.append(f"| `{name}` | {meaning} | {_value(field)} | {_default(field)} |")
    return "\n".join(lines) + "\n"


def with_table(reference: str) -> str:
    """Return the reference with its table replaced by the current one."""
    assert _TABLE.search(reference)  # noqa: S101 - the reference has the marks
    return _TABLE.sub(lambda _: key_table(), reference)


def _value(field: FieldInfo) -> str:
    return "an object" if model_of(field) else _documented(field, "expected")


def _default(field: FieldInfo) -> str:
    return "required" if field.is_required() else _documented(field, "byDefault")


def _documented(field: FieldInfo, what: str) -> str:
    assert isinstance(field.json_schema_extra, dict)  # noqa: S101 - `key` sets it
    return str(field.json_schema_extra[what])


def _cleaned(schema: Any) -> Any:
    """Drop the keywords that an editor does not use. Properties with such a name stay."""
    if isinstance(schema, list):
        return [_cleaned(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _cleaned(each) for name, each in value.items()}
        if key in ("properties", "$defs")
        else _cleaned(value)
        for key, value in schema.items()
        if key not in _DROPPED
    }


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(deployment_schema(), indent=2) + "\n", encoding="utf-8")
    REFERENCE.write_text(with_table(REFERENCE.read_text(encoding="utf-8")), encoding="utf-8")

"""The archive has a column for each property of an outcome, of a fitting type."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from human_loop_reviews.a2i.activation import ActivationCondition
from human_loop_reviews.contract import ACTIVATION_PARAMETERS
from human_loop_tables.archive_schema import (
    CONDITION_PROPERTIES,
    FIELD_PROPERTIES,
    OUTCOME_PROPERTIES,
    PARTITION,
    ArchivedProperty,
)

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "outcome.schema.json").read_text(encoding="utf-8")
)
SCALARS = {"string": "string", "integer": "bigint", "number": "double", "boolean": "boolean"}


def fitting_type(schema: dict[str, Any]) -> str:
    """Return Glue's type for the values that a part of the JSON Schema allows."""
    if "$ref" in schema:
        return fitting_type(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "const" in schema:
        return "string"
    if "anyOf" in schema:
        (other,) = (each for each in schema["anyOf"] if each != {"type": "null"})
        return fitting_type(other)
    of_type = schema["type"]
    if isinstance(of_type, list):
        (of_type,) = (each for each in of_type if each != "null")
    if of_type == "array":
        return f"array<{fitting_type(schema['items'])}>"
    if of_type != "object":
        return SCALARS[of_type]
    if "additionalProperties" in schema:
        return f"map<string,{fitting_type(schema['additionalProperties'])}>"
    members = {
        name: fitting_type(each)
        for name, each in schema.get("properties", {}).items()
        if name != "values"
    } or {each.key: each.type for each in CONDITION_PROPERTIES}
    return f"struct<{','.join(f'{name.lower()}:{of}' for name, of in members.items())}>"


def test_every_property_of_an_outcome_has_a_column_of_a_fitting_type() -> None:
    columns = {each.key: each.type for each in OUTCOME_PROPERTIES}

    assert len(columns) > 30
    assert columns == {name: fitting_type(each) for name, each in SCHEMA["properties"].items()}


def test_only_the_values_of_fields_are_not_archived() -> None:
    documented = SCHEMA["$defs"]["FieldOutcome"]["properties"]

    assert documented.keys() - {each.key for each in FIELD_PROPERTIES} == {"values"}


def test_activation_conditions_have_all_that_outcomes_carry_of_them() -> None:
    condition = ActivationCondition(
        "Sampling", "Total", (), dict.fromkeys(ACTIVATION_PARAMETERS, 5)
    )

    assert list(condition.properties) == [each.key for each in CONDITION_PROPERTIES]


def test_no_two_keys_differ_only_in_case() -> None:
    levels: list[Sequence[ArchivedProperty]] = [
        OUTCOME_PROPERTIES,
        FIELD_PROPERTIES,
        CONDITION_PROPERTIES,
    ]
    for properties in levels:
        columns = [each.column for each in properties]
        assert len(set(columns)) == len(columns)
        assert PARTITION not in columns


def test_no_property_of_a_field_has_the_column_of_an_outcome() -> None:
    # In the view `fields` Trino would call it ambiguous.
    of_fields, of_outcomes = (
        {each.column for each in properties}
        for properties in (FIELD_PROPERTIES, OUTCOME_PROPERTIES)
    )

    assert of_fields
    assert of_fields & of_outcomes == set()


def test_firehose_has_no_zstd_for_parquet() -> None:
    # What the choice of GZIP rests on.
    shapes = Loader().load_service_model("firehose", "service-2")["shapes"]

    assert shapes["ParquetCompression"]["enum"] == ["UNCOMPRESSED", "GZIP", "SNAPPY"]

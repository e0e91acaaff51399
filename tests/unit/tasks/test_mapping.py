"""Mappings: parsed, or refused with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.contract import FieldMapping
from human_loop_reviews.tasks.mapping import MappingError, parse_mapping, parse_mappings

FIELD = {"name": "Kind", "prediction": "guess", "answer": "kind.label"}


def test_mappings_are_read_by_flow_definition() -> None:
    text = json.dumps({"tickets": [{**FIELD, "ignore_case": True}], "others": []})
    assert parse_mappings(text) == {
        "tickets": (
            FieldMapping(name="Kind", prediction="guess", answer="kind.label", ignore_case=True),
        ),
        "others": (),
    }


@pytest.mark.parametrize(
    ("written", "flow_definition", "fields"),
    [
        ([FIELD], None, 1),
        ([FIELD], "tickets", 1),
        ({"tickets": [FIELD]}, "tickets", 1),
        ({"tickets": [FIELD]}, "others", 0),
        ({"tickets": [FIELD]}, None, 0),
    ],
)
def test_mapping_is_a_list_or_one_of_several(
    written: Any, flow_definition: str | None, fields: int
) -> None:
    read = parse_mapping(json.dumps(written), flow_definition=flow_definition)
    assert len(read) == fields


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (5, "mappings: expected an object"),
        ({"t": {}}, "t: expected a list"),
        ({"t": [5]}, r"t\[0\]: expected an object"),
        ({"t": [{}]}, r"t\[0\]: name is missing"),
        ({"t": [{"name": "Kind", "prediction": "guess"}]}, r"t\[0\]: answer is missing"),
        ({"t": [{**FIELD, "name": " "}]}, r"t\[0\]: FieldMapping: name=' '; expected the field"),
        (
            {"t": [{**FIELD, "answer": 5}]},
            r"t\[0\]: FieldMapping 'Kind': answer=5; expected a JM",
        ),
        ({"t": [{**FIELD, "answer": "a["}]}, r"t\[0\].*answer='a\[' is not a JMESPath expression"),
        (
            {"t": [{**FIELD, "ignoreCase": True}]},
            r"t\[0\]: 'ignoreCase' is none of name, pred",
        ),
        ({"t": [{**FIELD, "ignore_case": 1}]}, r"t\[0\].*ignore_case=1; expected a boolean"),
        ({"t": [{**FIELD, "tolerance": -1}]}, r"t\[0\].*tolerance=-1; expected a number from 0"),
        ({"t": [{**FIELD, "tolerance": True}]}, r"t\[0\].*tolerance=True; expected a number from"),
        ({"t": [FIELD, FIELD]}, "t: two fields are named 'Kind'"),
    ],
)
def test_unusable_mapping_is_refused_with_the_reason(written: Any, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_mappings(json.dumps(written))


@pytest.mark.parametrize("text", ["", "{", b"\xff", '{"t": [], "t": []}', '{"t": NaN}'])
def test_text_that_is_not_json_is_refused(text: bytes | str) -> None:
    with pytest.raises(MappingError, match="mappings: "):
        parse_mappings(text)

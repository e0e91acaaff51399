"""Mappings: parsed, or refused with the reason."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from human_loop_reviews.mapping import FieldMapping, MappingError, TaskMapping
from human_loop_reviews.tasks.mapping_json import parse_mapping

FIELD = {"name": "Kind", "prediction": "guess", "answer": "kind.label"}


def test_mappings_are_read_by_flow_definition() -> None:
    text = json.dumps(
        {
            "tickets": [{**FIELD, "normalize": ["case"]}],
            "fields": {"fields": [FIELD], "sampled": "audit"},
        }
    )
    kind = FieldMapping(name="Kind", prediction="guess", answer="kind.label")
    assert parse_mapping(text) == {
        "tickets": TaskMapping(fields=[replace(kind, normalize=["case"])]),
        "fields": TaskMapping(fields=[kind], sampled="audit"),
    }


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ([FIELD], None),
        ({"fields": [FIELD]}, None),
        ({"fields": [FIELD], "model_version": "v"}, None),
        ({"tickets": [FIELD]}, ["tickets"]),
        ({"fields": [FIELD], "tickets": [FIELD]}, ["fields", "tickets"]),
        ({"fields": {"fields": [FIELD]}}, ["fields"]),
    ],
)
def test_mapping_file_has_one_mapping_or_several(written: Any, names: list[str] | None) -> None:
    read = parse_mapping(json.dumps(written))
    assert (None if isinstance(read, TaskMapping) else list(read)) == names


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
        ({"t": [{**FIELD, "ignoreCase": True}]}, r"t\[0\]: 'ignoreCase' is none of name, pred"),
        ({"t": [{**FIELD, "normalize": "case"}]}, r"t\[0\].*normalize='case'; expected a list"),
        ({"t": [{**FIELD, "path": "a"}]}, r"t\[0\].*prediction='guess'; expected either path"),
        ({"t": [{"path": "a"}]}, r"t\[0\]: name is missing"),
        ({"t": []}, "t: TaskMapping.*expected at least one FieldMapping, got none"),
        ({"t": {"fields": [FIELD], "samples": "a"}}, "t: 'samples' is none of fields, sampled"),
        ({"t": {"fields": [FIELD], "sampled": "a["}}, "t: TaskMapping: sampled='a.' is not a JMES"),
        ({"t": [{**FIELD, "tolerance": -1}]}, r"t\[0\].*tolerance=-1; expected a number from 0"),
        ({"t": [{**FIELD, "tolerance": True}]}, r"t\[0\].*tolerance=True; expected a number from"),
        ({"t": [FIELD, FIELD]}, "t: TaskMapping: two fields are named 'Kind'"),
    ],
)
def test_unusable_mapping_is_refused_with_the_reason(written: Any, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_mapping(json.dumps(written))


def test_all_faults_are_named_with_their_places() -> None:
    written = {
        "tickets": [{"name": "Kind"}, {**FIELD, "tolerance": -1}, FIELD],
        "claims": {"fields": [{**FIELD, "case": True}], "samples": "a"},
        "invoices": [FIELD],
    }
    with pytest.raises(MappingError) as caught:
        parse_mapping(json.dumps(written))
    assert [fault.place for fault in caught.value.faults] == [
        *("tickets[0]", "tickets[1]"),
        *("claims", "claims[0]"),
    ]
    assert str(caught.value).count("; ") >= 3


@pytest.mark.parametrize("text", ["", "{", b"\xff", '{"t": [], "t": []}', '{"t": NaN}'])
def test_text_that_is_not_json_is_refused(text: bytes | str) -> None:
    with pytest.raises(MappingError, match="mappings: "):
        parse_mapping(text)

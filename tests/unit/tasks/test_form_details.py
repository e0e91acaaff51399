"""Form details: the confidences of a pair, and where it stands in the document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.outcome import describe_review
from human_loop_reviews.review_output import review_output
from tests.unit.documents import Block, fields, forms, key_block, parse, value_block, word

BOX = {"boundingBox": {"height": 0.01, "left": 0.1, "top": 0.2, "width": 0.3}}


def blocks(*confidences: Any, key: Any = 90.0, value: Any = 80.0) -> list[Block]:
    """Return the blocks of a pair of four words with their confidences."""
    words = [
        {**word(text, f"w{n}"), **({} if confidence is None else {"confidence": confidence})}
        for n, (text, confidence) in enumerate(
            zip(["Net", "total", "148.99", "EUR"], confidences, strict=True)
        )
    ]
    return [
        *words,
        {**key_block("k", key, VALUE=["v"], CHILD=["w0", "w1"]), "geometry": BOX, "page": 1},
        {**value_block("v", "w2", "w3"), "confidence": value, "geometry": BOX, "page": 1},
    ]


def details(shown: list[Block], unshown: list[Any] | None = None) -> tuple[Any, ...]:
    document = forms(shown, shown)
    if unshown is not None:
        document["inputContent"]["aiServiceResponse"] = {"blocks": unshown}
    field = fields(document)["Net total"]
    return (
        field.confidence,
        field.details["valueConfidence"],
        field.details["lowestWordConfidence"],
    )


def test_confidences_are_those_of_the_key_the_value_and_the_least_certain_word() -> None:
    assert details(blocks(99.0, 98.5, 41.5, 60)) == (90.0, 80.0, 41.5)
    assert details(blocks(99.0, 8, 41.5, 60)) == (90.0, 80.0, 8.0)


def test_words_without_a_confidence_have_that_of_the_full_response() -> None:
    shown = blocks(None, None, None, 50.0)
    assert details(shown, blocks(99.0, 98.0, 41.5, 10.0)) == (90.0, 80.0, 41.5)


@pytest.mark.parametrize("unknown", [None, "high", True, -1])
def test_lowest_is_unknown_where_one_word_is(unknown: Any) -> None:
    shown = blocks(99.0, 98.0, unknown, 60.0)
    assert details(shown, [])[2] is None
    assert details(shown, [5, {"id": []}, {"blockType": "WORD", "id": ["w2"]}])[2] is None


def test_value_of_several_blocks_has_the_lowest_confidence() -> None:
    shown = blocks(99.0, 98.0, 70.0, 60.0)
    shown[4]["relationships"][0]["ids"] = ["v", "v2"]
    assert details([*shown, {**value_block("v2"), "confidence": 30.5}])[1:] == (30.5, 60.0)
    assert details([*shown, value_block("v2")])[1] is None


def test_box_is_no_word() -> None:
    shown = blocks(99.0, 98.0, 70.0, 60.0)
    shown[2:4] = [
        {
            "blockType": "SELECTION_ELEMENT",
            "id": "w2",
            "confidence": 3,
            "selectionStatus": "SELECTED",
        }
    ]
    assert details(shown)[2] == 98.0
    assert details([{**key_block("k"), "text": "Net total"}]) == (None, None, None)


def test_unshown_pair_has_its_details_too() -> None:
    typed = [{**key_block("new", VALUE=["nv"]), "text": "Net total"}]
    typed += [{**value_block("nv"), "text": "1"}]
    document = forms([], typed, unshown=blocks(99.0, 98.0, 41.5, 60.0))
    field = fields(document)["Net total"]
    assert field.details == {"valueConfidence": 80.0, "lowestWordConfidence": 41.5}
    assert field.source["blockIds"] == {"key": "k", "values": ["v"]}


def described(document: Any, *, include_values: bool) -> dict[str, Any]:
    output = parse(document)
    outcome = describe_review(output, review_output(output), include_values=include_values)
    (field,) = outcome["fields"]
    assert json.loads(json.dumps(field)) == field
    return dict(field)


def test_source_is_told_with_values_only() -> None:
    shown = blocks(99.0, 98.0, 41.5, 60.0)
    document = forms(shown, shown)
    field = described(document, include_values=True)
    assert field["values"]["source"] == {
        "page": 1,
        "geometry": {"key": BOX, "values": [BOX]},
        "blockIds": {"key": "k", "values": ["v"]},
    }
    assert (field["valueConfidence"], field["lowestWordConfidence"]) == (80.0, 41.5)
    assert "source" not in json.dumps(described(document, include_values=False))


def test_source_has_what_the_response_has() -> None:
    block = {**key_block("k"), "text": "Net total", "geometry": "x", "page": "1"}
    assert described(forms([block], [block]), include_values=True)["values"]["source"] == {
        "blockIds": {"key": "k", "values": []}
    }


def test_added_field_has_neither_details_nor_source() -> None:
    typed = [{**key_block("new", VALUE=["nv"]), "text": "A"}, {**value_block("nv"), "text": "1"}]
    field = described(forms([], typed), include_values=True)
    assert not {"valueConfidence", "lowestWordConfidence"} & field.keys()
    assert "source" not in field["values"]

"""Corrected responses of Amazon Textract: what readers of the response read is what was decided."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.corrected_blocks import correct_blocks
from human_loop_reviews.corrected_document import correct_document
from human_loop_reviews.outcome_values import FieldStatus
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.form_blocks import Pair, read_form
from tests.unit.documents import blocks_of, forms, moderation, parse
from tests.unit.test_corrected_properties import ANY_FORM, as_written, reviewed_forms
from tests.unit.test_properties import reordered

SAMPLES = Path(__file__).parents[2] / "local" / "samples" / "outputs"


def correct(document: Any) -> dict[str, Any]:
    output = parse(document)
    return correct_blocks(output, review_output(output))


def by_id(response: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["Id"]: block for block in response["Blocks"]}


def in_camel_case(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: in_camel_case(each) for key, each in value.items()}
    return [in_camel_case(each) for each in value] if isinstance(value, list) else value


def read_back(response: dict[str, Any]) -> dict[str, Pair]:
    form = read_form(in_camel_case(response), Place("response.json"))
    return {pair.id: pair for pair in form.pairs}


def test_corrected_text_is_in_new_words_and_ids_of_keys_and_values_stay() -> None:
    page = {"blockType": "PAGE", "id": "p", "relationships": [{"type": "CHILD", "ids": ["line"]}]}
    line = {
        "blockType": "LINE",
        "confidence": 90.5,
        "id": "line",
        "relationships": [{"type": "CHILD", "ids": ["t-k0", "t-v0"]}],
        "text": "Total 5",
    }
    model = blocks_of(("Total", "5", "t"), confidence=61.5)
    document = forms(model, blocks_of(("Total", "6 EUR", "new")), unshown=[page, line])
    response = correct(document)
    blocks = by_id(response)

    assert blocks["t"]["Relationships"] == [
        {"Type": "CHILD", "Ids": ["t-k0"]},
        {"Type": "VALUE", "Ids": ["t-value"]},
    ]
    (children,) = blocks["t-value"]["Relationships"]
    words = [blocks[each] for each in children["Ids"]]
    assert [word["Text"] for word in words] == ["6", "EUR"]
    assert all(word.keys() == {"BlockType", "Id", "Text"} for word in words)
    assert "Confidence" not in blocks["t-value"]
    assert blocks["line"]["Text"] == "Total 5"
    assert blocks["line"]["Relationships"] == [{"Type": "CHILD", "Ids": ["t-k0", "t-v0"]}]
    assert blocks["t-v0"]["Text"] == "5"
    assert correct(document) == response


def test_selection_elements_get_their_status() -> None:
    response = correct(
        forms(
            blocks_of(("Paid", True, "p"), ("Sent", "no", "s")),
            blocks_of(("Paid", False, "new"), ("Sent", True, "other")),
        )
    )

    assert by_id(response)["p-s"]["SelectionStatus"] == "NOT_SELECTED"
    assert {key: pair.value.display for key, pair in read_back(response).items()} == {
        "p": False,
        "s": True,
    }


def test_removed_pairs_are_dropped_and_disputed_keys_have_no_value() -> None:
    page = {"blockType": "PAGE", "id": "p"}
    page["relationships"] = [{"type": "CHILD", "ids": ["a", "a-value", "b", "b-value"]}]  # type: ignore[assignment]
    shown = blocks_of(("Total", "5", "a"), ("Date", "1/1", "b"))
    answers = [blocks_of(("Date", date, f"new{date}")) for date in ("2/2", "3/3")]
    blocks = by_id(correct(forms(shown, *answers, unshown=[page])))

    assert not {"a", "a-value", "b-value"} & blocks.keys()
    assert blocks["a-v0"]["Text"] == "5"  # a line refers to it
    assert [each["Type"] for each in blocks["b"]["Relationships"]] == ["CHILD"]
    assert blocks["p"]["Relationships"] == [{"Type": "CHILD", "Ids": ["b"]}]


def test_added_pairs_are_children_of_the_only_page() -> None:
    page = {"blockType": "PAGE", "id": "p"}
    shown = blocks_of(("Total", "5", "a"))
    response = correct(forms(shown, [*shown, *blocks_of(("Vat", "2", "new"))], unshown=[page]))

    added = next(pair for pair in read_back(response).values() if pair.key == "Vat")
    assert added.value.display == "2"
    assert by_id(response)["p"]["Relationships"] == [
        {"Type": "CHILD", "Ids": [added.id, added.value_blocks[0]["id"]]}
    ]


def test_upheld_responses_are_the_prediction_in_the_names_of_the_api() -> None:
    text = (SAMPLES / "textract-invoice.json").read_text(encoding="utf-8")
    document = json.loads(text)
    predicted = document["inputContent"]["aiServiceResponse"]
    document["humanAnswers"] = []
    response = correct(document)

    assert in_camel_case(response) == predicted
    assert response["DocumentMetadata"] == {"Pages": 1}
    assert {"BoundingBox", "Polygon"} == response["Blocks"][0]["Geometry"].keys()


def test_responses_that_are_nested_too_deeply_have_no_blocks() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    shown = blocks_of(("Total", "5", "a"))
    shown[0]["deep"] = deep

    with pytest.raises(NoCorrectedDocumentError, match="within each other"):
        correct(forms(shown, blocks_of(("Total", "6", "b"))))


def test_other_tasks_have_no_blocks() -> None:
    with pytest.raises(NoCorrectedDocumentError, match="only forms"):
        correct(moderation([]))


def test_blocks_that_several_keys_have_are_corrected_or_refused() -> None:
    shown = blocks_of(("Total", "5", "a"), ("Sum", "5", "b"))
    for block in shown:
        if block["id"] == "b":
            block["relationships"][0]["ids"] = ["a-value"]
    response = correct(forms(shown, blocks_of(("Total", "6", "x"), ("Sum", "5", "y"))))

    assert {pair.key: pair.value.display for pair in read_back(response).values()} == {
        "Total": "6",
        "Sum": "5",
    }


@given(ANY_FORM)
def test_readers_of_the_response_read_the_corrected_document(document: Any) -> None:
    output = parse_output(json.dumps(document), source="output.json")
    review = review_output(output)
    try:
        response = correct_blocks(output, review)
    except NoCorrectedDocumentError:
        return  # the blocks of several keys are the same
    expected = []
    for each in correct_document(output, review)["fields"]:
        value = each["value"]
        if each["status"] is FieldStatus.DISPUTED and "blockIds" in each:
            expected.append((each["key"], ""))
        elif value is not None:
            expected.append((each["key"], value))
    read = [(pair.key, as_written(pair.value)) for pair in read_back(response).values()]
    assert sorted(map(repr, read)) == sorted(
        repr((key, value if isinstance(value, bool) else " ".join(value.split())))
        for key, value in expected
    )


@given(reviewed_forms())
def test_well_formed_responses_are_never_refused(document: Any) -> None:
    response = correct(document)

    ids = [block["Id"] for block in response["Blocks"]]
    assert len(set(ids)) == len(ids)
    known = {*ids}
    for block in response["Blocks"]:
        for relationship in block.get("Relationships", ()):
            assert known >= {*relationship["Ids"]}


@given(reviewed_forms(), st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(document: Any, chance: random.Random) -> None:
    other = {**document, "humanAnswers": reordered([*document["humanAnswers"]], chance)}

    assert json.dumps(correct(document)) == json.dumps(correct(other))

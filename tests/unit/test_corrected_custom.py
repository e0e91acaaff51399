"""Corrected documents of custom tasks: the input with plain paths and rows replaced."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.corrected.depth import MAX_DEPTH
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.corrected_document import correct_document
from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.outcome_values import TaskType
from human_loop_reviews.review_output import review_output
from tests.unit.documents import custom, parse
from tests.unit.test_properties import JSON, MAPPING, answers, documents, reordered


def correct(inputs: Any, submitted: list[Any], *mapping: FieldMapping) -> dict[str, Any]:
    output = parse(custom(*submitted, inputs=inputs))
    before = copy.deepcopy(output.inputs)
    document = correct_document(
        output, review_output(output, mapping=mapping), mapping=TaskMapping(fields=mapping)
    )
    assert output.inputs == before
    return document


def statuses(document: dict[str, Any]) -> dict[str, str]:
    return {each["key"]: str(each["status"]) for each in document["fields"]}


def reasons(document: dict[str, Any]) -> dict[str, str]:
    return {each["key"]: each["reason"] for each in document["notApplied"]}


def test_values_at_plain_paths_are_replaced_and_all_others_kept() -> None:
    document = correct(
        {"model": {"town": "Cork", "street": "Main", "score": 0.5}, "image": "s3://b/k"},
        [{"town": "Cobh", "street": "Main"}],
        FieldMapping(name="Town", prediction="model.town", answer="town"),
        FieldMapping(name="Street", prediction="model.street", answer="street"),
    )

    assert document["document"] == {
        "model": {"town": "Cobh", "street": "Main", "score": 0.5},
        "image": "s3://b/k",
    }
    assert statuses(document) == {"Town": "corrected", "Street": "upheld"}
    assert document["complete"]
    assert document["notApplied"] == []


def test_what_reviewers_did_not_decide_is_null() -> None:
    town = FieldMapping(name="Town", path="town", absent="blank")
    disputed = correct({"town": "Cork"}, [{"town": "Cobh"}, {"town": "Ennis"}], town)
    removed = correct({"town": "Cork"}, [{}], town)

    assert disputed["document"] == removed["document"] == {"town": None}
    assert (statuses(disputed), disputed["complete"]) == ({"Town": "disputed"}, False)
    assert (statuses(removed), removed["complete"]) == ({"Town": "removed"}, True)


def test_inputs_that_are_absent_for_an_unknown_reason_remove_nothing() -> None:
    document = correct(
        {"town": "Cork"}, [{"town": "Cobh"}, {}, {}], FieldMapping(name="Town", path="town")
    )

    assert statuses(document) == {"Town": "disputed"}


@pytest.mark.parametrize(
    ("predicted", "given", "options", "expected"),
    [
        (5, "6", {}, 6),
        (5, "1.250,50", {"decimal": ","}, 1250.5),
        (5.5, "USD 6.25", {"normalize": ["number"]}, 6.25),
        (True, {"on": False}, {}, False),
        ("cat", {"label": "dog"}, {}, "dog"),
        (["cat"], {"labels": ["dog", "cow"]}, {}, ["cow", "dog"]),
        ({"a": 1}, {"a": 2}, {}, {"a": 2}),
    ],
)
def test_corrected_values_have_the_type_of_the_prediction(
    predicted: Any, given: Any, options: dict[str, Any], expected: Any
) -> None:
    field = FieldMapping(name="Field", prediction="guess", answer="given", **options)
    document = correct({"guess": predicted}, [{"given": given}], field)

    assert document["document"] == {"guess": expected}
    assert type(document["document"]["guess"]) is type(expected)
    assert document["complete"]


@pytest.mark.parametrize(
    ("predicted", "given"),
    [
        ("yes", {"on": False}),
        ([{"n": 1}, {"n": 2}], [{"n": 3}, {"n": 2}]),
        (5, "123456789012345678901234"),
    ],
    ids=["text and box", "rows without an order", "too many digits"],
)
def test_values_that_have_no_such_type_are_listed_and_null(predicted: Any, given: Any) -> None:
    field = FieldMapping(name="Field", prediction="guess", answer="given")
    document = correct({"guess": predicted}, [{"given": given}], field)

    assert document["document"] == {"guess": None}
    assert "written in the type of the prediction" in reasons(document)["Field"]
    assert not document["complete"]


def test_other_expressions_are_listed_unless_they_were_upheld() -> None:
    inputs = {"names": ["Ann", "Bob"], "model": {"first": None, "second": "x"}}
    joined = FieldMapping(name="Names", prediction="join(' ', names)", answer="names")
    choice = FieldMapping(name="Choice", prediction="model.first || model.second", answer="choice")
    document = correct(inputs, [{"names": "Ann Rob", "choice": "x"}], joined, choice)

    assert document["document"] == inputs
    assert statuses(document) == {"Names": "corrected", "Choice": "upheld"}
    assert "JMESPath expression" in reasons(document)["Names"]
    assert "Choice" not in reasons(document)
    assert not document["complete"]


def test_values_in_packed_texts_are_listed() -> None:
    inputs = {"model": json.dumps({"town": "Cork"})}
    field = FieldMapping(name="Town", prediction="model.town", answer="town")
    document = correct(inputs, [{"town": "Cobh"}], field)

    assert document["document"] == inputs
    assert "text with JSON" in reasons(document)["Town"]


LINES = [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}]


@pytest.mark.parametrize(
    ("prediction", "row_value"), [("lines", "quantity"), ("lines[*].quantity", None)]
)
def test_parts_of_rows_are_replaced(prediction: str, row_value: str | None) -> None:
    field = FieldMapping(
        name="Quantity",
        prediction=prediction,
        answer_name="quantity{number}",
        rows=True,
        row_value=row_value,
    )
    document = correct({"lines": LINES}, [{"quantity1": "1", "quantity2": "7"}], field)

    assert document["document"] == {"lines": [LINES[0], {"sku": "B", "quantity": 7}]}
    assert statuses(document) == {"Quantity[0]": "upheld", "Quantity[1]": "corrected"}
    assert document["complete"]


def test_rows_are_replaced_by_their_key_and_removed_ones_become_null() -> None:
    field = FieldMapping(
        name="Quantity", path="lines", rows=True, row_key="sku", row_value="quantity"
    )
    answer = {"lines": [{"sku": "B", "quantity": 7}]}
    document = correct({"lines": LINES}, [answer], field)

    assert document["document"]["lines"] == [
        {"sku": "A", "quantity": None},
        {"sku": "B", "quantity": 7},
    ]
    assert statuses(document) == {"Quantity[0]": "removed", "Quantity[1]": "corrected"}


def test_parts_of_rows_without_a_key_are_disputed_if_rows_were_removed() -> None:
    field = FieldMapping(name="Quantity", path="lines", rows=True, row_value="quantity")
    document = correct({"lines": LINES}, [{"lines": LINES[1:]}], field)

    # By position, the row of A would have the quantity of B.
    assert document["document"]["lines"] == [{**each, "quantity": None} for each in LINES]
    assert set(statuses(document).values()) == {"disputed"}


def test_rows_with_one_key_are_disputed() -> None:
    lines = [{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}]
    field = FieldMapping(
        name="Quantity", path="lines", rows=True, row_key="sku", row_value="quantity"
    )
    document = correct({"lines": lines}, [{"lines": lines[1:]}], field)

    assert set(statuses(document).values()) == {"disputed"}
    assert "row_key" in reasons(document)["Quantity[0]"]


def test_whole_rows_that_reviewers_added_are_appended() -> None:
    field = FieldMapping(name="Line", path="lines", rows=True, row_key="sku")
    added = {"sku": "C", "quantity": 3}
    document = correct({"lines": LINES}, [{"lines": [*LINES, added]}] * 2, field)

    assert document["document"] == {"lines": [*LINES, added]}
    assert statuses(document)["Line[2]"] == "added"
    assert document["complete"]


@pytest.mark.parametrize("lines", [None, "A", 5, {"sku": "A"}])
@pytest.mark.parametrize("prediction", ["lines", "lines[*].sku"])
def test_rows_are_not_appended_to_what_is_no_list(lines: Any, prediction: str) -> None:
    field = FieldMapping(name="Line", prediction=prediction, answer="lines", rows=True)
    document = correct({"lines": lines}, [{"lines": ["A", "B"]}], field)

    assert not document["complete"]
    assert document["document"]["lines"] in (lines, None)


@pytest.mark.parametrize("depth", [150, 900])
def test_inputs_that_are_nested_too_deeply_have_no_document(depth: int) -> None:
    deep: Any = "x"
    for _ in range(depth):
        deep = [deep]
    field = FieldMapping(name="Town", path="town")
    inputs = {"town": "Cork", "other": deep}

    output = parse(custom({"town": "Cobh"}, inputs=inputs))
    review = review_output(output, mapping=[field])
    if depth > MAX_DEPTH:
        with pytest.raises(NoCorrectedDocumentError, match="within each other"):
            correct_document(output, review, mapping=[field])
    else:
        assert correct_document(output, review, mapping=[field])["complete"]


def test_a_verdict_and_a_correction_of_one_value_agree() -> None:
    verdict = FieldMapping(
        name="Decision",
        prediction="draft",
        answer="decision",
        answer_values={"approve": "upheld", "edit": "rejected"},
    )
    text = FieldMapping(name="Text", prediction="draft", answer="edited", absent="upheld")
    edited = correct({"draft": "Helo"}, [{"decision": "edit", "edited": "Hello"}], verdict, text)
    approved = correct({"draft": "Hello"}, [{"decision": "approve"}], verdict, text)
    rejected = correct({"draft": "Helo"}, [{"decision": "edit"}], verdict, text)
    both = correct({"draft": "Helo"}, [{"decision": "approve", "edited": "Hi"}], verdict, text)

    assert edited["document"] == {"draft": "Hello"}
    assert statuses(edited) == {"Decision": "corrected", "Text": "corrected"}
    assert approved["document"] == {"draft": "Hello"}
    assert rejected["document"] == both["document"] == {"draft": None}
    assert [each["complete"] for each in (edited, approved, rejected, both)] == [
        *(True, True, False, False)
    ]


def test_fields_within_other_fields_are_disputed_if_one_of_them_changes() -> None:
    outer = FieldMapping(name="Address", path="address")
    inner = FieldMapping(name="Town", prediction="address.town", answer="town")
    inputs = {"address": {"town": "Cork"}}
    document = correct(inputs, [{"address": {"town": "Cork"}, "town": "Cobh"}], outer, inner)

    assert document["document"] == {"address": None}
    assert set(statuses(document).values()) == {"disputed"}


def test_fields_that_were_not_compared_are_null_and_listed() -> None:
    document = correct(
        {"guess": 5}, [{"drawn": {"boundingBoxes": []}}], FieldMapping(name="F", path="guess")
    )

    assert document["document"] == {"guess": None}
    assert reasons(document)["F"].endswith("answerNotFound")


def test_loops_that_nobody_answered_have_the_prediction() -> None:
    inputs = {"town": "Cork", "lines": LINES}
    document = correct(
        inputs,
        [],
        FieldMapping(name="Town", path="town"),
        FieldMapping(name="Q", path="lines", rows=True, row_value="quantity"),
        FieldMapping(name="F", path="length(town)"),
    )

    assert document["document"] == inputs
    assert [(each["key"], each["value"]) for each in document["fields"]] == [
        ("Town", "Cork"),
        ("Q[0]", 1),
        ("Q[1]", 2),
        ("F", 4),
    ]
    assert set(statuses(document).values()) == {"unreviewed"}
    assert not document["complete"]


@pytest.mark.parametrize("names", [("T", "T"), ("T", "T[0]")])
def test_names_that_do_not_distinguish_fields_are_refused(names: tuple[str, str]) -> None:
    output = parse(custom({"t": "x"}, inputs={"t": "y"}))
    mapping = [FieldMapping(name=name, path="t") for name in names]

    with pytest.raises(NoCorrectedDocumentError, match="another name"):
        correct_document(output, review_output(output, mapping=mapping), mapping=mapping)


ROWS = [
    FieldMapping(name="rows", path="a", rows=True),
    FieldMapping(name="parts", prediction="guess", answer="a", rows=True, row_value="x"),
    FieldMapping(name="keyed", prediction="guess", answer="b", rows=True, row_key="A"),
    FieldMapping(name="entries", prediction="guess[*].A", answer="a", rows=True),
    FieldMapping(name="last", prediction="guess[-1].A", answer="a"),
    FieldMapping(
        name="named", prediction="guess", answer_name="d.f[{index}]", rows=True, row_value="B"
    ),
    FieldMapping(name="inner", prediction="guess.A", answer="b"),
]
LISTS = st.lists(JSON, max_size=4) | JSON


@st.composite
def documents_with_rows(draw: st.DrawFn) -> dict[str, Any]:
    inputs = {"guess": draw(LISTS), "a": draw(LISTS)}
    content = st.dictionaries(st.sampled_from(["a", "b", "d.f[0]", "d.f[2]"]), LISTS)
    return {"humanAnswers": draw(answers(content)), "inputContent": inputs}


@given(documents_with_rows(), st.lists(st.sampled_from(ROWS), min_size=1, unique=True))
def test_any_rows_have_a_document(document: Any, mapping: list[FieldMapping]) -> None:
    output = parse_output(json.dumps(document), source="output.json")
    result = correct_document(output, review_output(output, mapping=mapping), mapping=mapping)

    if not result["notApplied"] and not any(
        each["status"] in ("corrected", "added", "removed", "disputed") for each in result["fields"]
    ):
        assert result["document"] == document["inputContent"]
    assert {*result["document"]} == {"guess", "a"}


@given(documents(), st.randoms(use_true_random=False))
def test_any_custom_task_has_a_document_whatever_the_order_of_answers(
    document: Any, chance: random.Random
) -> None:
    written = []
    for _ in range(2):
        output = parse_output(json.dumps(document), source="output.json")
        if output.task_type is not TaskType.CUSTOM:
            return
        review = review_output(output, mapping=MAPPING)
        result = correct_document(output, review, mapping=MAPPING)
        written.append(json.dumps(result, allow_nan=False))
        assert {*result["document"]} == {*output.inputs}
        reordered(document["humanAnswers"], chance)
    assert written[0] == written[1]

"""Corrected documents: the prediction with the reviewers' corrections, and never a wrong value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from docs_tools import corrected_docs
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.corrected_document import correct_document
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review_output import review_output
from tests.unit.documents import (
    PairOf,
    blocks_of,
    custom,
    forms,
    key_block,
    label,
    moderation,
    parse,
    word,
)

SAMPLES = Path(__file__).parents[2] / "local" / "samples" / "outputs"
SCHEMA = json.loads(corrected_docs.SCHEMA.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

#: Those of built-in tasks, and those with a mapping.
READABLE = sorted(
    path
    for path in SAMPLES.glob("*.json")
    if not Path(path.stem).suffix
    and (path.stem.startswith(("textract", "rekognition")) or path.stem.endswith("mapped"))
)


def correct(document: Any, *mapping: FieldMapping) -> dict[str, Any]:
    output = parse(document)
    return correct_document(output, review_output(output, mapping=mapping), mapping=mapping)


def correct_pairs(
    shown: Sequence[PairOf], *answers: Sequence[PairOf], unshown: Sequence[PairOf] = ()
) -> dict[str, Any]:
    return correct(
        forms(
            blocks_of(*shown),
            *[blocks_of(*answer) for answer in answers],
            unshown=blocks_of(*unshown),
        )
    )


def values(document: dict[str, Any]) -> list[tuple[str, Any, str]]:
    return [(each["key"], each["value"], str(each["status"])) for each in document["fields"]]


def test_fields_are_in_the_order_of_the_document_and_additions_follow() -> None:
    document = correct_pairs(
        [("Total", "5", "z"), ("Date", "1/1", "a")],
        [("Total", "6", "new"), ("Date", "1/1", "a"), ("Vat", "2", "v"), ("Code", "7", "c")],
        unshown=[("Name", "Ann", "m")],
    )

    assert values(document) == [
        ("Total", "6", "corrected"),
        ("Date", "1/1", "upheld"),
        ("Name", "Ann", "unreviewed"),
        ("Code", "7", "added"),
        ("Vat", "2", "added"),
    ]
    assert document["complete"]
    assert document["fields"][0]["blockIds"] == {"key": "z", "values": ["z-value"]}
    assert "blockIds" not in document["fields"][-1]


def test_values_without_a_majority_are_null_and_the_document_is_not_complete() -> None:
    shown: list[PairOf] = [("Total", "5", "t")]
    rejected = correct_pairs(
        shown, [("Total", "6", "a")], [("Total", "7", "b")], [("Total", "8", "c")]
    )
    tied = correct_pairs(shown, shown, [("Total", "6", "a")])

    assert values(rejected) == values(tied) == [("Total", None, "disputed")]
    assert not rejected["complete"]
    assert not tied["complete"]
    assert tied["fields"][0]["predicted"] == "5"


def test_removed_pairs_have_no_value_and_keep_their_key() -> None:
    document = correct_pairs([("Total", "5", "t"), ("Date", "1/1", "d")], [("Date", "1/1", "d")])

    assert values(document) == [("Total", None, "removed"), ("Date", "1/1", "upheld")]
    assert document["complete"]


def test_loops_that_nobody_answered_are_unreviewed_and_not_complete() -> None:
    document = correct_pairs([("Total", "5", "t")])

    assert values(document) == [("Total", "5", "unreviewed")]
    assert document["answerCount"] == 0
    assert not document["complete"]


def test_selection_elements_are_booleans() -> None:
    document = correct_pairs([("Paid", True, "p")], [("Paid", False, "q")])

    assert document["fields"][0]["predicted"] is True
    assert document["fields"][0]["value"] is False


def test_relabelled_pairs_have_the_key_of_the_majority() -> None:
    document = correct_pairs([("Policy", "POL-2211", "p")], [("Policy Number", "POL-2211", "new")])

    (field,) = document["fields"]
    assert (field["key"], field["predictedKey"]) == ("Policy Number", "Policy")
    assert (field["value"], field["status"]) == ("POL-2211", "corrected")


def test_keys_that_a_majority_replaced_by_different_ones_are_disputed() -> None:
    document = correct_pairs(
        [("Policy", "POL-2211", "p")],
        [("Policy Number", "POL-2211", "a")],
        [("Policy Holder", "POL-2211", "b")],
        [],
    )

    assert values(document) == [("Policy", None, "disputed")]


def test_duplicate_keys_have_their_own_values() -> None:
    shown: list[PairOf] = [("Date", "1/1", "a"), ("Date", "2/2", "b"), ("Date", "1/1", "c")]

    document = correct_pairs(shown, [shown[0], ("Date", "3/3", "new"), shown[2]])

    assert [(each["blockIds"]["key"], each["value"]) for each in document["fields"]] == [
        ("a", "1/1"),
        ("b", "3/3"),
        ("c", "1/1"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        [("Date", "3/3", "x"), ("Date", "4/4", "y")],
        [("Date", "3/3", "x")],
    ],
    ids=["both replaced", "one replaced and one removed"],
)
def test_values_are_disputed_if_it_is_not_known_which_of_the_same_keys_they_replace(
    answer: list[PairOf],
) -> None:
    document = correct_pairs([("Date", "1/1", "a"), ("Date", "2/2", "b")], answer)

    assert values(document) == [("Date", None, "disputed")] * 2
    assert not document["complete"]


def test_additions_of_a_minority_are_left_out_and_of_a_half_are_disputed() -> None:
    shown: list[PairOf] = [("Total", "5", "t")]
    added: list[PairOf] = [*shown, ("Vat", "2", "v")]

    assert values(correct_pairs(shown, shown, shown, added)) == [("Total", "5", "upheld")]
    assert values(correct_pairs(shown, shown, added)) == [
        ("Total", "5", "upheld"),
        ("Vat", None, "disputed"),
    ]


def test_unreadable_responses_have_no_document_rather_than_one_with_fields_missing() -> None:
    document = forms(blocks_of(("Total", "5", "t")), blocks_of(("Total", "5", "t")))
    document["inputContent"]["aiServiceResponse"]["blocks"].append({"id": 5})

    with pytest.raises(NoCorrectedDocumentError, match=r"aiServiceResponse\.blocks\[.*expected"):
        correct(document)


def test_outputs_without_the_full_response_have_the_shown_pairs() -> None:
    document = forms(blocks_of(("Total", "5", "t")), blocks_of(("Total", "5", "t")))
    del document["inputContent"]["aiServiceResponse"]

    assert values(correct(document)) == [("Total", "5", "upheld")]


def test_hostile_blocks_give_each_key_once() -> None:
    blocks = [
        *blocks_of(("Total", "5", "t")),
        *blocks_of(("Total", "9", "t")),  # the same ids
        key_block("lost", VALUE=["missing"], CHILD=["missing too"]),
        key_block("itself", VALUE=["itself"]),
        {**word("x", "null"), "text": None, "relationships": None},
    ]
    document = correct(forms(blocks, blocks))

    ids = [each["blockIds"]["key"] for each in document["fields"]]
    assert sorted(ids) == ["itself", "lost", "t"]
    assert {str(each["status"]) for each in document["fields"]} == {"upheld"}


def test_reviews_of_another_output_are_refused() -> None:
    one = parse(forms(blocks_of(("Total", "5", "t")), blocks_of(("Total", "5", "t"))))
    other = parse(forms(blocks_of(("Date", "5", "d")), blocks_of(("Date", "5", "d"))))

    with pytest.raises(ValueError, match="another output"):
        correct_document(one, review_output(other))


def test_moderation_labels_have_the_same_form() -> None:
    document = moderation(
        [label("Violence"), label("Weapons", "Violence"), label("Suggestive")],
        [label("Violence"), label("Alcohol")],
    )
    response = [label("Tobacco"), label("Suggestive"), label("Violence")]
    document["inputContent"]["aiServiceResponse"] = {"moderationLabels": response}

    assert values(correct(document)) == [
        ("Tobacco", True, "unreviewed"),
        ("Suggestive", None, "removed"),
        ("Violence", True, "upheld"),
        ("Violence/Weapons", None, "removed"),
        ("Alcohol", True, "added"),
    ]


def test_custom_tasks_without_a_mapping_have_none() -> None:
    with pytest.raises(NoCorrectedDocumentError, match="only with a mapping"):
        correct(custom({"town": "Cork"}, inputs={"town": "Cobh"}))


def test_documents_name_no_reviewer() -> None:
    text = (SAMPLES / "textract-invoice.json").read_text(encoding="utf-8")
    output = parse_output(text, source="output.json")
    document = json.dumps(correct_document(output, review_output(output)))

    identities = [answer.worker_id for answer in output.answers]
    assert identities
    assert all(each and each not in document for each in identities)
    assert "workerId" in text
    assert "worker" not in document


def test_schema_is_generated_from_the_definition() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert corrected_docs.SCHEMA.read_text(encoding="utf-8") == corrected_docs.written(), (
        "make schema"
    )


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.stem)
def test_documents_of_the_samples_are_of_the_schema(path: Path) -> None:
    _, document = corrected_docs.corrected(path.stem)

    VALIDATOR.validate(json.loads(json.dumps(document, allow_nan=False)))

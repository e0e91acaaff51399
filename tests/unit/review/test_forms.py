"""Forms: what the blocks say, and which pair of the model became which of each reviewer."""

from __future__ import annotations

from typing import Any

import pytest
from human_loop_reviews.document import Place
from human_loop_reviews.forms import read_form
from human_loop_reviews.review import Verdict

from .documents import (
    Block,
    blocks_of,
    fields,
    forms,
    key_block,
    links,
    review,
    value_block,
    verdicts,
    word,
)


def read(*blocks: Block) -> list[tuple[str, Any]]:
    form = read_form({"blocks": list(blocks)}, Place("output.json"))
    return [(pair.key, pair.value.shown) for pair in form.pairs]


def box(block_id: str, status: str) -> Block:
    return {"blockType": "SELECTION_ELEMENT", "id": block_id, "selectionStatus": status}


def test_key_and_value_are_their_words() -> None:
    assert read(*blocks_of(("Invoice  Total :", "EUR 148.99", "k"))) == [
        ("Invoice Total", "EUR 148.99")
    ]


def test_trailing_colons_of_any_kind_do_not_belong_to_the_key() -> None:
    assert read(*blocks_of(("合計\uff1a", "5", "k1"), ("A:B ::", "5", "k2"))) == [
        ("合計", "5"),
        ("A:B", "5"),
    ]


def test_text_of_a_block_goes_before_its_words() -> None:
    blocks = blocks_of(("Old", "old", "k"))
    blocks[2]["text"], blocks[3]["text"] = "New:", "new"
    assert read(*blocks) == [("New", "new")]


def test_key_without_a_value_has_an_empty_one() -> None:
    assert read({**key_block("k"), "text": "Policy Number"}) == [("Policy Number", "")]
    assert read(key_block("k", VALUE=["v"]), value_block("v")) == [("", "")]


def test_lone_selection_element_is_yes_or_no() -> None:
    assert read(*blocks_of(("Paid", True, "k1"), ("Due", False, "k2"))) == [
        ("Paid", True),
        ("Due", False),
    ]


def test_selection_element_beside_words_is_named() -> None:
    blocks = [key_block("k", VALUE=["v"]), value_block("v", "s", "w")]
    assert read(*blocks, box("s", "SELECTED"), word("Yes", "w")) == [("", "SELECTED Yes")]
    assert read(*blocks, box("s", "BLURRED"), word("Yes", "w")) == [("", "BLURRED Yes")]


def test_ids_that_point_nowhere_are_passed_over() -> None:
    blocks = [key_block("k", VALUE=["gone", "v"], CHILD=["w", "gone"]), value_block("v", "gone")]
    assert read(*blocks, word("Total", "w")) == [("Total", "")]


def test_several_values_are_one_text() -> None:
    blocks = [key_block("k", VALUE=["v1", "v2"]), value_block("v1", "a"), value_block("v2", "s")]
    assert read(*blocks, word("A", "a"), box("s", "NOT_SELECTED")) == [("", "A NOT_SELECTED")]


def test_value_may_point_directly_to_words_or_a_box() -> None:
    assert read(key_block("k", VALUE=["w"]), word("A", "w")) == [("", "A")]
    assert read(key_block("k", VALUE=["s"]), box("s", "SELECTED")) == [("", True)]


def test_relationships_of_one_kind_add_up() -> None:
    block = key_block("k", CHILD=["a"])
    block["relationships"] += links(CHILD=["b"])
    assert read(block, word("A", "a"), word("B", "b")) == [("A B", "")]


def test_blocks_that_share_an_id_count_once_whatever_their_order() -> None:
    one, other = blocks_of(("Total", "1", "k")), blocks_of(("Total", "2", "k"))
    assert read(*one, *one) == read(*one)
    assert read(*one, *other) == read(*other, *one) == read(*reversed([*one, *other]))


def test_values_without_key_and_other_blocks_say_nothing() -> None:
    page = {"blockType": "PAGE", "id": "p", "relationships": links(CHILD=["k"])}
    assert read(page, value_block("v", "w"), word("A", "w"), word("B", "x")) == []


def test_confidence_is_that_of_the_key_or_else_of_its_value() -> None:
    value = {**value_block("v"), "confidence": 7}
    form = read_form({"blocks": [key_block("k", VALUE=["v"]), value]}, Place("output.json"))
    assert form.pairs[0].confidence == 7.0


# Which pair became which


def test_untouched_pair_is_confirmed_with_its_confidence() -> None:
    shown = blocks_of(("Total:", "5", "k"), confidence=41.29)
    field = fields(forms(shown, blocks_of(("Total:", "5", "k"))))["Total"]
    assert (field.verdict, field.confidence, field.predicted) == ("confirmed", 41.29, "5")


def test_value_is_compared_after_folding_white_space_and_unicode() -> None:
    shown = blocks_of(("Café", "Cafe\u0301  \u00a0Central", "k"))
    assert verdicts(forms(shown, blocks_of(("Cafe\u0301", "Café Central", "x")))) == {
        "Café": "confirmed"
    }


@pytest.mark.parametrize(("typed", "verdict"), [("5", "confirmed"), ("6", "corrected")])
def test_typed_pair_is_matched_by_its_key(typed: str, verdict: str) -> None:
    shown = blocks_of(("Total :", "5", "k"))
    assert verdicts(forms(shown, blocks_of(("Total", typed, "typed")))) == {"Total": verdict}


def test_case_of_a_key_counts() -> None:
    shown = blocks_of(("Total", "5", "k"))
    assert verdicts(forms(shown, blocks_of(("TOTAL", "6", "typed")))) == {
        "Total": "removed",
        "TOTAL": "added",
    }


@pytest.mark.parametrize(("typed", "verdict"), [("5", "confirmed"), ("6", "corrected")])
def test_alias_of_the_flow_is_the_same_key(typed: str, verdict: str) -> None:
    document = forms(
        blocks_of(("Amount  due:", "5", "k")),
        blocks_of(("Total", typed, "typed")),
        aliases=[("Total:", "Amount due"), ("Total", "Sum"), ("*", "Amount due")],
    )
    assert verdicts(document) == {"Total": verdict}


def test_key_renamed_in_place_is_relabelled_unless_it_is_an_alias() -> None:
    shown = blocks_of(("Policy:", "X", "k"))
    answer = blocks_of(("Policy Number:", "X", "k"))
    assert verdicts(forms(shown, answer)) == {"Policy Number": "relabelled"}
    assert verdicts(forms(shown, answer, aliases=[("Policy Number", "Policy")])) == {
        "Policy Number": "confirmed"
    }
    changed = blocks_of(("Policy Number:", "Y", "k"))
    assert verdicts(forms(shown, changed)) == {"Policy Number": "corrected"}


def test_value_that_stood_under_another_shown_key_is_relabelled() -> None:
    document = forms(
        blocks_of(("Policy:", "X", "k"), confidence=62.0), blocks_of(("Policy Number", "X", "new"))
    )
    field = fields(document)["Policy Number"]
    assert (field.verdict, field.predicted, field.confidence) == ("relabelled", "X", 62.0)
    assert review(document).counts[Verdict.REMOVED] == 0


def test_value_that_stood_under_a_key_nobody_was_shown_is_relabelled() -> None:
    document = forms(
        [],
        blocks_of(("Policy Number", "X", "new")),
        unshown=blocks_of(("Policy:", "X", "k"), ("Other", "Y", "o"), confidence=62.0),
    )
    field = fields(document)["Policy Number"]
    assert (field.verdict, field.predicted, field.confidence) == ("relabelled", "X", 62.0)


@pytest.mark.parametrize("key", ["Total:", "Amount due"])
def test_value_the_model_read_under_the_same_key_unshown_is_confirmed(key: str) -> None:
    document = forms(
        [],
        blocks_of(("Total", "5", "new")),
        unshown=blocks_of((key, "5", "k"), ("Another", "5", "o")),
        aliases=[("Total", "Amount due")],
    )
    assert verdicts(document) == {"Total": "confirmed"}


def test_value_still_shown_under_its_key_is_added_under_another() -> None:
    shown = blocks_of(("Policy:", "X", "k"))
    assert verdicts(forms(shown, [*shown, *blocks_of(("Copy", "X", "new"))])) == {
        "Copy": "added",
        "Policy": "confirmed",
    }


def test_ticked_box_does_not_say_where_it_came_from() -> None:
    shown = blocks_of(("Insured", True, "k"))
    assert verdicts(forms(shown, blocks_of(("Fragile", True, "new")))) == {
        "Fragile": "added",
        "Insured": "removed",
    }


def test_malformed_full_response_is_of_no_use_but_no_error() -> None:
    document = forms([], blocks_of(("Total", "5", "new")), unshown=[{"id": 5}])
    assert verdicts(document) == {"Total": "added"}


def test_pairs_with_the_same_key_are_matched_by_equal_values_first() -> None:
    shown = blocks_of(("Name", "One", "a"), ("Name", "Two", "b"), ("Name", "Three", "c"))
    answer = blocks_of(("Name", "Two", "x"), ("Name", "Thee", "y"), ("Name", "One", "z"))
    got = [(f.predicted, f.consensus, f.verdict) for f in review(forms(shown, answer)).fields]
    assert sorted(got) == [
        ("One", "One", "confirmed"),
        ("Three", "Thee", "corrected"),
        ("Two", "Two", "confirmed"),
    ]


def test_pairs_added_under_the_same_key_belong_together_by_value() -> None:
    one = blocks_of(("Item", "A", "a"), ("Item", "B", "b"))
    other = blocks_of(("Item", "A", "x"), ("Item", "C", "y"))
    got = [(f.reviewers, f.verdict) for f in review(forms([], one, other)).fields]
    assert sorted(got, key=str) == [
        (("A", "A"), "added"),
        (("B", None), "disputed"),
        ((None, "C"), "disputed"),
    ]


def test_empty_value_is_nothing_unless_the_model_said_so() -> None:
    shown = blocks_of(("Given", "X", "a"), ("Empty", "", "b"), ("Blank", None, "c"))
    emptied = blocks_of(("Given", "", "a"), ("Empty", "", "b"), ("Blank", "new", "c"))
    assert verdicts(forms(shown, [*emptied, *blocks_of(("Extra", "", "d"))])) == {
        "Given": "removed",
        "Empty": "confirmed",
        "Blank": "corrected",
    }
    assert verdicts(forms(shown, [])) == dict.fromkeys(("Given", "Empty", "Blank"), "removed")


def test_name_is_the_key_that_most_reviewers_gave() -> None:
    shown = blocks_of(("Nr", "5", "k"))
    answers = [blocks_of((key, "5", "k")) for key in ("Number", "No", "Number")]
    assert verdicts(forms(shown, *answers)) == {"Number": "relabelled"}


def test_relabelling_by_the_majority_keeps_what_the_others_said() -> None:
    shown = blocks_of(("Policy", "X", "k"))
    moved = blocks_of(("Policy Number", "X", "new"))
    field = fields(forms(shown, moved, moved, shown))["Policy Number"]
    assert (field.verdict, field.reviewers) == ("relabelled", ("X", "X", "X"))


def test_only_the_shown_prediction_is_judged() -> None:
    document = forms(
        blocks_of(("Total", "5", "k")),
        blocks_of(("Total", "5", "k")),
        unshown=blocks_of(("Vendor", "Example", "u")),
    )
    assert verdicts(document) == {"Total": "confirmed"}

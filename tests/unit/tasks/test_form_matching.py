"""Form matching: which of a reviewer's pairs belongs to which of the model's."""

from __future__ import annotations

import pytest

from human_loop_reviews.review.verdicts import Verdict
from tests.unit.documents import blocks_of, fields, forms, review, verdicts


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
    got = [(f.answers, f.verdict) for f in review(forms([], one, other)).fields]
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
    assert (field.verdict, field.answers) == ("relabelled", ("X", "X", "X"))


def test_only_the_shown_prediction_is_judged() -> None:
    document = forms(
        blocks_of(("Total", "5", "k")),
        blocks_of(("Total", "5", "k")),
        unshown=blocks_of(("Vendor", "Example", "u")),
    )
    assert verdicts(document) == {"Total": "confirmed"}

"""Form matching: which of a reviewer's pairs belongs to which of the model's."""

from __future__ import annotations

import json
import time
from itertools import permutations

import pytest

from human_loop_reviews.outcome_values import Verdict
from human_loop_reviews.tasks.form_matching import MAX_FORM_FIELDS, MAX_VOTES
from tests.unit.documents import (
    Block,
    blocks_of,
    error_of,
    fields,
    forms,
    key_block,
    review,
    value_block,
    verdicts,
)


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


def test_case_of_a_key_does_not_count() -> None:
    shown = blocks_of(("TOTAL", "5", "k"))
    for typed, verdict in (("5", "confirmed"), ("6", "corrected")):
        field = fields(forms(shown, blocks_of(("Total", typed, "typed"))))["Total"]
        assert (field.verdict, field.predicted_name) == (verdict, "TOTAL")


def test_case_of_a_key_counts_on_a_page_with_both() -> None:
    shown = blocks_of(("Total", "5", "a"), ("TOTAL", "15", "b"))
    answer = blocks_of(("TOTAL", "16", "x"), ("Total", "5", "y"))
    assert verdicts(forms(shown, answer)) == {"Total": "confirmed", "TOTAL": "corrected"}
    assert verdicts(forms(shown, blocks_of(("TOTAL", "15", "x"), ("total", "5", "y")))) == {
        "TOTAL": "confirmed",
        "total": "confirmed",
    }
    renamed = forms(shown, blocks_of(("TOTAL", "5", "a"), ("TOTAL", "15", "b")))
    assert sorted(field.verdict or "" for field in review(renamed).fields) == [
        "confirmed",
        "relabelled",
    ]


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
    assert review(document).verdict_counts[Verdict.REMOVED] == 0


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
    assert verdicts(forms(shown, [])) == {
        "Given": "removed",
        "Empty": "confirmed",
        "Blank": "confirmed",
    }


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


# Keys are voted on


@pytest.mark.parametrize("key", ["Sum", "Zum"])
def test_verdict_does_not_depend_on_where_a_new_key_stands_in_the_alphabet(key: str) -> None:
    shown = blocks_of(("Total", "148.99", "k"), confidence=62.0)
    kept, renamed = shown, blocks_of((key, "148.99", "k"))
    for answers, name, verdict in (
        ([renamed], key, "relabelled"),
        ([kept, renamed], "Total", "disputed"),
        ([kept, kept, renamed], "Total", "confirmed"),
        ([kept, renamed, renamed], key, "relabelled"),
    ):
        field = fields(forms(shown, *answers))[name]
        assert (field.verdict, field.confidence) == (verdict, 62.0)


def test_two_new_keys_are_a_majority_against_the_models() -> None:
    shown = blocks_of(("Total", "148.99", "k"))
    answers = [blocks_of((key, "148.99", "new")) for key in ("Sum", "Zum")]
    for document in (forms(shown, *answers), forms(shown, *reversed(answers))):
        field = fields(document)["Total"]
        assert (field.verdict, field.model_correct) == ("relabelled", False)
        assert field.reviewer_agreement == 0.0


def test_alias_upholds_the_prediction() -> None:
    shown = blocks_of(("Policy:", "X", "k"))
    answers = [blocks_of((key, "X", "k")) for key in ("Policy", "Policy Number", "Policy No")]
    aliases = [("Policy Number", "Policy", "Policy No")]
    field = fields(forms(shown, *answers, aliases=aliases))["Policy"]
    assert (field.verdict, field.upheld_share, field.reviewer_agreement) == ("confirmed", 1, 1)


# What was not shown


UNSHOWN = blocks_of(("Policy Number", "AG-1", "u"), confidence=97.0)


@pytest.mark.parametrize("key", ["Policy Number", "POLICY NUMBER:", "Policy No"])
def test_key_that_was_not_shown_is_matched_before_values(key: str) -> None:
    document = forms(
        [],
        blocks_of((key, "AG-2", "new")),
        unshown=[*UNSHOWN, *blocks_of(("Policy", "AG-2", "other"), confidence=50.0)],
        aliases=[("Policy Number", "Policy No")],
    )
    (field,) = review(document).fields
    assert (field.verdict, field.model_correct, field.shown) == ("corrected", False, False)
    assert (field.predicted, field.confidence) == ("AG-1", 97.0)
    assert review(document).agreement is None


def test_box_that_was_not_shown_is_matched_by_its_key() -> None:
    document = forms(
        [], blocks_of(("Insured", True, "new")), unshown=blocks_of(("Insured", False, "u"))
    )
    field = fields(document)["Insured"]
    assert (field.verdict, field.predicted, field.shown) == ("corrected", False, False)


def test_key_that_was_not_shown_goes_before_a_shown_pair_with_the_value() -> None:
    shown = blocks_of(("Policy", "AG-2000", "k"))
    document = forms(shown, blocks_of(("Policy Number", "AG-2000", "new")), unshown=UNSHOWN)
    assert verdicts(document) == {"Policy": "removed", "Policy Number": "corrected"}


def test_silence_on_what_was_not_shown_says_nothing_about_it() -> None:
    added = blocks_of(("Policy Number", "AG-2", "new"))
    for answers, verdict, shown in (
        ([added, []], "disputed", None),
        ([added, [], []], None, None),
        ([added, added, []], "corrected", False),
    ):
        field = fields(forms([], *answers, unshown=UNSHOWN))["Policy Number"]
        assert (field.verdict, field.shown) == (verdict, shown)
        assert field.model_correct is (None if shown is None else False)


def test_of_several_keys_that_were_not_shown_that_with_the_value_is_meant() -> None:
    unshown = blocks_of(("Date", "1 May", "a"), ("Date", "2 May", "b"))
    document = forms([], blocks_of(("Date", "2 May", "new")), unshown=unshown)
    assert verdicts(document) == {"Date": "confirmed"}
    # Nothing says which of the two was wrong.
    document = forms([], blocks_of(("Date", "3 May", "new")), unshown=unshown)
    assert verdicts(document) == {"Date": "added"}
    both = blocks_of(("Date", "2 May", "new"), ("Date", "3 May", "newer"))
    got = {
        (f.predicted, f.consensus, f.verdict)
        for f in review(forms([], both, unshown=unshown)).fields
    }
    assert got == {("2 May", "2 May", "confirmed"), ("1 May", "3 May", "corrected")}


# Evidence for another key


def test_short_value_under_another_key_is_no_evidence() -> None:
    document = forms([], blocks_of(("Quantity", "1", "new")), unshown=blocks_of(("Page", "1", "u")))
    assert verdicts(document) == {"Quantity": "added"}
    shown = blocks_of(("Page", "1", "k"))
    assert verdicts(forms(shown, blocks_of(("Quantity", "1", "new")))) == {
        "Page": "removed",
        "Quantity": "added",
    }


@pytest.mark.parametrize(
    ("key", "value", "relabelled"),
    [
        ("Page Number", "1", True),
        ("page", "1", True),
        ("Pages", "1", False),
        ("Quantity", "AG-1", False),
        ("Quantity", "AG-10", True),
        ("Quantity", "A G 1 0", True),
        ("Quantity", "----", False),
    ],
)
def test_likely_key_or_distinctive_value_is_evidence(
    key: str, value: str, relabelled: bool
) -> None:
    model, typed = blocks_of(("Page", value, "u")), blocks_of((key, value, "new"))
    for document in (forms([], typed, unshown=model), forms(model, typed)):
        moved = {field.name for field in review(document).fields if field.predicted} == {key}
        assert moved is (relabelled or key == "page")


def test_value_under_several_keys_is_not_distinctive() -> None:
    unshown = blocks_of(("Seller", "Example Ltd", "a"), ("Payee", "Example Ltd", "b"))
    typed = blocks_of(("Company", "Example Ltd", "new"))
    assert verdicts(forms([], typed, unshown=unshown)) == {"Company": "added"}
    shown = blocks_of(("Seller", "Example Ltd", "k"))
    assert verdicts(forms(shown, typed, unshown=unshown[-4:])) == {
        "Seller": "removed",
        "Company": "added",
    }


@pytest.mark.parametrize("shown", [True, False])
def test_no_pair_of_the_model_serves_two_fields(shown: bool) -> None:
    model = blocks_of(("Policy", "AG-1000", "k"))
    typed = blocks_of(
        ("Client", "AG-1000", "x"), ("Contract", "AG-1000", "y"), ("Policy Number", "AG-1000", "z")
    )
    document = forms(model, typed) if shown else forms([], typed, unshown=model)
    assert verdicts(document) == {
        "Client": "added",
        "Contract": "added",
        "Policy Number": "relabelled",
    }


# Several pairs of one key


def test_one_of_two_dates_is_corrected() -> None:
    shown = blocks_of(("Date", "1 May", "a"), ("Date", "2 May", "b"))
    answer = blocks_of(("Date", "3 May", "x"), ("Date", "1 May", "y"))
    got = {
        (field.predicted, field.consensus, field.verdict)
        for field in review(forms(shown, answer)).fields
    }
    assert got == {("1 May", "1 May", "confirmed"), ("2 May", "3 May", "corrected")}


def test_reviewers_who_give_one_value_correct_one_pair() -> None:
    shown = blocks_of(("Date", "1 May", "a"), ("Date", "2 May", "b"))
    answers = [
        blocks_of(("Date", "7 May", "x"), ("Date", "8 May", "y")),
        blocks_of(("Date", "8 May", "x")),
        blocks_of(("Date", "1 May", "a"), ("Date", "8 May", "y")),
    ]
    for order in permutations(answers):
        got = {field.predicted: field for field in review(forms(shown, *order)).fields}
        assert got["2 May"].consensus == "8 May"
        assert got["2 May"].verdict == "corrected"
        assert got["1 May"].verdict == "disputed"


def test_ids_and_order_of_typed_pairs_do_not_matter() -> None:
    shown = blocks_of(("Date", "1 May", "a"), ("Date", "2 May", "b"), ("Date", "3 May", "c"))
    typed = ["7 May", "8 May", "3 May"]
    outcomes = {
        str([(field.predicted, field.consensus) for field in review(forms(shown, answer)).fields])
        for order in permutations(typed)
        for answer in [blocks_of(*[("Date", value, f"t{n}") for n, value in enumerate(order)])]
    }
    assert len(outcomes) == 1


# Limits


def many(count: int, prefix: str, value: str = "5") -> list[Block]:
    """Return blocks of many keys, each with a text of its own."""
    return [
        {**key_block(f"{prefix}{n}", VALUE=[f"v{prefix}{n}"]), "text": f"{prefix}{n}"}
        for n in range(count)
    ] + [{**value_block(f"v{prefix}{n}"), "text": value} for n in range(count)]


@pytest.mark.full
def test_fields_are_limited() -> None:
    answers = [many(MAX_FORM_FIELDS // 2, "a"), many(MAX_FORM_FIELDS // 2, "b")]
    assert len(review(forms([], *answers)).fields) == MAX_FORM_FIELDS
    message = error_of(json.dumps(forms(many(1, "c"), *answers)))
    assert message == "humanAnswers: expected at most 50,000 fields"


@pytest.mark.full
def test_votes_are_limited() -> None:
    # A hundred reviewers who have no pair in common.
    answers = [many(100, f"r{reviewer}-") for reviewer in range(100)]
    assert len(review(forms([], *answers)).fields) * 100 == MAX_VOTES
    answers[0] = many(101, "r0-")
    start = time.process_time()
    message = error_of(json.dumps(forms([], *answers)))
    assert message == "humanAnswers: expected at most 1,000,000 votes, one per field and answer"
    assert time.process_time() - start < 5


@pytest.mark.slow
def test_one_value_under_many_keys_is_compared_in_linear_time() -> None:
    start = time.process_time()
    fields = review(forms(many(5_000, "a"), many(5_000, "b"), unshown=many(5_000, "c"))).fields
    assert len(fields) == 10_000
    assert time.process_time() - start < 5


@pytest.mark.slow
def test_one_key_with_many_values_is_compared_in_linear_time() -> None:
    shown = blocks_of(*[("Item", f"a{n}", f"s{n}") for n in range(5_000)])
    answers = [blocks_of(*[("Item", f"b{n}", f"t{n}") for n in range(5_000)])] * 2
    start = time.process_time()
    assert len(review(forms(shown, *answers)).fields) == 5_000
    assert time.process_time() - start < 8

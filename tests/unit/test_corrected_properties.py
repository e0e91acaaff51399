"""What holds of any corrected form: it has every key once, and no value that nobody decided."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.task_type import FORMS
from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.corrected_document import correct_document
from human_loop_reviews.outcome_values import FieldStatus
from human_loop_reviews.review.values import Value, text_value
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.form_blocks import Pair, read_form
from tests.unit.documents import PairOf, blocks_of, forms
from tests.unit.test_properties import CONDITIONS, FORM, answers, reordered, shuffled

KEYS = st.sampled_from(["Total", "total", "Total due", "Date", "Name", ""])
VALUES = st.sampled_from(["5", "6", "INV-1", "INV-2", "", "2026-03-14"]) | st.booleans()


@st.composite
def reviewed_forms(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a form of which reviewers kept, replaced, removed, relabelled and added pairs."""
    pairs = draw(st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=5))
    model: list[PairOf] = [(key, value, f"k{place}") for place, (key, value) in enumerate(pairs)]
    shown = model[: draw(st.integers(1, len(model)))]
    given = []
    for reviewer in range(draw(st.integers(0, 4))):
        answer: list[PairOf] = []
        for key, value, pair_id in shown:
            new_id = f"{pair_id}-{reviewer}"
            answer += draw(
                st.sampled_from(
                    [
                        [(key, value, pair_id)],
                        [(key, draw(VALUES), new_id)],
                        [(draw(KEYS), value, new_id)],
                        [],
                    ]
                )
            )
        if draw(st.booleans()):
            answer.append((draw(KEYS), draw(VALUES), f"added-{reviewer}"))
        given.append(blocks_of(*answer))
    aliases = draw(st.sampled_from([[], [("Total", "Total due")]]))
    return forms(
        blocks_of(*shown), *given, unshown=blocks_of(*model[len(shown) :]), aliases=aliases
    )


@st.composite
def tangled_forms(draw: st.DrawFn) -> dict[str, Any]:
    """Draw blocks with ids that repeat, that nothing has, and that refer to each other."""
    return {
        "awsManagedHumanLoopRequestSource": FORMS,
        "humanAnswers": draw(answers(st.fixed_dictionaries({}, optional={FORMS: FORM}))),
        "inputContent": {
            "aiServiceResponse": draw(FORM),
            "humanTaskActivationConditionResults": draw(CONDITIONS),
            "selectedAiServiceResponse": draw(FORM),
        },
    }


ANY_FORM = reviewed_forms() | tangled_forms()


def corrected(document: dict[str, Any]) -> dict[str, Any]:
    output = parse_output(json.dumps(document), source="output.json")
    return correct_document(output, review_output(output))


def pairs_of(content: Any) -> dict[str, Pair]:
    return {pair.id: pair for pair in read_form(content, Place("output.json")).pairs}


def as_written(value: Value) -> Any:
    return value.comparison_key if isinstance(value.comparison_key, str) else value.display


@given(ANY_FORM)
def test_every_predicted_key_appears_once(document: Any) -> None:
    inputs = document["inputContent"]
    predicted = pairs_of(inputs["aiServiceResponse"]) | pairs_of(
        inputs["selectedAiServiceResponse"]
    )
    fields = [each for each in corrected(document)["fields"] if "blockIds" in each]

    assert sorted(each["blockIds"]["key"] for each in fields) == sorted(predicted)
    for each in fields:
        pair = predicted[each["blockIds"]["key"]]
        assert each.get("predictedKey", each["key"]) == pair.key
        assert each["predicted"] == pair.value.display


@given(ANY_FORM)
def test_no_value_but_of_the_model_or_of_a_majority(document: Any) -> None:
    given_by = [
        {as_written(pair.value) for pair in pairs_of(answer["answerContent"].get(FORMS)).values()}
        for answer in document["humanAnswers"]
    ]
    result = corrected(document)
    for each in result["fields"]:
        value = each["value"]
        if each["status"] in (FieldStatus.REMOVED, FieldStatus.DISPUTED):
            assert value is None
        elif each["status"] in (FieldStatus.UPHELD, FieldStatus.UNREVIEWED):
            assert value == each["predicted"]
            assert type(value) is type(each["predicted"])
        else:
            text = text_value(value).comparison_key if isinstance(value, str) else value
            assert 2 * sum(text in given for given in given_by) > len(given_by)
    disputed = any(each["status"] is FieldStatus.DISPUTED for each in result["fields"])
    assert result["complete"] == (bool(given_by) and not disputed)


@st.composite
def truly_reviewed_forms(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, tuple[str, Any]]]:
    """Draw a form that all reviewers corrected alike, and what it says, by the ids of keys.

    A2I keeps the ids of what a reviewer leaves as it is, and gives others new ones.
    """
    pairs = draw(st.lists(st.tuples(KEYS.filter(bool), VALUES), min_size=1, max_size=5))
    shown: list[PairOf] = [(key, value, f"k{place}") for place, (key, value) in enumerate(pairs)]
    truth: dict[str, tuple[str, Any]] = {}
    answer: list[PairOf] = []
    for key, value, pair_id in shown:
        said = draw(st.sampled_from([(key, value), (key, draw(VALUES)), None]))
        if said is not None:
            truth[pair_id] = said
            answer.append((*said, pair_id if said == (key, value) else f"{pair_id}-new"))
    given = [blocks_of(*answer)] * draw(st.integers(1, 3))
    return forms(blocks_of(*shown), *given), truth


@given(truly_reviewed_forms())
def test_what_all_reviewers_say_is_in_its_place_or_disputed(form: Any) -> None:
    document, truth = form
    fields = corrected(document)["fields"]
    values: dict[str, set[Any]] = {}
    for key, value in truth.values():
        values.setdefault(key, set()).add(repr(value))
    for each in fields:
        if each["status"] == FieldStatus.DISPUTED:
            continue
        said = truth.get(each.get("blockIds", {}).get("key"))
        in_place = (each["value"] or "") == (said[1] if said else "")
        # Of several pairs with one key, one can have the value that another one had.
        assert (
            in_place or each["value"] in (None, "") or (repr(each["value"]) in values[each["key"]])
        )
    if all(each["status"] != FieldStatus.DISPUTED for each in fields):
        written = [
            (each["key"], each["value"]) for each in fields if each["value"] not in (None, "")
        ]
        said = [pair for pair in truth.values() if pair[1] != ""]
        assert sorted(map(repr, written)) == sorted(map(repr, said))


@given(ANY_FORM, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(document: Any, chance: random.Random) -> None:
    other = {**document, "humanAnswers": reordered([*document["humanAnswers"]], chance)}

    assert json.dumps(corrected(document)) == json.dumps(corrected(other))


@given(ANY_FORM, st.randoms(use_true_random=False))
def test_the_order_of_blocks_determines_that_of_fields_only(
    document: Any, chance: random.Random
) -> None:
    one, other = [
        sorted(json.dumps(field) for field in corrected(each)["fields"])
        for each in (document, shuffled(document, chance))
    ]
    assert one == other


@given(ANY_FORM, st.integers(1, 3))
def test_documents_that_all_reviewers_upheld_equal_the_prediction(
    document: Any, reviewers: int
) -> None:
    shown = document["inputContent"]["selectedAiServiceResponse"]
    upheld = {**document, "humanAnswers": [{"answerContent": {FORMS: shown}}] * reviewers}
    result = corrected(upheld)

    assert result["complete"]
    for each in result["fields"]:
        assert each["value"] == each["predicted"]
        assert "predictedKey" not in each
        assert each["status"] in (FieldStatus.UPHELD, FieldStatus.UNREVIEWED)


@pytest.mark.parametrize("status", FieldStatus)
@pytest.mark.full
def test_generated_forms_reach_every_status(status: FieldStatus) -> None:
    def reached(document: Any) -> bool:
        return status in {each["status"] for each in corrected(document)["fields"]}

    find(reviewed_forms(), reached, settings=settings(max_examples=20_000, phases=[Phase.generate]))

"""Rows with an input each: an input belongs to the row that its name states."""

# ruff: noqa: RUF001 (digits of other scripts)
from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.verdicts import FieldReview
from human_loop_reviews.tasks.mapped_rows import MAX_ROWS
from tests.examples import examples
from tests.unit.documents import custom, fields


def translations(**changes: Any) -> FieldMapping:
    settings = {
        "name": "T",
        "prediction": "pairs",
        "rows": True,
        "row_value": "text",
        "answer_name": "text{number}",
    }
    return FieldMapping(**{**settings, **changes})


def pairs(*texts: Any) -> dict[str, Any]:
    return {"pairs": [{"id": f"e{index:02}", "text": text} for index, text in enumerate(texts)]}


def verdicts(found: dict[str, FieldReview]) -> dict[str, str | None]:
    return {name: field.verdict or field.note for name, field in found.items()}


def test_twelve_identical_rows_are_all_confirmed() -> None:
    content = {f"text{number}": f"s{number}" for number in sorted(range(1, 13), key=str)}
    document = custom(content, inputs=pairs(*[f"s{number}" for number in range(1, 13)]))
    found = fields(document, translations())
    assert [*found] == [f"T[{index}]" for index in range(12)]
    assert {field.verdict for field in found.values()} == {"confirmed"}


@pytest.mark.parametrize("expression", ["values(@)", "*", "values(@)[?@]", "[text1, keys(@)]"])
def test_rows_are_never_paired_by_the_order_of_keys(expression: str) -> None:
    content = {f"text{number}": f"s{number}" for number in range(1, 13)}
    mapping = FieldMapping(name="T", prediction="pairs[*].text", answer=expression, rows=True)
    document = custom(content, inputs=pairs(*[f"s{number}" for number in range(1, 13)]))
    assert mapping.pairs_by_order_of_keys
    assert verdicts(fields(document, mapping)) == {"T": "ambiguousRows"}


def test_values_with_a_key_are_paired_by_it() -> None:
    mapping = FieldMapping(name="T", path="values(rows)", rows=True, row_key="id", row_value="n")
    inputs = {"rows": {"a": {"id": 1, "n": "x"}, "b": {"id": 2, "n": "y"}}}
    given = {"rows": {"b": {"id": 2, "n": "y"}, "c": {"id": 1, "n": "x"}}}
    assert not mapping.pairs_by_order_of_keys
    assert {*verdicts(fields(custom(given, inputs=inputs), mapping)).values()} == {"confirmed"}


@pytest.mark.parametrize(
    ("name", "changes", "content"),
    [
        ("text{number}", {}, {"text1": "a", "text2": "y", "text3": "new"}),
        ("text{number}", {}, {"text01": "a", "text02": "y", "text03": "new"}),
        ("text{index}", {}, {"text0": "a", "text1": "y", "text2": "new"}),
        (
            "lines[{index}].text",
            {},
            {f"lines[{i}].text": t for i, t in enumerate(("a", "y", "new"))},
        ),
        ("{number}. text", {}, {"1. text": "a", "2. text": "y", "3. text": "new"}),
        ("text_{key}", {"row_key": "id"}, {"text_e00": "a", "text_e01": "y", "text_new": "new"}),
        ("{key}/text", {"row_key": "id"}, {"e00/text": "a", "e01/text": "y", "x/text": "new"}),
    ],
)
def test_input_without_a_predicted_row_is_added(
    name: str, changes: dict[str, str], content: dict[str, str]
) -> None:
    document = custom({**content, "notes": "n"}, inputs=pairs("a", "b"))
    found = fields(document, translations(answer_name=name, **changes))
    assert verdicts(found) == {"T[0]": "confirmed", "T[1]": "corrected", "T[2]": "added"}


def test_number_states_the_row_also_where_others_are_missing() -> None:
    found = fields(custom({"text5": "x"}, inputs=pairs("a")), translations(absent="blank"))
    assert verdicts(found) == {"T[0]": "removed", "T[4]": "added"}


@pytest.mark.parametrize(
    ("absent", "verdict"),
    [("unknown", "answerNotFound"), ("blank", "removed"), ("upheld", "confirmed")],
)
def test_row_without_an_input_is_what_absent_states(absent: str, verdict: str) -> None:
    found = fields(custom({"text1": "a"}, inputs=pairs("a", "b")), translations(absent=absent))
    assert verdicts(found) == {"T[0]": "confirmed", "T[1]": verdict}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text{number}", {"text0": "a", "text1": "b"}),
        ("text{index}", {"text1": "a", "text2": "b"}),
    ],
)
def test_inputs_that_count_from_another_number_are_not_paired(
    name: str, content: dict[str, str]
) -> None:
    found = fields(custom(content, inputs=pairs("a", "b")), translations(answer_name=name))
    assert verdicts(found) == {"T": "ambiguousRows"}


def test_two_inputs_of_one_number_are_not_paired() -> None:
    found = fields(custom({"text1": "a", "text01": "b"}, inputs=pairs("a")), translations())
    assert verdicts(found) == {"T[0]": "ambiguousRows"}


def test_rows_with_the_same_key_share_an_input_and_are_not_paired() -> None:
    inputs = {"pairs": [{"id": "x", "text": "a"}, {"id": "x", "text": "b"}, {"text": "c"}]}
    mapping = translations(answer_name="text_{key}", row_key="id")
    assert verdicts(fields(custom({"text_x": "a"}, inputs=inputs), mapping)) == {
        "T[0]": "ambiguousRows",
        "T[1]": "ambiguousRows",
        "T[2]": "predictionNotFound",
    }


@pytest.mark.parametrize("key", ["007", "7", "٧", "a.b", "a b", "(.*)", "{key}", "x[0]", "ß"])
def test_key_is_an_exact_text(key: str) -> None:
    inputs = {"pairs": [{"id": key, "text": "a"}]}
    mapping = translations(answer_name="text_{key}", row_key="id")
    assert verdicts(fields(custom({f"text_{key}": "a"}, inputs=inputs), mapping)) == {
        "T[0]": "confirmed"
    }


@pytest.mark.parametrize(
    ("inputs", "note"),
    [
        ({}, "predictionNotFound"),
        ({"pairs": {"a": 1}}, "notComparable"),
        ({"pairs": [{"other": 1}]}, "pathNotFound"),
        (pairs(*["a"] * (MAX_ROWS + 1)), "tooLarge"),
    ],
)
def test_prediction_that_is_no_list_of_such_rows_is_not_compared(
    inputs: dict[str, Any], note: str
) -> None:
    assert verdicts(fields(custom({"text1": "a"}, inputs=inputs), translations())) == {"T": note}


def test_input_of_a_longer_name_belongs_to_that_field() -> None:
    mapping = [
        translations(answer_name="text_{key}", row_key="id"),
        translations(name="N", answer_name="text_new_{key}", row_key="id"),
    ]
    content = {"text_e00": "a", "text_new_e00": "b"}
    found = fields(custom(content, inputs=pairs("a")), *mapping)
    assert verdicts(found) == {"N[0]": "corrected", "T[0]": "confirmed"}


def test_answers_are_read_as_elements_and_confidences_from_the_row() -> None:
    mapping = translations(
        answer_name="kind{number}", row_value="kind", confidence="score", confidence_max=1
    )
    inputs = {"pairs": [{"kind": "x", "score": 0.5}]}
    found = fields(custom({"kind1": {"label": "x"}}, inputs=inputs), mapping)["T[0]"]
    assert (found.verdict, found.confidence) == ("confirmed", 50.0)


NAMES = st.text(st.sampled_from(".*+?[](){}^$|\\-_ /ab0"), max_size=6)


@given(
    prefix=NAMES,
    suffix=NAMES.filter(lambda text: not text[:1].isdigit()),
    texts=st.lists(st.sampled_from("abc"), min_size=1, max_size=8),
    data=st.data(),
    placeholder=st.sampled_from(["{number}", "{index}", "{key}"]),
)
@settings(deadline=None, max_examples=examples(200))
@pytest.mark.full
def test_identical_rows_are_confirmed_under_any_name_and_in_any_order(
    prefix: str, suffix: str, texts: list[str], data: st.DataObject, placeholder: str
) -> None:
    prefix = prefix.rstrip("0")
    by_key = placeholder == "{key}"
    ids = data.draw(
        st.lists(
            NAMES.filter(lambda text: text and text[0] not in "[{"),
            min_size=len(texts),
            max_size=len(texts),
            unique=True,
        )
    )
    named = ids if by_key else range(placeholder == "{number}", len(texts) + 1)
    content = {f"{prefix}{each}{suffix}": text for each, text in zip(named, texts, strict=False)}
    if len(content) < len(texts):
        return
    order = data.draw(st.permutations(sorted(content)))
    try:
        mapping = translations(
            answer_name=f"{prefix}{placeholder}{suffix}", **({"row_key": "id"} if by_key else {})
        )
    except ValueError:
        return
    rows = [{"id": key, "text": text} for key, text in zip(ids, texts, strict=True)]
    document = custom({name: content[name] for name in order}, inputs={"pairs": rows})
    found = fields(document, mapping)
    assert verdicts(found) == {f"T[{index}]": "confirmed" for index in range(len(texts))}


@given(
    st.dictionaries(
        st.sampled_from(["text", "txt"]).flatmap(
            lambda name: st.text("0123456789١２①²-+ ", max_size=8).map(lambda digits: name + digits)
        ),
        st.sampled_from(["a", "b", ""]),
        max_size=8,
    )
)
def test_only_numbers_in_usual_digits_are_rows(content: dict[str, str]) -> None:
    found = fields(custom(content, inputs=pairs("a", "a")), translations(absent="blank"))
    numbers = {
        int(name[4:])
        for name in content
        if name.startswith("text") and name[4:].isascii() and name[4:].isdigit()
        if len(name) <= 10
    }
    assert 0 in numbers or {f"T[{number - 1}]" for number in {1, 2}} <= {*found}
    assert not {*found} - {"T", "T[0]", "T[1]", *(f"T[{number - 1}]" for number in numbers)}


def test_ten_thousand_inputs_take_linear_time() -> None:
    content = {f"text{number}": "a" for number in range(1, 10_001)}
    start = time.process_time()
    found = fields(custom(*[content] * 3, inputs=pairs(*["a"] * 400)), translations())
    assert verdicts(found) == {"T": "tooLarge"}
    keyed = translations(answer_name="text{key}", row_key="id")
    assert verdicts(fields(custom(content, inputs=pairs("a")), keyed)) == {"T": "tooLarge"}
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer_name": "text"}, "expected one of {number}, {index}, {key} in it, once"),
        ({"answer_name": "{number}{index}"}, "in it, once"),
        ({"answer_name": "text{nubmer}"}, "in it, once"),
        ({"answer_name": 5}, "in it, once"),
        ({"answer_name": "text{key}"}, "expected row_key with {key}"),
        ({"row_key": "id"}, "expected {key} in answer_name with it"),
        ({"answer": "text1"}, "expected either answer or answer_name"),
        ({"rows": False, "row_value": None}, "answer_name='text{number}'; expected rows=True"),
        ({"prediction": None, "path": "pairs"}, "expected prediction with answer_name"),
    ],
)
def test_unusable_name_of_inputs_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        translations(**changes)
    assert message in str(caught.value)

"""Mappings: which are accepted, what is written of them, and that any of them compares."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.mapping import (
    FIELD_MAPPING_KEYS,
    MAX_TOLERANCE,
    TASK_MAPPING_KEYS,
    FieldMapping,
    Normalization,
    TaskMapping,
)
from human_loop_reviews.review.field import NOT_COMPARED
from human_loop_reviews.review.verdicts import judge_fields
from human_loop_reviews.tasks.custom import TASK
from human_loop_reviews.tasks.mapping_json import parse_mapping
from human_loop_reviews.tasks.sampling import read_sampling
from tests.unit.a2i.test_event import JSON


def field(**changes: Any) -> FieldMapping:
    return FieldMapping(**{"name": "Total", "prediction": "total", "answer": "total", **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "FieldMapping: name=''; expected the field's name in outcomes"),
        ({"name": 5}, "FieldMapping: name=5; expected the field's name in outcomes"),
        ({"name": "\ud800"}, "expected the field's name in outcomes"),
        ({"prediction": "a..b"}, "'Total': prediction='a..b' is not a JMESPath expression: "),
        ({"prediction": " "}, "'Total': prediction=' '; expected a JMESPath expression"),
        ({"name": "{key}"}, "name='{key}'; expected no placeholder. Rows are named name[0]"),
        ({"answer": None}, "'Total': answer=None; expected a JMESPath expression"),
        ({"answer": "a\ud800"}, "; expected a JMESPath expression"),
        ({"answer": "[" * 5000}, "is not a JMESPath expression"),
        (
            {"answer": "crowd-image-classifier.label"},
            '; quote the name: "crowd-image-classifier".label',
        ),
        ({"answer": "First name"}, '; quote the name: "First name"'),
        ({"answer": "a[0].b-c || 'd-e'"}, """; quote the name: a[0]."b-c" || 'd-e'"""),
        ({"answer": "1st.label"}, '; quote the name: "1st".label'),
        ({"answer": "upper(a)"}, "answer='upper(a)'; JMESPath has no function 'upper'; expected"),
        ({"answer": "a[?upper(b)]"}, "JMESPath has no function 'upper'"),
        (
            {"prediction": None, "answer": None},
            "FieldMapping 'Total': expected prediction and answer, or path",
        ),
        ({"path": "a"}, "'Total': prediction='total'; expected either path, or prediction and"),
        ({"confidence": "a["}, "confidence='a[' is not a JMESPath expression"),
        ({"confidence_max": 10}, "confidence_max=10; expected 100, or 1 for a share"),
        ({"confidence_max": True}, "confidence_max=True; expected 100"),
        ({"rows": 1}, "rows=1; expected a boolean"),
        ({"row_key": "sku"}, "row_key='sku'; expected rows=True with it"),
        ({"row_value": "n"}, "row_value='n'; expected rows=True with it"),
        ({"rows": True, "row_key": 5}, "row_key=5; expected a JMESPath expression"),
        ({"normalize": "case"}, "normalize='case'; expected a list of case, whitespace, number"),
        ({"normalize": ["Case"]}, "normalize=['Case']; expected a list of case"),
        ({"normalize": [[]]}, "normalize=[[]]; expected a list"),
        ({"decimal": ";"}, "decimal=';'; expected a point or a comma"),
        ({"separator": ", "}, "expected one character that is no white space"),
        ({"tolerance": -1}, "'Total': tolerance=-1; expected a number from 0 to 1e+300"),
        ({"tolerance": True}, "tolerance=True; expected a number"),
        ({"tolerance": "1"}, "tolerance='1'; expected a number"),
        ({"tolerance": float("nan")}, "tolerance=nan; expected a number"),
        ({"tolerance": MAX_TOLERANCE * 1.1}, "expected a number from 0 to"),
        ({"tolerance": 10**400}, "expected a number from 0 to"),
    ],
)
def test_unusable_field_mapping_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        field(**changes)
    assert message in str(caught.value)


def test_message_about_an_expression_without_a_repair_has_none() -> None:
    with pytest.raises(ValueError, match="is not a JMESPath expression") as caught:
        field(answer="a..b")
    assert "quote the name" not in str(caught.value)


def test_defaults_are_left_out_of_the_json() -> None:
    assert field().to_json() == {"name": "Total", "prediction": "total", "answer": "total"}
    changes = {
        "normalize": ["case", "number"],
        "tolerance": 0,
        "decimal": ",",
        "separator": ";",
        "absent": "blank",
        "confidence": "score",
        "confidence_max": 1,
        "rows": True,
        "row_key": "sku",
        "row_value": "n",
    }
    full = field(**changes)
    assert full.to_json() == {**field().to_json(), **changes}
    assert {*FIELD_MAPPING_KEYS} == {*full.to_json(), "path", "answer_name", "answer_values"}
    assert FieldMapping(name="Total", path="a").to_json() == {"name": "Total", "path": "a"}


def test_mappings_can_be_compared_and_hashed_whatever_list_they_were_made_of() -> None:
    assert len({field(normalize=["case"]), field(normalize=("case",))}) == 1
    assert len({TaskMapping(fields=[field()]), TaskMapping(fields=(field(),))}) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fields": field()}, "expected a list of FieldMapping"),
        ({"fields": [{}]}, "TaskMapping: fields=[{}]; expected a list of FieldMapping"),
        ({"fields": []}, "expected at least one FieldMapping, got none"),
        ({"fields": [field(), field()]}, "two fields are named 'Total'; expected unique names"),
        ({"sampled": True}, "TaskMapping: sampled=True; expected a JMESPath expression"),
        ({"sampling_percentage": ""}, "sampling_percentage=''; expected a JMESPath expression"),
        ({"model_version": "my-model.v"}, 'quote the name: "my-model".v'),
    ],
)
def test_unusable_task_mapping_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        TaskMapping(**{"fields": [field()], **changes})
    assert message in str(caught.value)


def test_task_mapping_with_fields_only_is_written_as_their_list() -> None:
    assert TaskMapping(fields=[field()]).to_json() == [field().to_json()]
    full = TaskMapping(
        fields=[field()], sampled="audit", sampling_percentage="percent", model_version="model"
    )
    assert tuple(written := full.to_json()) == TASK_MAPPING_KEYS
    assert parse_mapping(json.dumps({"flow": written})) == {"flow": full}


EXPRESSIONS = st.sampled_from(
    [
        *("a", "a.b", "a[0]", "@", "*", "a[*].b", "keys(@)", "&a", "`1e999`", "'x'", '"\\ud800"'),
        *("length(a)", "sum(@)", "max_by(@, &a)", "to_number(a)", "sort(@)", "a || b", "[a, b]"),
        *("to_string(@)", "[?a > `1`]", "map(&a, @)", "join(',', @)", "reverse(@)", "values(@)"),
    ]
)
EXPRESSION = EXPRESSIONS | EXPRESSIONS | st.text()
PLACES = st.fixed_dictionaries({"prediction": EXPRESSION, "answer": EXPRESSION}) | (
    st.fixed_dictionaries({"path": EXPRESSION})
)
ROWS: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {"rows": st.just(True)}, optional={"row_key": EXPRESSION, "row_value": EXPRESSION}
)
OTHERS = st.fixed_dictionaries(
    {"name": st.text(st.characters(codec=None), min_size=1)},
    optional={
        "normalize": st.lists(st.sampled_from(Normalization)),
        "tolerance": st.none() | st.floats(0, MAX_TOLERANCE) | st.integers(0) | st.floats(),
        "confidence": EXPRESSION,
        "confidence_max": st.sampled_from([1, 100]),
    },
)
FIELDS = st.builds(
    lambda *parts: {key: part[key] for part in parts for key in part}, OTHERS, PLACES, ROWS
)


@given(FIELDS, EXPRESSION, JSON, JSON, JSON)
def test_mapping_that_constructs_is_read_back_and_compares_any_json(
    written: dict[str, Any], expression: str, inputs: Any, one: Any, other: Any
) -> None:
    try:
        mapping = TaskMapping(
            fields=[FieldMapping(**written)],
            sampled=expression,
            sampling_percentage=expression,
            model_version=expression,
        )
    except ValueError:
        return
    text = json.dumps({"flow": mapping.to_json()})
    assert parse_mapping(text) == {"flow": mapping}
    read_sampling({"a": inputs}, mapping)
    prediction = TASK.read_prediction({"a": inputs}, Place("inputs"), mapping.fields)
    answers = [TASK.read_answer(each, Place("a")) for each in ({"a": one}, {"a": other, "b": one})]
    assert all(map(TASK.order_key, answers))
    fields = TASK.compare(prediction, answers)
    reviews = judge_fields(fields, prediction_known=True)
    for review in reviews:
        assert review.note not in NOT_COMPARED or review.verdict is None
    json.dumps([(review.predicted, review.answers) for review in reviews], allow_nan=False)


@pytest.mark.full
def test_many_generated_field_mappings_construct() -> None:
    constructed = Counter[bool]()

    @settings(max_examples=200)
    @given(FIELDS)
    def count(written: dict[str, Any]) -> None:
        try:
            constructed[FieldMapping(**written).rows] += 1
        except ValueError:
            return

    count()
    assert min(constructed[True], constructed[False]) > 10


def test_sum_too_large_to_be_written_is_opaque() -> None:
    digits = int("9" * 4300)
    mapping = field(prediction="sum(numbers)", answer="[sum(numbers)]", tolerance=1)
    prediction = TASK.read_prediction({"numbers": [digits, digits]}, Place("inputs"), [mapping])
    answer = TASK.read_answer({"numbers": [digits, digits]}, Place("answer"))
    (compared,) = TASK.compare(prediction, [answer])
    assert compared.note == "opaque"
    assert compared.predicted is not None
    assert compared.predicted.display is None
    json.dumps([vote.value.display for vote in compared.votes if vote.value])

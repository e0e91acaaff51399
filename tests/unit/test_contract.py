"""The contract with the constructs: names that lead somewhere, and field mappings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.contract import (
    MAPPING_KEYS,
    MAX_TOLERANCE,
    REVIEW_HANDLER_ENTRY_POINT,
    FieldMapping,
)
from human_loop_reviews.review.verdicts import judge_fields
from human_loop_reviews.tasks.custom import TASK
from human_loop_reviews.tasks.mapping import parse_mappings
from tests.unit.a2i.test_event import JSON

LAMBDA = Path(__file__).parents[2] / "lambda"


def field(**changes: Any) -> FieldMapping:
    return FieldMapping(**{"name": "Total", "prediction": "total", "answer": "total", **changes})


def test_entry_point_is_a_function() -> None:
    module, _, function = REVIEW_HANDLER_ENTRY_POINT.rpartition(".")
    assert callable(getattr(import_module(module), function))


def test_contract_imports_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import human_loop_reviews.contract; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(LAMBDA)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(run.stdout.split())
    assert "human_loop_reviews" in loaded
    assert loaded - sys.stdlib_module_names == {"human_loop_reviews"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "FieldMapping: name=''; expected the field's name in outcomes"),
        ({"name": 5}, "FieldMapping: name=5; expected the field's name in outcomes"),
        ({"name": "\ud800"}, "expected the field's name in outcomes"),
        ({"prediction": "a..b"}, "'Total': prediction='a..b' is not a JMESPath expression: "),
        ({"prediction": " "}, "'Total': prediction=' '; expected a JMESPath expression"),
        ({"answer": None}, "'Total': answer=None; expected a JMESPath expression"),
        ({"answer": "a\ud800"}, "; expected a JMESPath expression"),
        ({"answer": "[" * 5000}, "is not a JMESPath expression"),
        ({"ignore_case": 1}, "'Total': ignore_case=1; expected a boolean"),
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


def test_defaults_are_left_out_of_the_json() -> None:
    assert field().to_json() == {"name": "Total", "prediction": "total", "answer": "total"}
    full = field(ignore_case=True, tolerance=0)
    assert full.to_json() == {**field().to_json(), "ignore_case": True, "tolerance": 0}
    assert tuple(full.to_json()) == MAPPING_KEYS


EXPRESSIONS = st.sampled_from(
    [
        *("a", "a.b", "a[0]", "@", "*", "a[*].b", "keys(@)", "&a", "`1e999`", "'x'", '"\\ud800"'),
        *("length(a)", "sum(@)", "max_by(@, &a)", "to_number(a)", "sort(@)", "a || b", "[a, b]"),
        *("to_string(@)", "[?a > `1`]", "map(&a, @)", "join(',', @)", "reverse(@)", "values(@)"),
    ]
)
FIELDS = {
    "name": st.text(st.characters(codec=None), min_size=1),
    "prediction": EXPRESSIONS | EXPRESSIONS | st.text(),
    "answer": EXPRESSIONS | EXPRESSIONS | st.text(),
    "ignore_case": st.booleans(),
    "tolerance": st.none() | st.floats(0, MAX_TOLERANCE) | st.integers(0) | st.floats(),
}


@given(st.fixed_dictionaries(FIELDS), JSON, JSON, JSON)
def test_field_mapping_that_constructs_is_read_back_and_compares_any_json(
    written: dict[str, Any], inputs: Any, one: Any, other: Any
) -> None:
    try:
        mapping = FieldMapping(**written)
    except ValueError:
        return
    text = json.dumps({"flow": [mapping.to_json()]})
    assert parse_mappings(text) == {"flow": (mapping,)}
    prediction = TASK.read_prediction({"a": inputs}, Place("inputs"), [mapping])
    fields = TASK.compare(prediction, [{"a": one}, {"a": other, "b": one}])
    judge_fields(fields, prediction_known=True)


def test_many_generated_field_mappings_construct() -> None:
    constructed = 0

    @given(st.fixed_dictionaries(FIELDS))
    def count(written: dict[str, Any]) -> None:
        nonlocal constructed
        try:
            FieldMapping(**written)
        except ValueError:
            return
        constructed += 1

    count()
    assert constructed > 50


def test_sum_too_large_to_be_written_is_opaque() -> None:
    digits = int("9" * 4300)
    mapping = field(prediction="sum(numbers)", answer="[sum(numbers)]", tolerance=1)
    prediction = TASK.read_prediction({"numbers": [digits, digits]}, Place("inputs"), [mapping])
    (compared,) = TASK.compare(prediction, [{"numbers": [digits, digits]}])
    assert compared.note == "opaque"
    assert compared.predicted is not None
    assert compared.predicted.display is None
    json.dumps([value.display for value in compared.answers if value])

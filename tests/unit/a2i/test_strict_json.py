"""Strict JSON: what is read, and what is refused with its place."""

from __future__ import annotations

import gc
import json
import sys
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.strict_json import garbage_collector_paused, read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from tests.unit.documents import error_of


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_number_that_is_none_is_refused_with_its_place(literal: str) -> None:
    text = f'{{"humanAnswers": [{{"timeSpentInSeconds": {literal}}}]}}'
    assert error_of(text) == "humanAnswers[0].timeSpentInSeconds: expected a number"


def test_number_of_too_many_digits_is_refused() -> None:
    text = '{"humanAnswers": [' + "9" * (sys.get_int_max_str_digits() + 1) + "]}"
    assert error_of(text).startswith("the document: expected numbers of at most")


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', '{"humanAnswers":['])
def test_a_megabyte_of_nesting_is_refused(opening: str) -> None:
    message = error_of(opening * (1_000_000 // len(opening)))
    assert message.endswith((": expected JSON", ": expected objects and lists nested less deeply"))


def test_byte_order_mark_is_passed_over() -> None:
    text = b'\xef\xbb\xbf{"humanAnswers": []}'
    assert parse_output(text, source="output.json").answers == ()


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ('"\\ud83d"', "inputContent.*"),
        ('"\\uDE00\\uD83D"', "inputContent.*"),
        ('["\\ud83d\\ude00", "\\ude00"]', "inputContent.*[1]"),
        ('{"\\ud83dx": 1}', "inputContent.*"),
    ],
)
def test_half_of_a_surrogate_pair_is_refused(written: str, place: str) -> None:
    text = f'{{"humanAnswers": [], "inputContent": {{"a": {written}}}}}'
    assert error_of(text) == f"{place}: expected whole surrogate pairs"


@pytest.mark.parametrize("written", ["\\ud83d\\ude00", "\\\\ud83d", "\\ud55c", "😀"])
def test_whole_surrogate_pair_is_read(written: str) -> None:
    text = f'{{"humanAnswers": [], "inputContent": {{"a": "{written}"}}}}'
    assert parse_output(text, source="output.json").inputs == json.loads(f'{{"a": "{written}"}}')


@pytest.mark.parametrize(
    "text",
    [
        '{"humanAnswers": 5, "humanAnswers": []}',
        '{"humanAnswers" : NAN, "humanAnswers": []}'.replace("NAN", "{}"),
        '{"humanAnswers": 5, "\\u0068umanAnswers": []}',
    ],
)
def test_last_value_of_a_repeated_key_counts(text: str) -> None:
    assert read_json(text, source="s") == {"humanAnswers": []}


def test_repeated_key_is_refused_where_keys_must_be_unique() -> None:
    text = '{"a": {"b": 1, "b": 2}}'
    with pytest.raises(UnreadableOutputError, match="s: the document: expected each key once"):
        read_json(text, source="s", unique_keys=True)
    assert read_json('{"a": {"b": 1}, "b": 2}', source="s", unique_keys=True) == {
        "a": {"b": 1},
        "b": 2,
    }


def test_number_that_is_none_is_refused_even_if_its_key_is_repeated() -> None:
    with pytest.raises(UnreadableOutputError, match="s: the document: expected a number"):
        read_json('{"a": NaN, "a": 1}', source="s")


def test_place_names_only_keys_of_amazon_a2i() -> None:
    text = '{"humanAnswers": [], "inputContent": {"Jane Doe": [{"x": NaN}]}}'
    assert error_of(text) == "inputContent.*[0].*: expected a number"


def test_path_of_a_deep_flaw_is_cut() -> None:
    text = '{"a":' * 100 + '{"x": NaN}' + "}" * 100
    with pytest.raises(UnreadableOutputError) as caught:
        read_json(text, source="s")
    assert str(caught.value).count("*") == 20


@pytest.mark.parametrize(
    "value",
    [
        {"a": 'says ":" twice'},
        {"a\\": 1, "b": 'x  :y":'},
        {"a": '{"a": {"a":1}}', '":': 1},
    ],
)
def test_text_that_contains_json_is_read(value: Any) -> None:
    assert read_json(json.dumps(value), source="s", unique_keys=True) == value


@pytest.mark.parametrize(("size", "paused"), [(10, False), (1_000_000, True)])
def test_garbage_collector_is_paused_for_large_documents_only(size: int, paused: bool) -> None:
    with garbage_collector_paused(size):
        assert gc.isenabled() is not paused
    assert gc.isenabled()

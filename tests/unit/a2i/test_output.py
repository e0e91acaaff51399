"""Outputs that are not what Amazon A2I writes: each an error that says where and what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.task_type import FORMS
from tests.unit.documents import answer_of, blocks_of, custom, error_of, forms, parse, review


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1 column 1: expected JSON"),
        ("{", "line 1 column 2: expected JSON"),
        ('{"humanAnswers": []} x', "line 1 column 22: expected JSON"),
        ("null", "the document: expected an object"),
        ("[]", "the document: expected an object"),
        ('"text"', "the document: expected an object"),
        ("{}", "humanAnswers: expected a list"),
        ('{"humanAnswers": null}', "humanAnswers: expected a list"),
        ('{"humanAnswers": {}}', "humanAnswers: expected a list"),
        ('{"humanAnswers": [1]}', "humanAnswers[0]: expected an object"),
        ('{"humanAnswers": [{}]}', "humanAnswers[0].answerContent: expected an object"),
        (b"\xff\xfe{\x00}\x00", "byte 0: expected UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "byte 7: expected UTF-8"),
        ('{"a": "\ud800"}', "character 7: expected whole surrogate pairs"),
    ],
)
def test_unreadable_text_is_named(text: bytes | str, expected: str) -> None:
    assert error_of(text) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workerId", 5),
        ("workerId", {}),
        ("workerId", True),
        ("submissionTime", 1573753056),
        ("submissionTime", "soon"),
        ("submissionTime", []),
        ("acceptanceTime", 5.5),
        ("acceptanceTime", ""),
        ("acceptanceTime", "0001-01-01T00:00:00+10:00"),
        ("timeSpentInSeconds", "5"),
        ("timeSpentInSeconds", -1),
        ("timeSpentInSeconds", True),
        ("timeSpentInSeconds", 10**400),
    ],
)
def test_strange_optional_value_of_an_answer_costs_that_value_only(name: str, value: Any) -> None:
    known = {
        "workerId": "w",
        "submissionTime": "2026-03-14T09:30:00Z",
        "acceptanceTime": "2026-03-14T09:29:00Z",
        "timeSpentInSeconds": 30,
    }
    document = custom() | {"humanAnswers": [answer_of({"a": "x"}, **known | {name: value})]}
    output = parse(document)
    (answer,) = output.answers
    read = {
        "workerId": answer.worker_id,
        "submissionTime": answer.submitted,
        "acceptanceTime": answer.accepted,
        "timeSpentInSeconds": answer.seconds_spent,
    }
    assert [key for key, each in read.items() if each is None] == [name]
    assert output.ignored_values == 1
    assert review(document).answer_count == 1


def test_infinite_time_counts_as_absent() -> None:
    text = '{"humanAnswers": [{"answerContent": {}, "timeSpentInSeconds": 1e999}]}'
    output = parse_output(text, source="output.json")
    assert (output.answers[0].seconds_spent, output.ignored_values) == (None, 1)


@pytest.mark.parametrize("name", ["humanLoopName", "flowDefinitionArn"])
def test_strange_name_counts_as_absent(name: str) -> None:
    output = parse(custom({}) | {name: 7})
    assert (output.human_loop_name, output.flow_definition_arn) == (None, None)
    assert output.ignored_values == 1


def test_unknown_properties_are_not_counted() -> None:
    document = custom({"a": "x"}) | {"new": 1}
    document["humanAnswers"][0] |= {"new": 1, "workerMetadata": 5}
    assert parse(document).ignored_values == 0


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (["inputContent", "selectedAiServiceResponse"], 5, "an object"),
        (["inputContent", "selectedAiServiceResponse", "blocks"], {}, "a list"),
        (["inputContent", "aiServiceResponse"], [], "an object"),
        (["inputContent", "aiServiceResponse", "blocks"], "x", "a list"),
        (["humanAnswers", 0, "answerContent"], [], "an object"),
        (["humanAnswers", 0, "answerContent", FORMS], [], "an object"),
        (["humanAnswers", 0, "answerContent", FORMS, "blocks"], {}, "a list"),
        (["awsManagedHumanLoopRequestSource"], 5, "text"),
    ],
)
def test_wrong_type_is_named(path: list[str | int], value: Any, expected: str) -> None:
    document: Any = forms([], [])
    target = document
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    message = error_of(json.dumps(document))
    assert f": expected {expected}" in message
    place = message.partition(":")[0]
    assert place.replace("[0]", ".0") == ".".join(map(str, path))


def test_error_tells_nothing_of_the_document() -> None:
    document = custom({"secret answer": "secret"}) | {"humanLoopName": "secret loop"}
    document["humanAnswers"].append(answer_of([], workerId="secret worker"))
    assert "secret" not in error_of(json.dumps(document))


def test_more_answers_than_people_can_be_asked_are_refused() -> None:
    message = error_of(json.dumps(custom(*[{}] * 101)))
    assert message == "humanAnswers: expected at most 100 answers"


def test_null_counts_as_absent() -> None:
    document = forms(blocks_of(("Total", "5", "k")), []) | {"humanLoopName": None}
    document["inputContent"]["humanTaskActivationConditionResults"] = None
    document["humanAnswers"][0] |= {"workerId": None, "timeSpentInSeconds": None}
    document["inputContent"]["selectedAiServiceResponse"]["blocks"][0] |= {
        "confidence": None,
        "relationships": None,
        "entityTypes": None,
    }
    assert parse(document).human_loop_name is None
    assert review(document).answer_count == 1


def test_answer_packed_in_a_string_is_read() -> None:
    assert parse(custom('{"a": "x"}')).answers[0].content == {"a": "x"}
    assert "answerContent: expected an object" in error_of(json.dumps(custom("{")))

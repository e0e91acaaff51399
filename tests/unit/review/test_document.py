"""Files that are not what Amazon A2I writes: each an error that says where and what."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from human_loop_reviews.document import FORMS, MODERATION, read_json
from human_loop_reviews.output import Output, UnreadableOutputError, parse_output

from .documents import answer_of, blocks_of, custom, forms, label, moderation, parse


def error_of(text: bytes | str) -> str:
    with pytest.raises(UnreadableOutputError) as caught:
        parse_output(text, source="s3://bucket/output.json")
    message = str(caught.value)
    assert message.startswith("s3://bucket/output.json: ")
    return message.removeprefix("s3://bucket/output.json: ")


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
        ('{"inputContent": []}', "inputContent: expected an object"),
        ('{"humanAnswers": [], "humanLoopName": 7}', "humanLoopName: expected text"),
    ],
)
def test_unreadable_text_is_named(text: bytes | str, expected: str) -> None:
    assert error_of(text) == expected


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_number_that_is_none_is_refused_with_its_place(literal: str) -> None:
    text = f'{{"humanAnswers": [{{"timeSpentInSeconds": {literal}}}]}}'
    assert error_of(text) == "humanAnswers[0].timeSpentInSeconds: expected a number"


def test_infinite_time_is_refused() -> None:
    text = '{"humanAnswers": [{"answerContent": {}, "timeSpentInSeconds": 1e999}]}'
    assert error_of(text) == "humanAnswers[0].timeSpentInSeconds: expected a finite number"


def test_number_of_too_many_digits_is_refused() -> None:
    text = '{"humanAnswers": [' + "9" * (sys.get_int_max_str_digits() + 1) + "]}"
    assert error_of(text).startswith("the document: expected numbers of at most")


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', '{"humanAnswers":['])
def test_a_megabyte_of_nesting_is_refused(opening: str) -> None:
    message = error_of(opening * (1_000_000 // len(opening)))
    assert message.endswith((": expected JSON", ": expected objects and lists nested less deeply"))


@pytest.mark.parametrize(
    "text",
    [
        '{"humanAnswers": [], "humanAnswers": []}',
        '{"humanAnswers" : [], "humanAnswers": []}',
        '{"humanAnswers"\t: [], "humanAnswers"  :[]}',
        '{"humanAnswers"\n :[], "humanAnswers": [], "a" :1}',
        '{"humanAnswers": [], "\\u0068umanAnswers": []}',
        '{"humanAnswers": [], "humanAnswers": [], "a": "\\":"}',
    ],
)
def test_key_that_comes_twice_is_refused(text: str) -> None:
    assert error_of(text) == "the document: expected each key once"


def test_place_of_repeated_key_names_only_keys_of_amazon_a2i() -> None:
    text = '{"humanAnswers": [], "inputContent": {"Jane Doe": [{"x": 1, "x": 2}]}}'
    assert error_of(text) == "inputContent.*[0]: expected each key once"


@pytest.mark.parametrize(
    "text",
    [
        '{"humanAnswers": [], "a": "says \\":\\" twice"}',
        '{"humanAnswers": [], "a\\\\": 1, "b" : "x  :y\\":"}',
        '{"humanAnswers"\r\n\t :[], "a": "{\\"a\\": {\\"a\\":1}}", "\\":": 1}',
        '\ufeff{"humanAnswers": []}',
    ],
)
def test_text_that_only_looks_like_a_repeated_key_is_read(text: str) -> None:
    assert isinstance(parse_output(text, source="output.json"), Output)


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


def test_path_of_a_deep_flaw_is_cut() -> None:
    text = '{"a":' * 100 + '{"x": 1, "x": 2}' + "}" * 100
    with pytest.raises(UnreadableOutputError) as caught:
        read_json(text, source="s")
    assert str(caught.value).count("*") == 20


BLOCK = "inputContent.selectedAiServiceResponse.blocks[0]"


@pytest.mark.parametrize(
    ("block", "place", "expected"),
    [
        (5, BLOCK, "an object"),
        ("text", BLOCK, "an object"),
        ({}, f"{BLOCK}.id", "text"),
        ({"id": 5}, f"{BLOCK}.id", "text"),
        ({"id": ["x"]}, f"{BLOCK}.id", "text"),
        ({"id": "k", "blockType": "KEY_VALUE_SET", "entityTypes": "KEY"}, None, "a list"),
        ({"relationships": 5}, None, "a list"),
        ({"relationships": "CHILD"}, None, "a list"),
        ({"relationships": [5]}, None, "an object"),
        ({"relationships": [{"type": "CHILD", "ids": "w"}]}, None, "a list"),
        ({"relationships": [{"type": "CHILD", "ids": {"w": 1}}]}, None, "a list"),
        ({"relationships": [{"type": "CHILD", "ids": [5]}]}, None, "text"),
        ({"relationships": [{"type": "CHILD", "ids": [["w"]]}]}, None, "text"),
        ({"relationships": [{"type": "VALUE", "ids": [{}]}]}, None, "text"),
        ({"text": 5}, f"{BLOCK}.text", "text"),
        ({"text": ["x"]}, f"{BLOCK}.text", "text"),
        ({"confidence": "high"}, f"{BLOCK}.confidence", "a finite number"),
        ({"confidence": True}, f"{BLOCK}.confidence", "a finite number"),
        ({"confidence": 10**400}, f"{BLOCK}.confidence", "a finite number"),
    ],
)
def test_misshapen_block_is_named(block: Any, place: str | None, expected: str) -> None:
    if isinstance(block, dict) and "id" not in block and block:
        block = {"blockType": "KEY_VALUE_SET", "entityTypes": ["KEY"], "id": "k", **block}
    message = error_of(json.dumps(forms([block])))
    assert message.startswith(place or BLOCK)
    assert message.endswith(f": expected {expected}")


def test_misshapen_word_that_a_key_needs_is_named() -> None:
    blocks = blocks_of(("Total", "5", "k"))
    blocks[0]["text"] = 5
    assert error_of(json.dumps(forms(blocks))) == f"{BLOCK}.text: expected text"


def test_endless_nesting_inside_repeated_blocks_is_refused_or_read() -> None:
    deep = "[" * 400 + "]" * 400
    block = f'{{"blockType": "WORD", "id": "w", "x": {deep}}}'
    text = json.dumps(forms([])).replace('"blocks": []', f'"blocks": [{block}, {block}]')
    assert isinstance(parse_output(text, source="s"), Output)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (["inputContent", "selectedAiServiceResponse"], 5, "an object"),
        (["inputContent", "selectedAiServiceResponse", "blocks"], {}, "a list"),
        (["inputContent", "aiServiceResponse"], [], "an object"),
        (["inputContent", "aiServiceResponse", "blocks"], "x", "a list"),
        (["inputContent", "humanTaskActivationConditionResults"], "x", "an object"),
        (["inputContent", "humanTaskActivationConditionResults", "Conditions"], {}, "a list"),
        (["humanAnswers", 0, "answerContent"], [], "an object"),
        (["humanAnswers", 0, "answerContent", FORMS], [], "an object"),
        (["humanAnswers", 0, "answerContent", FORMS, "blocks"], {}, "a list"),
        (["humanAnswers", 0, "workerId"], 5, "text"),
        (["humanAnswers", 0, "submissionTime"], 5, "text"),
        (["humanAnswers", 0, "acceptanceTime"], "soon", "a time as in ISO 8601"),
        (["humanAnswers", 0, "acceptanceTime"], "0001-01-01T00:00:00+10:00", "a time as in ISO"),
        (["humanAnswers", 0, "timeSpentInSeconds"], "5", "a finite number"),
        (["humanAnswers", 0, "timeSpentInSeconds"], -1, "a number of seconds, 0 or more"),
        (["awsManagedHumanLoopRequestSource"], 5, "text"),
        (["flowDefinitionArn"], {}, "text"),
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


@pytest.mark.parametrize(
    ("labels", "place"),
    [
        ([5], "moderationLabels[0]: expected an object"),
        ([{"name": 5}], "moderationLabels[0].name: expected text"),
        ([{"name": " "}], "moderationLabels[0].name: expected a label's name"),
        ([{"name": "x", "parentName": []}], "moderationLabels[0].parentName: expected text"),
        ([{"name": "x", "confidence": []}], "moderationLabels[0].confidence: expected a finite"),
        ("x", "moderationLabels: expected a list"),
    ],
)
def test_misshapen_label_is_named(labels: Any, place: str) -> None:
    assert f"AWS/Rekognition/DetectModerationLabels/Image/V3.{place}" in error_of(
        json.dumps(moderation([], {MODERATION: {"moderationLabels": labels}}))
    )
    assert f"selectedAiServiceResponse.{place}" in error_of(
        json.dumps(moderation([]) | {"inputContent": selected(labels)})
    )


def selected(labels: Any) -> dict[str, Any]:
    return {"selectedAiServiceResponse": {"moderationLabels": labels}}


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


def test_answer_packed_in_a_string_is_read() -> None:
    assert parse(custom('{"a": "x"}')).answers[0].content == {"a": "x"}
    assert "answerContent: expected an object" in error_of(json.dumps(custom("{")))


def test_label_without_confidence_is_read() -> None:
    assert parse(moderation([label("Violence")])).task_type == "RekognitionModeration"

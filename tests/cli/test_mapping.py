"""Mappings on the command line: used, checked against the outputs, and suggested from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from tests.cli.conftest import REGION, run
from tests.unit.documents import blocks_of, custom, label, moderation

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/"
FIELD = {"name": "A", "prediction": "p", "answer": "a"}


class Desk:
    """A folder with outputs, and the commands on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: list[str] = []

    def add(self, document: dict[str, Any], flow_definition: str = "tickets") -> None:
        path = self.folder / f"output-{len(self.paths)}.json"
        path.write_text(json.dumps({"flowDefinitionArn": ARN + flow_definition, **document}))
        self.paths.append(str(path))

    def review(self, mapping: Any) -> tuple[int, list[dict[str, Any]], list[str]]:
        path = self.folder / "mapping"
        path.write_text(mapping if isinstance(mapping, str) else json.dumps(mapping))
        result = run("review", *self.paths, "--json", "--mapping", str(path))
        lines = [line.removeprefix(f"error: {path}: ") for line in result.stderr.splitlines()]
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        return result.exit_code, rows, [line for line in lines if " fields judged" not in line]

    def suggest(self, status: int = 0) -> tuple[Any, list[str]]:
        result = run("mapping", "suggest", *self.paths)
        assert result.exit_code == status, result.output
        return json.loads(result.stdout or "null"), result.stderr.splitlines()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    "written", [[FIELD], {"tickets": [FIELD]}, {"fields": [FIELD], "sampled": "audit"}]
)
def test_mapping_is_used(desk: Desk, written: Any) -> None:
    desk.add(custom({"a": "x"}, inputs={"p": "x"}))
    status, (outcome,), _ = desk.review(written)
    assert (status, outcome["predictionKnown"], outcome["agreement"]) == (0, True, 1.0)


def test_desk_says_in_how_many_files_each_path_was_found(desk: Desk) -> None:
    desk.add(custom({"a": "x"}, {}, inputs={"p": "x"}))
    desk.add(custom({"b": "x"}, inputs={"p": None}))
    desk.add(custom({"a": None}, inputs={"q": 1}))
    desk.add(custom())
    _, outcomes, lines = desk.review([FIELD, {"name": "B", "path": "length(q)"}])
    assert len(outcomes) == 4
    assert lines[1:] == [
        "A: prediction found in 2 of 3 files, answer in 2 of 3",
        "B: prediction found in 0 of 3 files, answer in 0 of 3",
    ]


def test_files_are_counted_by_flow_definition(desk: Desk) -> None:
    desk.add(custom({"a": "x"}, inputs={"p": "x"}))
    desk.add(custom({"a": "x"}), "claims")
    desk.add(moderation([label("Violence")], []), "moderation")
    assert desk.review({"tickets": [FIELD], "claims": [FIELD]})[2] == [
        "tickets: A: prediction found in 1 of 1 files, answer in 1 of 1",
        "claims: A: prediction found in 0 of 1 files, answer in 1 of 1",
    ]


def test_mapping_for_a_flow_definition_that_is_not_there_is_an_error(desk: Desk) -> None:
    desk.add(custom({"a": "x"}, inputs={"p": "x"}))
    desk.add(custom({"a": "x"}), "claims")
    status, _, lines = desk.review({"tikets": [FIELD]})
    assert status == 2
    assert lines[-1] == "tikets: no such flow definition; those of the outputs: claims, tickets"


@pytest.mark.parametrize("written", ["{", [{"name": "A"}], [{**FIELD, "answer": "a-b.c"}]])
def test_unusable_mapping_ends_the_command(desk: Desk, written: Any) -> None:
    desk.add(custom({"a": "x"}))
    status, outcomes, lines = desk.review(written)
    assert (status, outcomes, len(lines)) == (2, [], 1)


def test_mapping_file_that_is_not_there_ends_the_command(desk: Desk) -> None:
    desk.add(custom({"a": "x"}))
    result = run("review", *desk.paths, "--mapping", str(desk.folder / "gone.json"))
    assert result.exit_code == 2
    assert result.stderr.endswith("gone.json: No such file or directory\n")


# Suggestions


def test_places_with_equal_values_are_suggested(desk: Desk) -> None:
    for word, town, number in (("x", "A", 1), ("y", "B", 2), ("z", "C", 3)):
        desk.add(
            custom(
                {"crowd-classifier": {"label": word}, "town": town.lower(), "notes": f"n{number}"},
                inputs={"guess": {"kind": word}, "model": {"Town": town}, "id": number, "on": True},
            )
        )
    fields, lines = desk.suggest()
    assert fields == [
        {
            "name": "crowd-classifier",
            "prediction": "guess.kind",
            "answer": '"crowd-classifier"',
        },
        {"name": "town", "prediction": "model.Town", "answer": "town"},
    ]
    assert lines == [
        "crowd-classifier: guess.kind (equal in 3 of 3 files, names 11% alike)",
        "notes: no candidate",
        "town: model.Town (equal in 0 of 3 files, names 100% alike; decide on absent: blank or "
        "upheld)",
    ]
    assert desk.review(fields)[0] == 0


def test_equal_constant_is_no_candidate(desk: Desk) -> None:
    for _ in range(5):
        desk.add(custom({"agreed": {"on": True}}, inputs={"urgent": True}))
    mapping, lines = desk.suggest(status=1)
    assert mapping is None
    assert lines[:2] == [
        "agreed: no candidate",
        "error: no mapping can be suggested from these outputs",
    ]


def test_flattened_and_packed_answers_are_suggested_with_one_path(desk: Desk) -> None:
    desk.add(custom({"a.b": "x"}, {"a": '{"b": "y"}'}, inputs={"a": {"b": "x"}}))
    fields, _ = desk.suggest()
    assert fields == [{"name": "a.b", "path": "a.b", "absent": "blank"}]


def test_elements_of_built_in_tasks_are_suggested_as_a_whole(desk: Desk) -> None:
    shown = {"blocks": blocks_of(("Total", "5", "k"))}
    labels = {"moderationLabels": [label("Violence")]}
    desk.add(custom({FORMS: shown, MODERATION: []}, inputs={"page": shown, "image": labels}))
    fields, _ = desk.suggest()
    assert {each["answer"]: each["prediction"] for each in fields} == {
        f'"{FORMS}"': "page",
        f'"{MODERATION}"': "image",
    }
    assert desk.review(fields)[1][0]["fieldsJudged"] == 2


def test_nothing_is_suggested_without_answers_to_custom_tasks(desk: Desk) -> None:
    desk.add(moderation([label("Violence")], []))
    desk.add(custom())
    mapping, lines = desk.suggest(status=1)
    assert mapping is None
    assert lines[:3] == [
        f"not used: {desk.paths[0]}: RekognitionModeration is a built-in task, which needs no "
        "mapping",
        f"not used: {desk.paths[1]}: it has no answers",
        "error: no mapping can be suggested from these outputs",
    ]


def test_unreadable_file_is_named_and_the_others_are_used(desk: Desk) -> None:
    desk.paths.append(str(desk.folder / "bad.json"))
    (desk.folder / "bad.json").write_text("{")
    desk.add(custom({"town": "x"}, inputs={"town": "x"}))
    mapping, lines = desk.suggest(status=1)
    assert mapping == [{"name": "town", "path": "town", "absent": "blank"}]
    assert lines[0] == f"unreadable: {desk.folder}/bad.json: line 1 column 2: expected JSON"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"humanAnswers": 5}'])
def test_nothing_is_printed_if_no_output_can_be_read(desk: Desk, text: str) -> None:
    (desk.folder / "output.json").write_text(text)
    desk.paths.append(str(desk.folder))
    mapping, lines = desk.suggest(status=1)
    assert mapping is None
    assert lines[0].startswith(f"unreadable: {desk.folder}/output.json: ")
    assert lines[1] == "error: no mapping can be suggested from these outputs"


def test_directory_is_read_for_suggestions(desk: Desk) -> None:
    desk.add(custom({"town": "x"}, inputs={"town": "x"}))
    desk.paths = [str(desk.folder)]
    assert desk.suggest()[0] == [{"name": "town", "path": "town", "absent": "blank"}]


def test_directory_without_outputs_is_named(desk: Desk) -> None:
    desk.paths = [str(desk.folder)]
    assert desk.suggest(status=1)[1][0] == f"error: {desk.folder} has no .json file"


def test_each_flow_definition_gets_its_mapping(desk: Desk) -> None:
    for word in ("x", "y"):
        desk.add(custom({"town": word}, inputs={"guess": word}))
        desk.add(custom({"kind": word}, inputs={"guess": word}), "claims")
        desk.add(custom({"notes": word}), "notes")
    mapping, lines = desk.suggest()
    assert mapping == {
        "claims": [{"name": "kind", "prediction": "guess", "answer": "kind", "absent": "blank"}],
        "tickets": [{"name": "town", "prediction": "guess", "answer": "town", "absent": "blank"}],
    }
    assert lines == [
        "claims: kind: guess (equal in 2 of 2 files, names 0% alike)",
        "notes: notes: no candidate",
        "tickets: town: guess (equal in 2 of 2 files, names 0% alike)",
    ]
    assert desk.review(mapping)[0] == 0


def test_outputs_without_a_flow_definition_are_left_out_of_several_mappings(desk: Desk) -> None:
    desk.add(custom({"town": "x"}, inputs={"town": "x"}))
    (desk.folder / "none.json").write_text(json.dumps(custom({"a": "x"}, inputs={"a": "x"})))
    desk.paths.append(str(desk.folder / "none.json"))
    mapping, lines = desk.suggest()
    assert list(mapping) == ["tickets"]
    assert any(line.startswith("without a flow definition: left out") for line in lines)


@mock_aws
def test_objects_in_s3_are_read_for_suggestions(desk: Desk) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    body = json.dumps(custom({"town": "x"}, inputs={"town": "x"}))
    s3.put_object(Bucket="bucket", Key="loop/output.json", Body=body)
    desk.paths = ["s3://bucket/"]
    assert desk.suggest()[0] == [{"name": "town", "path": "town", "absent": "blank"}]


def test_suggestion_has_no_value(desk: Desk) -> None:
    for secret in ("hush-1", "hush-2"):
        desk.add(custom({"town": secret}, inputs={"town": secret}))
    fields, lines = desk.suggest()
    assert "hush" not in json.dumps(fields) + "".join(lines)


CASES: list[tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]] = [
    (
        [{"translationPairs": [{"source": "a", "translation": text} for text in "xyz"]}],
        [
            {
                **{f"translation{number}": text for number, text in enumerate("xYz", 1)},
                **{f"rating{number}": {"good": True, "bad": False} for number in (1, 2, 3)},
            }
        ],
        [
            {
                "name": "rating",
                "prediction": "translationPairs",
                "answer_name": "rating{number}",
                "answer_values": {"bad": "rejected", "good": "upheld"},
                "rows": True,
                "row_value": "translation",
            },
            {
                "name": "translation",
                "prediction": "translationPairs",
                "answer_name": "translation{number}",
                "absent": "blank",
                "rows": True,
                "row_value": "translation",
            },
        ],
    ),
    (
        [{"found": [{"id": "e00", "text": "aspirin 80mg"}, {"id": "e01", "text": "metformin"}]}],
        [{"corrected_text_e00": "aspirin 81mg", "corrected_text_e01": "metformin"}],
        [
            {
                "name": "corrected_text",
                "prediction": "found",
                "answer_name": "corrected_text_{key}",
                "absent": "blank",
                "rows": True,
                "row_key": "id",
                "row_value": "text",
            }
        ],
    ),
    (
        [{"docs": [{"sentiment": "positive"}, {"sentiment": "negative"}]}],
        [{"sentiment0": {"label": "neutral"}, "sentiment1": {"label": "negative"}}],
        [
            {
                "name": "sentiment",
                "prediction": "docs",
                "answer_name": "sentiment{index}",
                "rows": True,
                "row_value": "sentiment",
            }
        ],
    ),
    (
        [{"lines": ["one", "two", "three"]}],
        [{"lines[0].text": "one", "lines[1].text": "two", "lines[2].text": "three"}],
        [
            {
                "name": "lines[].text",
                "prediction": "lines",
                "answer_name": "lines[{index}].text",
                "absent": "blank",
                "rows": True,
            }
        ],
    ),
    (
        [{"model": {"label": "cat"}, "image": "s3://bucket/1"}],
        [{"verdict": {"agree": True, "disagree": False}}],
        [
            {
                "name": "verdict",
                "prediction": "model.label",
                "answer": "verdict",
                "answer_values": {"agree": "upheld", "disagree": "rejected"},
            }
        ],
    ),
    (
        [{"draft": word} for word in "ab"],
        [{"decision": {"label": "approve"}}, {"decision": {"label": "reject"}}],
        [
            {
                "name": "decision",
                "prediction": "draft",
                "answer": "decision",
                "answer_values": {"approve": "upheld", "reject": "rejected"},
            }
        ],
    ),
]


@pytest.mark.parametrize(("inputs", "contents", "expected"), CASES)
def test_inputs_of_rows_and_verdicts_are_suggested(
    desk: Desk,
    inputs: list[dict[str, Any]],
    contents: list[dict[str, Any]],
    expected: list[dict[str, Any]],
) -> None:
    for each, content in zip(inputs, contents, strict=True):
        desk.add(custom(content, inputs=each))
    mapping, _ = desk.suggest()
    assert mapping == expected
    _, outcomes, _ = desk.review(mapping)
    assert sum(each["fieldsJudged"] for each in outcomes) >= len(expected)


@pytest.mark.parametrize(
    ("prediction", "answer"),
    [
        (0.93, {"boundingBoxes": []}),
        (42, {"agreed": True, "unsure": False}),
        ({"text": "x"}, "x"),
        (["a", "b"], {"entities": [{"startOffset": 0, "endOffset": 1, "label": "a"}]}),
        (True, {"label": "cat"}),
    ],
)
def test_pair_that_cannot_be_compared_is_not_suggested(
    desk: Desk, prediction: Any, answer: Any
) -> None:
    drawn = {"boundingBoxes": [{"label": "a", "left": 1, "top": 1, "width": 2, "height": 2}]}
    desk.add(
        custom(
            {"kind": drawn if answer == {"boundingBoxes": []} else answer},
            inputs={"kind": prediction},
        )
    )
    mapping, lines = desk.suggest(status=1)
    assert mapping is None
    assert lines[0] == "kind: no candidate"


def test_empty_input_is_asked_about_if_no_answer_equals_the_prediction(desk: Desk) -> None:
    for word in "abc":
        desk.add(custom({"summary": word.upper()}, inputs={"summary": word}))
    mapping, lines = desk.suggest()
    assert mapping == [{"name": "summary", "path": "summary"}]
    assert lines[0].endswith("names 100% alike; decide on absent: blank or upheld)")


def test_rows_in_the_order_of_keys_are_warned_of(desk: Desk) -> None:
    desk.add(custom({"t1": "a", "t10": "b"}, inputs={"p": ["a", "b"]}))
    field = {"name": "T", "prediction": "p", "answer": "values(@)", "rows": True}
    _, outcomes, lines = desk.review([field])
    assert outcomes[0]["fields"][0]["note"] == "ambiguousRows"
    assert any("T: no verdict: its rows are in the order of an object's keys" in x for x in lines)


def test_absent_inputs_are_reported_beside_the_figures(desk: Desk) -> None:
    desk.add(custom({}, inputs={"p": "x"}))
    _, outcomes, lines = desk.review([FIELD])
    assert outcomes[0]["fieldsAbsent"] == 1
    assert lines[0].startswith("1 fields lack an answer's input, and the figures are unreliable")

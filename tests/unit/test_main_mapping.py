"""Mappings on the desk: used, checked against the outputs, and proposed from outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from human_loop_reviews.__main__ import main
from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from tests.unit.documents import blocks_of, custom, label, moderation

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/"
FIELD = {"name": "A", "prediction": "p", "answer": "a"}


class Desk:
    """A folder with outputs, and the command on them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.paths: list[str] = []

    def add(self, document: dict[str, Any], flow_definition: str = "tickets") -> None:
        path = self.folder / f"output-{len(self.paths)}.json"
        path.write_text(json.dumps({"flowDefinitionArn": ARN + flow_definition, **document}))
        self.paths.append(str(path))

    def run(self, mapping: Any) -> tuple[int, list[dict[str, Any]], list[str]]:
        path = self.folder / "mapping.json"
        path.write_text(mapping if isinstance(mapping, str) else json.dumps(mapping))
        status = main([*self.paths, "--mapping", str(path)])
        captured = self.capsys.readouterr()
        lines = [line.removeprefix(f"{path}: ") for line in captured.err.splitlines()]
        return status, [json.loads(line) for line in captured.out.splitlines()], lines

    def suggest(self) -> tuple[list[dict[str, Any]], list[str]]:
        assert main(["mapping", "suggest", *self.paths]) == 0
        captured = self.capsys.readouterr()
        return json.loads(captured.out), captured.err.splitlines()


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


@pytest.mark.parametrize(
    "written", [[FIELD], {"tickets": [FIELD]}, {"fields": [FIELD], "sampled": "audit"}]
)
def test_mapping_is_used(desk: Desk, written: Any) -> None:
    desk.add(custom({"a": "x"}, inputs={"p": "x"}))
    status, (outcome,), _ = desk.run(written)
    assert (status, outcome["predictionKnown"], outcome["agreement"]) == (0, True, 1.0)


def test_desk_says_in_how_many_files_each_path_was_found(desk: Desk) -> None:
    desk.add(custom({"a": "x"}, {}, inputs={"p": "x"}))
    desk.add(custom({"b": "x"}, inputs={"p": None}))
    desk.add(custom({"a": None}, inputs={"q": 1}))
    desk.add(custom())
    _, outcomes, lines = desk.run([FIELD, {"name": "B", "path": "length(q)"}])
    assert len(outcomes) == 4
    assert lines == [
        "A: prediction found in 2 of 3 files, answer in 2 of 3",
        "B: prediction found in 0 of 3 files, answer in 0 of 3",
    ]


def test_files_are_counted_by_flow_definition(desk: Desk) -> None:
    desk.add(custom({"a": "x"}, inputs={"p": "x"}))
    desk.add(custom({"a": "x"}), "claims")
    desk.add(moderation([label("Violence")], []), "moderation")
    assert desk.run({"tickets": [FIELD], "claims": [FIELD]})[2] == [
        "tickets: A: prediction found in 1 of 1 files, answer in 1 of 1",
        "claims: A: prediction found in 0 of 1 files, answer in 1 of 1",
    ]


def test_mapping_for_a_flow_definition_that_is_not_there_is_an_error(desk: Desk) -> None:
    desk.add(custom({"a": "x"}, inputs={"p": "x"}))
    desk.add(custom({"a": "x"}), "claims")
    status, _, lines = desk.run({"tikets": [FIELD]})
    assert status == 2
    assert lines[-1] == "tikets: no such flow definition; those of the outputs: claims, tickets"


@pytest.mark.parametrize("written", ["{", [{"name": "A"}], [{**FIELD, "answer": "a-b.c"}]])
def test_unusable_mapping_ends_the_command(desk: Desk, written: Any) -> None:
    desk.add(custom({"a": "x"}))
    status, outcomes, lines = desk.run(written)
    assert (status, outcomes, len(lines)) == (2, [], 1)


def test_mapping_file_that_is_not_there_ends_the_command(desk: Desk) -> None:
    desk.add(custom({"a": "x"}))
    assert main([*desk.paths, "--mapping", str(desk.folder / "gone.json")]) == 2
    assert desk.capsys.readouterr().err.endswith("gone.json: No such file or directory\n")


# Proposals


def test_places_with_equal_values_are_proposed(desk: Desk) -> None:
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
        "town: model.Town (equal in 0 of 3 files, names 100% alike)",
    ]
    assert desk.run(fields)[0] == 0


def test_equal_constant_is_no_candidate(desk: Desk) -> None:
    for _ in range(5):
        desk.add(custom({"agreed": {"on": True}}, inputs={"urgent": True}))
    assert desk.suggest() == ([], ["agreed: no candidate"])


def test_flattened_and_packed_answers_are_proposed_with_one_path(desk: Desk) -> None:
    desk.add(custom({"a.b": "x"}, {"a": '{"b": "y"}'}, inputs={"a": {"b": "x"}}))
    fields, _ = desk.suggest()
    assert fields == [{"name": "a.b", "path": "a.b"}]


def test_elements_of_built_in_tasks_are_proposed_as_a_whole(desk: Desk) -> None:
    shown = {"blocks": blocks_of(("Total", "5", "k"))}
    labels = {"moderationLabels": [label("Violence")]}
    desk.add(custom({FORMS: shown, MODERATION: []}, inputs={"page": shown, "image": labels}))
    fields, _ = desk.suggest()
    assert {each["answer"]: each["prediction"] for each in fields} == {
        f'"{FORMS}"': "page",
        f'"{MODERATION}"': "image",
    }
    assert desk.run(fields)[1][0]["fieldsJudged"] == 2


def test_nothing_is_proposed_without_answers_to_custom_tasks(desk: Desk) -> None:
    desk.add(moderation([label("Violence")], []))
    desk.add(custom())
    assert desk.suggest() == ([], ["no answers to custom tasks"])


def test_unreadable_file_is_named_and_the_others_are_used(desk: Desk) -> None:
    desk.add(custom({"town": "x"}, inputs={"town": "x"}))
    (desk.folder / "bad.json").write_text("{")
    assert main(["mapping", "suggest", str(desk.folder / "bad.json"), *desk.paths]) == 1
    captured = desk.capsys.readouterr()
    assert captured.err.splitlines()[0].endswith("bad.json: line 1 column 2: expected JSON")
    assert json.loads(captured.out) == [{"name": "town", "path": "town"}]


def test_proposal_tells_no_value(desk: Desk) -> None:
    for secret in ("hush-1", "hush-2"):
        desk.add(custom({"town": secret}, inputs={"town": secret}))
    fields, lines = desk.suggest()
    assert "hush" not in json.dumps(fields) + "".join(lines)

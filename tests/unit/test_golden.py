"""Every sample output beside the outcome that is expected of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.outcome_schema import FieldOutcome
from human_loop_reviews.outcome_values import Layout, Note, TaskType, Verdict
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.mapping_json import parse_mapping

OUTPUTS = Path(__file__).parents[2] / "local" / "samples" / "outputs"
CASES = sorted(path.name.removesuffix(".outcome.json") for path in OUTPUTS.glob("*.outcome.json"))

#: What a field tells without values.
TOLD = FieldOutcome.__annotations__.keys() - {"values"}

ELEMENTS = (
    *("label", "labels", "boundingBoxes", "polygons", "polylines", "lines", "keypoints"),
    *("labelMappings", "instances", "entities", "labeledImage"),
)


def outcome_of(case: str, *, include_values: bool = False) -> dict[str, Any]:
    output = parse_output((OUTPUTS / f"{case}.json").read_bytes(), source=case)
    path = OUTPUTS / f"{case}.mapping.json"
    mapping = parse_mapping(path.read_bytes()) if path.exists() else ()
    if isinstance(mapping, dict):
        mapping = mapping[output.flow_definition_name or ""]
    review = review_output(output, mapping=mapping)
    outcome: dict[str, Any] = json.loads(
        json.dumps(
            {
                "humanLoopName": output.human_loop_name,
                "flowDefinitionArn": output.flow_definition_arn,
                **describe_review(output, review, include_values=include_values),
            }
        )
    )
    return outcome


@pytest.mark.parametrize("case", CASES)
def test_sample_has_its_expected_outcome(case: str) -> None:
    expected = json.loads((OUTPUTS / f"{case}.outcome.json").read_text())
    assert outcome_of(case, include_values=True) == expected


@pytest.mark.parametrize("case", CASES)
def test_outcome_without_values_tells_none(case: str) -> None:
    for field in outcome_of(case)["fields"]:
        assert "name" in field
        assert field.keys() <= TOLD


@pytest.mark.parametrize("case", CASES)
def test_outcome_never_tells_who_reviewed(case: str) -> None:
    text = (OUTPUTS / f"{case}.json").read_text()
    identities = set(re.findall(r'"(?:workerId|sub|issuer)": "([^"]+)"', text))
    assert identities or '"humanAnswers": []' in text
    line = json.dumps(outcome_of(case, include_values=True))
    assert not [identity for identity in identities if identity in line]


def test_every_sample_has_an_expected_outcome() -> None:
    outputs = {path.stem for path in OUTPUTS.glob("*.json") if path.suffixes == [".json"]}
    assert outputs == set(CASES)


def test_samples_cover_tasks_layouts_verdicts_notes_and_elements() -> None:
    outputs = [parse_output((OUTPUTS / f"{c}.json").read_bytes(), source=c) for c in CASES]
    built_in = {TaskType.TEXTRACT_FORMS, TaskType.REKOGNITION_MODERATION}
    assert {(o.task_type, o.layout) for o in outputs if o.task_type in built_in} == {
        (task, layout) for task in built_in for layout in Layout
    }
    assert {output.task_type for output in outputs} == set(TaskType)
    outcomes = [json.loads((OUTPUTS / f"{case}.outcome.json").read_text()) for case in CASES]
    told = [field for outcome in outcomes for field in outcome["fields"]]
    assert {field["verdict"] for field in told} == {*Verdict, None}
    assert {field.get("note") for field in told} == {*Note, None}
    assert any(outcome["unanswered"] for outcome in outcomes)
    texts = "".join((OUTPUTS / f"{case}.json").read_text() for case in CASES)
    assert [element for element in ELEMENTS if f'"{element}"' not in texts] == []

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.aws.outcome_bus import publish
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.review.verdicts import FieldReview, Verdict
from human_loop_reviews.review_output import review_output
from tests.unit.conftest import SAMPLES, World, ended_loop

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "outcome.schema.json").read_text())
OUTPUTS = sorted(
    path for path in (SAMPLES / "outputs").glob("*.json") if not Path(path.stem).suffix
)


def outcome_of(path: Path, *, include_values: bool) -> dict[str, Any]:
    output = parse_output(path.read_bytes(), source=path.name)
    loop = parse_event(ended_loop())
    review = review_output(output, creation_time=loop.creation_time, end_time=loop.end_time)
    return describe_outcome(loop, output, review, include_values=include_values)


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(OUTPUTS) > 10


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("include_values", [False, True])
def test_outcome_of_every_sample_fits_the_schema(path: Path, include_values: bool) -> None:
    outcome = outcome_of(path, include_values=include_values)
    jsonschema.validate(outcome, SCHEMA)
    assert all(("consensus" in field) == include_values for field in outcome["fields"])


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_outcome_never_identifies_a_reviewer(path: Path) -> None:
    text = json.dumps(outcome_of(path, include_values=True))
    for answer in json.loads(path.read_text(encoding="utf-8-sig"))["humanAnswers"]:
        assert answer["workerId"] not in text
        identity = answer.get("workerMetadata", {}).get("identityData", {})
        assert not [value for value in identity.values() if value in text]


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_outcome_without_an_output_fits_the_schema(status: str) -> None:
    outcome = describe_outcome(parse_event(ended_loop(status)), None, None, include_values=True)
    jsonschema.validate(outcome, SCHEMA)
    assert (outcome["outputS3Uri"], outcome["unanswered"]) == (None, True)


def test_outcome_over_the_limit_of_the_bus_leaves_fields_out_and_says_so(world: World) -> None:
    output = parse_output((SAMPLES / "outputs" / "textract-invoice.json").read_bytes(), source="")
    loop = parse_event(ended_loop())
    field = FieldReview(
        name="é" * 50,
        verdict=Verdict.CONFIRMED,
        confidence=None,
        predicted="x" * 1000,
        answers=(),
        consensus=None,
        note=None,
        agreement=None,
    )
    review = replace(review_output(output), fields=(field,) * 500)
    outcome = describe_outcome(loop, output, review, include_values=True)
    jsonschema.validate(outcome, SCHEMA)
    assert outcome["fieldsLeftOut"] > 0
    assert len(outcome["fields"]) + outcome["fieldsLeftOut"] == 500
    assert 250_000 < len(json.dumps(outcome, separators=(",", ":"))) < 256 * 1024
    publish(world.settler.events, "default", loop, outcome)
    assert world.outcomes()[0]["detail"] == outcome

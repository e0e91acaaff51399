"""Outcomes: what is told of a loop, in the JSON that the schema describes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from docs_tools import outcome_docs
from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review.values import text_value
from human_loop_reviews.review.verdicts import Review, judge_fields
from human_loop_reviews.review_output import review_output
from tests.unit.conftest import SAMPLES, World, ended_loop, sample_output

SCHEMA = json.loads(outcome_docs.SCHEMA.read_text(encoding="utf-8"))
#: `jsonschema.validate` would check the schema itself each time.
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
OUTPUTS = sorted(
    path for path in (SAMPLES / "outputs").glob("*.json") if not Path(path.stem).suffix
)


def outcome_of(
    text: str | bytes, event: dict[str, Any] | None = None, **disclosure: Any
) -> dict[str, Any]:
    """Return the outcome of a loop with an output."""
    output = parse_output(text, source="output.json")
    loop = parse_event(event or ended_loop())
    review = review_output(output, creation_time=loop.creation_time)
    return describe_outcome(loop, output, review, disclosure=Disclosure(**disclosure))


def outcome_without_output(status: str, **detail: Any) -> dict[str, Any]:
    loop = parse_event(ended_loop(status, output_key=None, **detail))
    return describe_outcome(loop, None, None, disclosure=Disclosure())


# The schema


def test_schema_is_generated_from_the_definition() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert outcome_docs.SCHEMA.read_text(encoding="utf-8") == outcome_docs.written(), "make schema"


def described_objects() -> list[dict[str, Any]]:
    found = [SCHEMA, *[each for each in SCHEMA["$defs"].values() if each["type"] == "object"]]
    assert len(found) == 3
    return found


def test_every_property_is_described() -> None:
    for each in described_objects():
        assert [
            name for name, schema in each["properties"].items() if not schema["description"]
        ] == []


def test_no_name_is_used_for_two_things() -> None:
    names = Counter(name for each in described_objects() for name in each["properties"])
    assert len(names) > 40
    assert [name for name, count in names.items() if count > 1] == []


def test_unknown_properties_fit_the_schema() -> None:
    outcome = outcome_of(sample_output("textract-invoice")) | {"new": 1}
    outcome["fields"][0]["new"] = 1
    VALIDATOR.validate(outcome)


def test_missing_property_does_not_fit_the_schema() -> None:
    outcome = outcome_of(sample_output("textract-invoice"))
    for name in outcome:
        without = {key: value for key, value in outcome.items() if key != name}
        assert not VALIDATOR.is_valid(without)


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("include_values", [False, True])
def test_outcome_of_every_sample_fits_the_schema(path: Path, include_values: bool) -> None:
    outcome = outcome_of(path.read_bytes(), include_values=include_values)
    VALIDATOR.validate(outcome)
    assert all(("values" in field) == include_values for field in outcome["fields"])


def test_there_are_samples() -> None:
    assert len(OUTPUTS) > 10


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_outcome_without_an_output_fits_the_schema(status: str) -> None:
    outcome = outcome_without_output(status)
    VALIDATOR.validate(outcome)
    assert (outcome["outputS3Uri"], outcome["outputError"]) == (None, None)
    assert (outcome["unanswered"], outcome["answerCount"]) == (True, 0)


def test_outcome_of_an_unreadable_output_says_why_and_knows_nothing_else() -> None:
    loop = parse_event(ended_loop())
    outcome = describe_outcome(
        loop, None, None, disclosure=Disclosure(), output_error="output: expected JSON"
    )
    VALIDATOR.validate(outcome)
    assert outcome["outputError"] == "output: expected JSON"
    assert outcome["outputS3Uri"] == str(loop.output)
    unknown = ("taskType", "layout", "answerCount", "reviewerCount", "unanswered", "agreement")
    assert [outcome[name] for name in unknown] == [None] * len(unknown)
    assert (outcome["predictionKnown"], outcome["fields"]) == (None, [])


# Identity


def test_events_that_say_the_same_give_the_same_id() -> None:
    text = sample_output("textract-invoice")
    ids = {
        outcome_of(text, event)["outcomeId"]
        for event in (
            ended_loop(),
            ended_loop(time="2019-11-14T18:00:00Z"),
            ended_loop(source="human-loop-events"),
        )
    }
    assert len(ids) == 1


def test_events_that_say_something_else_give_another_id() -> None:
    ids = [
        outcome["outcomeId"]
        for outcome in (
            outcome_of(sample_output("textract-invoice")),
            outcome_of(sample_output("textract-relabelled")),
            outcome_without_output("Stopped"),
            outcome_without_output("Failed"),
            outcome_without_output("Failed", failureCode="Expired"),
            outcome_without_output("Failed", creationTime="2020-01-01T00:00:00Z"),
            outcome_without_output("Failed", humanLoopArn="arn:other"),
        )
    ]
    assert len(set(ids)) == len(ids)


def test_event_source_is_told() -> None:
    outcome = outcome_of(sample_output("textract-invoice"), ended_loop(source="human-loop-events"))
    assert outcome["eventSource"] == "human-loop-events"
    assert outcome_without_output("Failed")["eventSource"] == "aws.sagemaker"


def test_ignored_values_of_event_and_output_are_counted() -> None:
    document = json.loads(sample_output("custom-classifier", humanLoopName=7))
    document["humanAnswers"][0] |= {"acceptanceTime": 5, "timeSpentInSeconds": -1}
    outcome = outcome_of(json.dumps(document), ended_loop(failureReason=5))
    assert outcome["ignoredValues"] == 4
    assert outcome_of(sample_output("custom-classifier"))["ignoredValues"] == 0


# What is told of the document


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_outcome_never_identifies_a_reviewer(path: Path) -> None:
    text = json.dumps(outcome_of(path.read_bytes(), include_values=True))
    for answer in json.loads(path.read_text(encoding="utf-8-sig"))["humanAnswers"]:
        assert answer["workerId"] not in text
        identity = answer.get("workerMetadata", {}).get("identityData", {})
        assert not [value for value in identity.values() if value in text]


def failed_for(reason: str, **disclosure: Any) -> str | None:
    loop = parse_event(ended_loop("Failed", failureReason=reason))
    outcome = describe_outcome(loop, None, None, disclosure=Disclosure(**disclosure))
    VALIDATOR.validate(outcome)
    told: str | None = outcome["failureReason"]
    return told


def test_failure_reason_is_bounded_and_can_be_left_out() -> None:
    assert failed_for("no CORS") == "no CORS"
    assert failed_for("x" * 1000) == "x" * 1000
    assert failed_for("x" * 1001) == "x" * 999 + "…"
    assert failed_for("no CORS", include_failure_reason=False) is None


def names(**disclosure: Any) -> list[str]:
    outcome = outcome_of(sample_output("textract-invoice"), **disclosure)
    return [field["name"] for field in outcome["fields"]]


def test_hashed_field_names_tell_nothing_not_even_by_their_order() -> None:
    hashed = names(hash_field_names=True)
    assert hashed == sorted(hashed, key=natural_key)
    assert len(set(hashed)) == len(names()) == 4
    assert all(name.startswith("field-") and len(name) == 18 for name in hashed)
    assert hashed == names(hash_field_names=True)


def test_hash_of_a_field_name_differs_by_flow_definition() -> None:
    disclosure = Disclosure(hash_field_names=True)
    assert disclosure.field_name("Total", "a") != disclosure.field_name("Total", "b")


@pytest.mark.parametrize("hash_field_names", [False, True])
def test_only_listed_field_names_are_told(hash_field_names: bool) -> None:
    told = names(allowed_field_names=["Total", "Paid"], hash_field_names=hash_field_names)
    assert {"Total", "Paid"} < set(told)
    assert sum(name.startswith("field-") for name in told) == 2


def test_model_s_own_name_of_a_field_is_hashed_too() -> None:
    outcome = outcome_of(sample_output("textract-relabelled"), hash_field_names=True)
    (moved,) = [field for field in outcome["fields"] if "predictedName" in field]
    assert moved["predictedName"].startswith("field-")
    assert moved["predictedName"] != moved["name"]


def test_field_name_is_bounded() -> None:
    assert Disclosure().field_name("x" * 200, "f") == "x" * 200
    assert Disclosure().field_name("x" * 201, "f") == "x" * 199 + "…"


# Size


def test_outcome_over_the_limit_of_the_bus_leaves_fields_out_and_says_so(world: World) -> None:
    output = parse_output((SAMPLES / "outputs" / "textract-invoice.json").read_bytes(), source="")
    loop = parse_event(ended_loop())
    many = [Field("é" * 50, [Vote(text_value("y" * 1000))], predicted=text_value("x" * 1000))] * 500
    review = Review(1, True, judge_fields(many, prediction_known=True), None, (None,))
    outcome = describe_outcome(loop, output, review, disclosure=Disclosure(include_values=True))
    VALIDATOR.validate(outcome)
    assert outcome["fieldsLeftOut"] > 0
    assert len(outcome["fields"]) + outcome["fieldsLeftOut"] == 500
    assert outcome["verdictCounts"]["corrected"] == 500
    assert 250_000 < len(json.dumps(outcome, separators=(",", ":"))) < 256 * 1024
    world.settler.outcome_bus.publish(loop, outcome)
    assert world.outcomes()[0]["detail"] == outcome


def test_longest_texts_of_an_event_leave_room_on_the_bus() -> None:
    loop = parse_event(ended_loop("Failed", failureReason="é" * 100_000, failureCode="c" * 100_000))
    outcome = describe_outcome(loop, None, None, disclosure=Disclosure())
    assert len(json.dumps(outcome)) < 20_000
    assert outcome["failureCode"] is None


def test_id_does_not_depend_on_what_fits_into_an_event() -> None:
    output = parse_output(sample_output("textract-invoice"), source="")
    loop = parse_event(ended_loop())
    many = [Field("x" * 200, [Vote(text_value("y"))], predicted=text_value("x"))] * 2000
    review = Review(1, True, judge_fields(many, prediction_known=True), None, (None,))
    resent = parse_event(ended_loop(source="human-loop-events"))
    one, other = [
        describe_outcome(each, output, review, disclosure=Disclosure())
        for each in (loop, resent._replace(time=loop.time))
    ]
    assert one["fieldsLeftOut"] > 0
    assert one["outcomeId"] == other["outcomeId"]

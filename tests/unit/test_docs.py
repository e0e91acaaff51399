"""What docs/reviews.md says of outcomes is what comes out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.mapping import (
    FIELD_MAPPING_KEYS,
    TASK_MAPPING_KEYS,
    Normalization,
    TaskMapping,
)
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.outcome_schema import FieldOutcome, FieldValues, Outcome
from human_loop_reviews.outcome_values import Note, Verdict
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.crowd_elements import (
    MAX_ANSWER_FIELDS,
    MAX_NAME_CHARACTERS,
    MAX_PACKED_CHARACTERS,
    MAX_VALUES,
)
from human_loop_reviews.tasks.drawings import MAX_BOXES, MAX_COMPARISONS
from human_loop_reviews.tasks.mapped_rows import MAX_ROWS
from human_loop_reviews.tasks.mapping_json import parse_mapping
from human_loop_reviews.tasks.moderation import MAX_LABELS
from local.cases import CASES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reviews.md").read_text()
JSON_BLOCKS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = re.findall(
    r"`local/samples/outputs/([\w-]+)\.json`.*?\n\n"
    r"\| field \| predicted \| answers \| modelCorrect \| verdict \|\n\|[ -|]+\|\n((?:\|.*\n)+)",
    PAGE,
)


def test_there_is_an_example_for_each_task() -> None:
    tasks = {case.partition("-")[0] for case, _ in EXAMPLES}
    assert tasks == {"textract", "rekognition", "custom"}
    assert len(EXAMPLES) == PAGE.count("| field | predicted | answers |")


@pytest.mark.parametrize(("case", "table"), EXAMPLES)
def test_example_is_what_comes_out(case: str, table: str) -> None:
    outcome = json.loads((ROOT / f"local/samples/outputs/{case}.outcome.json").read_text())
    rows = [
        [
            field["name"],
            json.dumps(field["values"]["predicted"], ensure_ascii=False),
            ", ".join(json.dumps(v, ensure_ascii=False) for v in field["values"]["answers"]),
            json.dumps(field["modelCorrect"]),
            field["verdict"] or "null",
        ]
        for field in outcome["fields"]
    ]
    assert [line.strip("| ").split(" | ") for line in table.splitlines()] == rows


def test_every_verdict_is_explained() -> None:
    assert [verdict for verdict in Verdict if f"| `{verdict}` |" not in PAGE] == []


def test_every_note_is_explained() -> None:
    assert [note for note in Note if f"| `{note}` |" not in PAGE] == []


def test_every_property_of_outcomes_is_mentioned() -> None:
    names = [
        name for record in (Outcome, FieldOutcome, FieldValues) for name in record.__annotations__
    ]
    assert len(names) > 40
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_outcome_of_the_page_is_that_of_the_demo() -> None:
    (case,) = [case for case in CASES if case.loop == "invoice-1042"]
    loop = parse_event(case.event)
    output = parse_output(json.dumps(case.document), source="output.json")
    review = review_output(output, creation_time=loop.creation_time)
    outcome = describe_outcome(loop, output, review, disclosure=Disclosure())
    (shown,) = [json.loads(each) for each in JSON_BLOCKS if "schemaVersion" in each]
    assert shown == outcome
    assert list(shown) == list(outcome)
    jsonschema.validate(shown, json.loads((ROOT / "docs/outcome.schema.json").read_text()))


def test_mappings_of_the_page_are_usable() -> None:
    mappings = [parse_mapping(each) for each in JSON_BLOCKS if "schemaVersion" not in each]
    assert len(mappings) > 5
    assert [mapping for mapping in mappings if not isinstance(mapping, TaskMapping)] == []


def test_keys_of_mappings_are_explained() -> None:
    keys = [*FIELD_MAPPING_KEYS, *TASK_MAPPING_KEYS[1:], *Normalization]
    assert [key for key in keys if f"`{key}`" not in PAGE] == []


def test_limits_of_the_page_are_those_of_the_code() -> None:
    limits = (
        *(MAX_VALUES, MAX_PACKED_CHARACTERS, MAX_ANSWER_FIELDS, MAX_NAME_CHARACTERS),
        *(MAX_COMPARISONS, MAX_ROWS, MAX_LABELS, MAX_BOXES),
    )
    assert [limit for limit in limits if f" {limit:,}" not in PAGE] == []


def test_error_of_the_page_is_what_comes_out() -> None:
    with pytest.raises(UnreadableOutputError) as caught:
        parse_output('{"humanAnswers": [{}]}', source="output.json")
    assert f"\n{caught.value}\n" in PAGE

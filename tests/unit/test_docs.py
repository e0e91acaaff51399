"""What docs/reviews.md says of outcomes is what comes out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from docs_tools.review_tables import EXAMPLES
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import (
    FIELD_MAPPING_KEYS,
    TASK_MAPPING_KEYS,
    Normalization,
    TaskMapping,
)
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

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reviews.md").read_text()
JSON_BLOCKS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_there_is_an_example_for_each_task() -> None:
    tasks = {sample.partition("-")[0] for sample in EXAMPLES}
    assert tasks == {"textract", "rekognition", "custom"}
    assert [each for each in EXAMPLES if f"`local/samples/outputs/{each}.json`" not in PAGE] == []


def test_outcome_of_the_page_is_one_of_the_schema() -> None:
    (shown,) = [json.loads(each) for each in JSON_BLOCKS if "schemaVersion" in each]
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

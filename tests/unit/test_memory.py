"""What a document takes in memory beside its size: a search for the worst one."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.review_output import review_output
from tests.examples import examples

SIZE = 30_000
#: The most bytes for one byte of a document this small. A large one is bound by other limits, and
#: measured by the benchmark `hostile_outputs`.
MAX_BYTES_OF_MEMORY_PER_BYTE = 450

KEYS = st.sampled_from(
    [
        *("a", "", "label", "labels", "boundingBoxes", "polygons", "vertices", "x", "y"),
        *("entities", "startOffset", "endOffset", "width", "height", "left", "top", "blocks"),
        *("id", "name", FORMS, MODERATION, "moderationLabels", "blockType", "relationships"),
        *("ids", "text", "b.c"),
    ]
)
LEAVES = st.sampled_from([None, True, 0, 1.5, "", "x", "[{}]", '{"a":[1]}', "KEY_VALUE_SET"])
PARTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
@given(part=PARTS, key=KEYS, reviewers=st.integers(1, 10), distinct=st.booleans())
@pytest.mark.full
def test_no_repeated_part_takes_much_more_memory_than_its_size(
    part: Any, key: str, reviewers: int, distinct: bool
) -> None:
    times = max(1, SIZE // (len(json.dumps(part)) + 8) // reviewers)
    content: Any = {f"{key}{n}": part for n in range(times)} if distinct else {key: [part] * times}
    document = json.dumps(
        {
            "humanAnswers": [{"answerContent": content} for _ in range(reviewers)],
            "inputContent": {"a": [part] * times},
        }
    )
    mapping = [FieldMapping(name="n", prediction="a", answer="a")]
    for each in ((), mapping):
        tracemalloc.start()
        try:
            with suppress(UnreadableOutputError):
                output = parse_output(document, source="output.json")
                review = review_output(output, mapping=each)
                describe_review(output, review, include_values=True)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak <= MAX_BYTES_OF_MEMORY_PER_BYTE * len(document)

"""Human loops as the formats get them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review_output import review_output
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop, ReviewSelection
from human_loops_cli.exports.source import DEFAULT_EXPRESSION, find_source


def loop_of(
    document: Mapping[str, Any],
    *mapping: FieldMapping,
    source: str = DEFAULT_EXPRESSION,
    only: ReviewSelection = ReviewSelection.ALL,
    field: str | None = None,
) -> ReviewedLoop:
    """Review an output as the command does."""
    output = parse_output(json.dumps(document), source="output.json")
    review = review_output(output, mapping=mapping)
    if review.unanswered:
        raise LeftOutError(Reason.UNANSWERED)
    place = find_source(output, source)
    return ReviewedLoop("output.json", output, review, place, only, field, mapping, source)


def with_source(document: dict[str, Any], source: Any, **others: Any) -> dict[str, Any]:
    """Return an output with what its reviewers were shown, and when they answered."""
    inputs = {**document["inputContent"], "taskObject": source, **others}
    answers = [
        {**answer, "submissionTime": "2026-03-14T11:05:00.000Z"}
        for answer in document["humanAnswers"]
    ]
    return {**document, "inputContent": inputs, "humanAnswers": answers}

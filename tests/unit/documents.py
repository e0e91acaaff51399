"""Outputs for tests, made of what matters to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from human_loop_reviews.a2i.output import Output, parse_output
from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.verdicts import FieldReview, Review
from human_loop_reviews.review_output import review_output

Block = dict[str, Any]

#: A key, its value (a boolean for a box, None for a key without a value block), and its id.
PairOf = tuple[str, str | bool | None, str]


def word(text: str, block_id: str) -> Block:
    return {"blockType": "WORD", "id": block_id, "text": text}


def links(**relations: Sequence[str]) -> list[dict[str, Any]]:
    return [{"type": kind, "ids": list(ids)} for kind, ids in relations.items()]


def key_block(block_id: str, confidence: float | None = None, **relations: Sequence[str]) -> Block:
    block = {"blockType": "KEY_VALUE_SET", "entityTypes": ["KEY"], "id": block_id}
    known = {} if confidence is None else {"confidence": confidence}
    return {**block, **known, "relationships": links(**relations)}


def value_block(block_id: str, *children: str) -> Block:
    block = {"blockType": "KEY_VALUE_SET", "entityTypes": ["VALUE"], "id": block_id}
    return {**block, "relationships": links(CHILD=children)}


def blocks_of(*pairs: PairOf, confidence: float | None = None) -> list[Block]:
    """Return the blocks of pairs, as Amazon Textract writes them."""
    blocks: list[Block] = []
    for key, value, pair_id in pairs:
        words = [word(text, f"{pair_id}-k{i}") for i, text in enumerate(key.split(" "))]
        ids = [block["id"] for block in words]
        if value is None:
            blocks += [*words, key_block(pair_id, confidence, CHILD=ids)]
            continue
        if isinstance(value, bool):
            status = "SELECTED" if value else "NOT_SELECTED"
            said = [
                {
                    "blockType": "SELECTION_ELEMENT",
                    "id": f"{pair_id}-s",
                    "selectionStatus": status,
                }
            ]
        else:
            said = [word(text, f"{pair_id}-v{i}") for i, text in enumerate(value.split(" "))]
        blocks += [
            *words,
            *said,
            key_block(pair_id, confidence, VALUE=[f"{pair_id}-value"], CHILD=ids),
            value_block(f"{pair_id}-value", *[block["id"] for block in said]),
        ]
    return blocks


def answer_of(content: Any, **extras: Any) -> dict[str, Any]:
    return {"answerContent": content, **extras}


def answers_of(contents: Iterable[Any]) -> list[dict[str, Any]]:
    """Return answers that were submitted one after the other."""
    return [
        answer_of(content, submissionTime=f"2026-03-14T09:30:00.{index:03}Z")
        for index, content in enumerate(contents)
    ]


def forms(
    shown: Sequence[Block],
    *answers: Sequence[Block],
    unshown: Sequence[Block] = (),
    aliases: Iterable[Sequence[str]] = (),
) -> dict[str, Any]:
    """Return a document of the forms task."""
    conditions = [
        {
            "ConditionParameters": {"ImportantFormKey": key, "ImportantFormKeyAliases": others},
            "ConditionType": "ImportantFormKeyConfidenceCheck",
        }
        for key, *others in aliases
    ]
    return {
        "awsManagedHumanLoopRequestSource": FORMS,
        "flowDefinitionArn": "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/forms",
        "humanAnswers": answers_of({FORMS: {"blocks": list(blocks)}} for blocks in answers),
        "humanLoopName": "loop",
        "inputContent": {
            "aiServiceResponse": {"blocks": [*shown, *unshown]},
            "humanTaskActivationConditionResults": {"Conditions": [{"Or": conditions}]},
            "selectedAiServiceResponse": {"blocks": list(shown)},
        },
    }


def moderation(shown: Sequence[Any], *answers: Any) -> dict[str, Any]:
    """Return a document of the moderation task; an answer is a list of labels, or its content."""
    contents = [
        {MODERATION: {"moderationLabels": answer}} if isinstance(answer, list) else answer
        for answer in answers
    ]
    return {
        "awsManagedHumanLoopRequestSource": MODERATION,
        "humanAnswers": answers_of(contents),
        "inputContent": {"selectedAiServiceResponse": {"moderationLabels": list(shown)}},
    }


def label(name: str, parent: str = "", confidence: float | None = None) -> dict[str, Any]:
    known = {} if confidence is None else {"confidence": confidence}
    return {"name": name, "parentName": parent, **known}


def custom(*contents: Any, inputs: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a document of a custom task."""
    return {
        "humanAnswers": answers_of(contents),
        "inputContent": inputs or {},
    }


def parse(document: Any) -> Output:
    return parse_output(json.dumps(document), source="output.json")


def error_of(text: bytes | str) -> str:
    """Return the error that reading and reviewing a document raises, without its source."""
    with pytest.raises(UnreadableOutputError) as caught:
        review_output(parse_output(text, source="s3://bucket/output.json"))
    message = str(caught.value)
    assert message.startswith("s3://bucket/output.json: ")
    return message.removeprefix("s3://bucket/output.json: ")


def review(document: Any, *mapping: FieldMapping) -> Review:
    return review_output(parse(document), mapping=mapping)


def fields(document: Any, *mapping: FieldMapping) -> dict[str, FieldReview]:
    """Return the fields of the review of a document by name."""
    return {field.name: field for field in review(document, *mapping).fields}


def verdicts(document: Any, *mapping: FieldMapping) -> dict[str, str | None]:
    return {name: field.verdict for name, field in fields(document, *mapping).items()}

"""Amazon's parser of Textract's responses reads corrected responses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from trp import Document
from trp.trp2 import TBlock, TDocument, TDocumentSchema

from human_loop_reviews.corrected_blocks import correct_blocks
from human_loop_reviews.corrected_document import correct_document
from human_loop_reviews.outcome_values import FieldStatus
from human_loop_reviews.review_output import review_output
from tests.unit.documents import parse

SAMPLES = Path(__file__).parents[2] / "local" / "samples" / "outputs"
WITH_BLOCKS = sorted(
    path for path in SAMPLES.glob("textract-*.json") if not path.name.endswith(".outcome.json")
)


def with_a_page(path: Path) -> dict[str, Any]:
    """Return an output of one page, which is the first block, as Amazon Textract writes it."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    inputs = document.get("inputContent") or document.get("humanLoopInputContent") or document
    blocks = inputs["aiServiceResponse"]["blocks"]
    corner = {"boundingBox": {"height": 1.0, "left": 0.0, "top": 0.0, "width": 1.0}, "polygon": []}
    ids = [block["id"] for block in blocks if block["blockType"] == "KEY_VALUE_SET"]
    page = {
        "blockType": "PAGE",
        "geometry": corner,
        "id": "page-1",
        "page": 1,
        "relationships": [{"ids": ids, "type": "CHILD"}],
    }
    inputs["aiServiceResponse"]["blocks"] = [page, *blocks]
    return document


def text_of(document: TDocument, blocks: list[TBlock]) -> str:
    text: str = document.get_text_for_tblocks(blocks)
    return text


def read(response: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the keys and values of all pages."""
    document = TDocumentSchema().load(response)
    return [
        (
            text_of(
                document, document.get_blocks_for_relationships(key.get_relationships_for_type())
            ).rstrip(": "),
            text_of(document, document.value_for_key(key)),
        )
        for page in document.pages
        for key in document.keys(page=page)
    ]


def as_read(value: Any) -> str:
    if isinstance(value, bool):
        return "SELECTED" if value else "NOT_SELECTED"
    return value or ""


@pytest.mark.parametrize("path", WITH_BLOCKS, ids=lambda path: path.stem)
def test_trp2_reads_the_fields_of_the_corrected_document(path: Path) -> None:
    output = parse(with_a_page(path))
    review = review_output(output)
    fields = correct_document(output, review)["fields"]
    expected = [
        (each["key"], as_read(each["value"]))
        for each in fields
        if each["status"] is not FieldStatus.REMOVED
    ]

    assert sorted(read(correct_blocks(output, review))) == sorted(expected)


def test_trp_needs_a_confidence_and_a_geometry_that_corrected_words_do_not_have() -> None:
    output = parse(with_a_page(SAMPLES / "textract-invoice.json"))
    response = correct_blocks(output, review_output(output))

    with pytest.raises(KeyError, match="Confidence"):
        Document(response)

"""What docs/corrected-documents.md has from the code, and the JSON Schema of these documents.

`python -m docs_tools.corrected_docs` writes docs/corrected-document.schema.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from docs_tools.docstrings import (
    DOCS,
    attribute_docstrings,
    markdown,
    meaning_table,
    meanings_of,
)
from docs_tools.outcome_docs import schema_of
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.corrected_document import correct_document
from human_loop_reviews.corrected_document_schema import (
    CorrectedDocument,
    CorrectedField,
    NotApplied,
)
from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.outcome_values import FieldStatus
from human_loop_reviews.review.verdicts import Review
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.mapping_json import parse_mapping

SCHEMA: Final = DOCS / "corrected-document.schema.json"

#: The samples with their corrected document beside the prediction.
EXAMPLES: Final = ("textract-invoice", "textract-added-removed-disputed")
CUSTOM_EXAMPLE: Final = "custom-numbered-inputs-mapped"

_OUTPUTS: Final = DOCS.parent / "local" / "samples" / "outputs"


def written() -> str:
    """Return the text of the schema's file."""
    schema = schema_of(
        CorrectedDocument,
        "corrected-document",
        "Corrected document",
        "The prediction of a human loop with the reviewers' corrections applied.",
    )
    return json.dumps(schema, indent=2) + "\n"


@cache
def corrected(sample: str) -> tuple[Review, dict[str, Any]]:
    """Return the review and the corrected document of a sample."""
    output = parse_output((_OUTPUTS / f"{sample}.json").read_bytes(), source="output.json")
    file = _OUTPUTS / f"{sample}.mapping.json"
    mapping: TaskMapping | Sequence[FieldMapping] = ()
    if file.exists():
        read = parse_mapping(file.read_bytes())
        mapping = read[output.flow_definition_name or ""] if isinstance(read, dict) else read
    review = review_output(output, mapping=mapping)
    return review, correct_document(output, review, mapping=mapping)


def status_table() -> str:
    """Return the table of the statuses."""
    return meaning_table("status", meanings_of(FieldStatus))


def property_table(record: type) -> str:
    """Return the table of the properties of a record."""
    described = attribute_docstrings(record).items()
    return meaning_table("property", [(f"`{name}`", markdown(text)) for name, text in described])


def example_table(sample: str) -> str:
    """Return a corrected document beside its prediction and the answers."""
    review, document = corrected(sample)
    answers = {each.name: each.answers for each in review.fields}
    lines = [
        "| key | predicted | answers | corrected | status |",
        "| --- | --- | --- | --- | --- |",
    ]
    for field in document["fields"]:
        given = () if field["status"] == FieldStatus.UNREVIEWED else answers[field["key"]]
        values = [_text(field["predicted"]), ", ".join(map(_text, given)), _text(field["value"])]
        lines.append(f"| {' | '.join([field['key'], *values, field['status']])} |")
    return "\n".join([*lines, ""])


def example_document(sample: str) -> str:
    """Return a corrected document as a block of JSON, with a line for each field."""
    _, document = corrected(sample)
    lines = ",\n".join(f'  "{name}": {_json(value)}' for name, value in document.items())
    return f"```json\n{{\n{lines}\n}}\n```\n"


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "statuses": status_table,
    "properties of a document": partial(property_table, CorrectedDocument),
    "properties of a field": partial(property_table, CorrectedField),
    "properties of what is not applied": partial(property_table, NotApplied),
    **{f"corrected {sample}": partial(example_table, sample) for sample in EXAMPLES},
    "document of the invoice": partial(example_document, EXAMPLES[0]),
    "document of a custom task": partial(example_document, CUSTOM_EXAMPLE),
}


def _json(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"    {_text(each)}" for each in value) + "\n  ]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    Path(SCHEMA).write_text(written(), encoding="utf-8")

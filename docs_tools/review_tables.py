"""What docs/reviews.md has from the code: the properties of outcomes, mappings, and examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from docs_tools.docstrings import (
    DOCS,
    Docstring,
    attribute_docstrings,
    markdown,
    meaning_table,
    meanings_of,
)
from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.outcome_schema import (
    FieldOutcome,
    FieldValues,
    LoopOutcome,
    ReviewOutcome,
)
from human_loop_reviews.outcome_values import Note, Verdict
from human_loop_reviews.review_output import review_output
from local.cases import CASES

_OUTPUTS: Final = DOCS.parent / "local" / "samples" / "outputs"

#: The samples with a table of their outcome.
EXAMPLES: Final = (
    "textract-invoice",
    "textract-relabelled",
    "textract-unshown",
    "rekognition-moderation",
    "custom-classifier",
    "custom-numbered-inputs-mapped",
)

#: The human loop of the demo that the page shows.
_LOOP: Final = "invoice-1042"


def verdict_table() -> str:
    """Return the table of the verdicts."""
    nothing = "There is nothing to compare with, or `note` gives the reason."
    return meaning_table("verdict", [*meanings_of(Verdict), ("null", nothing)])


def note_table() -> str:
    """Return the table of the notes."""
    return meaning_table("note", meanings_of(Note))


def field_table() -> str:
    """Return the table of the properties of a field."""
    values = [(f"`values.{name}`", text) for name, text in _properties(FieldValues)]
    own = [(f"`{name}`", text) for name, text in _properties(FieldOutcome) if name != "values"]
    return meaning_table("property of a field", [*own, *values])


def review_table() -> str:
    """Return the table of the properties of a review."""
    rows = _properties(ReviewOutcome)
    return meaning_table("property of a loop", [(f"`{name}`", text) for name, text in rows])


def event_table() -> str:
    """Return the table of the properties of an outcome that are not of its review."""
    rows = _properties(LoopOutcome)
    return meaning_table("property of a loop", [(f"`{name}`", text) for name, text in rows])


def mapping_table() -> str:
    """Return the table of the keys of a field's mapping."""
    described = Docstring.of(FieldMapping).parameters
    return meaning_table("key", [(f"`{name}`", text) for name, text in described.items()])


def task_mapping_table() -> str:
    """Return the table of the keys of a mapping with more than fields."""
    described = Docstring.of(TaskMapping).parameters
    return meaning_table("key", [(f"`{name}`", text) for name, text in described.items()])


def demo_outcome() -> str:
    """Return the outcome of a loop of the demo as a block of JSON, with a line for each field."""
    (case,) = [case for case in CASES if case.loop == _LOOP]
    loop = parse_event(case.event)
    output = parse_output(json.dumps(case.document), source="output.json")
    review = review_output(output, creation_time=loop.creation_time)
    outcome = describe_outcome(loop, output, review, disclosure=Disclosure())
    lines = ",\n".join(f'  "{name}": {_json(value)}' for name, value in outcome.items())
    return f"```json\n{{\n{lines}\n}}\n```\n"


def example_table(sample: str) -> str:
    """Return the table of the fields of a sample's outcome."""
    outcome = json.loads((_OUTPUTS / f"{sample}.outcome.json").read_text("utf-8"))
    rows = [
        (
            field["name"],
            _text(field["values"]["predicted"]),
            ", ".join(map(_text, field["values"]["answers"])),
            json.dumps(field["modelCorrect"]),
            field["verdict"] or "null",
        )
        for field in outcome["fields"]
    ]
    names = ("field", "predicted", "answers", "modelCorrect", "verdict")
    lines = [names, ("---",) * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "verdicts": verdict_table,
    "notes": note_table,
    "properties of a field": field_table,
    "properties of a review": review_table,
    "properties of an event": event_table,
    "keys of a field": mapping_table,
    "keys of a mapping": task_mapping_table,
    "outcome of the demo": demo_outcome,
    **{f"outcome of {sample}": partial(example_table, sample) for sample in EXAMPLES},
}


def _properties(record_type: type) -> list[tuple[str, str]]:
    return [(name, markdown(text)) for name, text in attribute_docstrings(record_type).items()]


def _json(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"    {json.dumps(each)}" for each in value) + "\n  ]"
    return json.dumps(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

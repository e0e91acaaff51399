"""The templates of the documentation: each mapping reads an output of its template."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from human_loop_reviews.mapping import TaskMapping
from human_loop_reviews.tasks.mapping_json import parse_mapping
from tests.unit.documents import custom, fields

PAGE = (Path(__file__).parents[2] / "docs" / "reviews.md").read_text()
SECTION = PAGE[PAGE.index("## Find your template") : PAGE.index("## Verdicts")]
TEMPLATES = {
    title: (template, mapping)
    for title, template, mapping in re.findall(
        r"#### (\d+\. .*)\n(?:.*\n)*?```html\n((?:.*\n)*?)```\n(?:.*\n)*?```json\n((?:.*\n)*?)```",
        SECTION,
    )
}

#: An expression of Liquid within the name of an input.
LIQUID = r"\\\{\\\{.*?\\\}\\\}"


class Reviewed(NamedTuple):
    """An output of a template: what went in, what a reviewer gave, and the expected verdicts."""

    inputs: dict[str, Any]
    answer: dict[str, Any]
    verdicts: dict[str, str]


BOX = {"label": "cup", "left": 10, "top": 10, "width": 100, "height": 50}
SPAN = {"startOffset": 0, "endOffset": 4, "label": "PERSON"}
PAIRS = {"translationPairs": [{"translation": "Hola."}, {"translation": "Adios."}]}
ENTITIES = [
    {"id": "e00", "text": "aspirin 80mg", "confidence": 0.5},
    {"id": "e01", "text": "metformin", "confidence": 0.6},
]

OUTPUTS = {
    "1": [
        Reviewed({"model": {"town": "X"}}, {"town": "X"}, {"Town": "confirmed"}),
        Reviewed({"model": {"town": "X"}}, {}, {"Town": "removed"}),
    ],
    "2": [
        Reviewed({"model": {"summary": "a"}}, {}, {"Summary": "confirmed"}),
        Reviewed({"model": {"summary": "a"}}, {"corrected_summary": "b"}, {"Summary": "corrected"}),
    ],
    "3": [
        Reviewed(
            {"initialValue": "Billing"},
            {"category": {"label": "Billing"}},
            {"Category": "confirmed"},
        )
    ],
    "4": [
        Reviewed(
            {"model": {"topics": ["delay", "refund"]}},
            {"topics": {"labels": ["refund", "delay"]}},
            {"Topics": "confirmed"},
        )
    ],
    "5": [
        Reviewed(
            {"boxes": [BOX]},
            {
                "objects": {
                    "boundingBoxes": [{**BOX, "left": 12}],
                    "inputImageProperties": {"height": 400, "width": 600},
                }
            },
            {"Objects": "confirmed"},
        )
    ],
    "6": [
        Reviewed(
            {"entities": [SPAN]}, {"entities": {"entities": [SPAN]}}, {"Entities": "confirmed"}
        ),
        Reviewed({"entities": [SPAN]}, {"entities": {"entities": []}}, {"Entities": "removed"}),
    ],
    "7": [
        Reviewed(
            PAIRS,
            {
                "translation1": "Hola.",
                "rating1": {"good": True, "bad": False},
                "translation2": "Adiós.",
                "rating2": {"good": False, "bad": True},
            },
            {
                "Translation[0]": "confirmed",
                "Translation[1]": "corrected",
                "Rating[0]": "confirmed",
                "Rating[1]": "rejected",
            },
        )
    ],
    "8": [
        Reviewed(
            {"entities_to_review": ENTITIES},
            {"corrected_text_e00": "aspirin 81mg", "corrected_text_e01": "metformin"},
            {"Entity[0]": "corrected", "Entity[1]": "confirmed"},
        )
    ],
    "9": [
        Reviewed(
            {"model": {"label": "cat"}},
            {"verdict": {"agree": agree, "disagree": not agree}},
            {"Label": "confirmed" if agree else "rejected"},
        )
        for agree in (True, False)
    ],
    "10": [
        Reviewed(
            {"draft": "a"},
            {"decision": {"label": "approve"}},
            {"Decision": "confirmed", "Text": "confirmed"},
        ),
        Reviewed(
            {"draft": "a"},
            {"decision": {"label": "edit"}, "edited": "b"},
            {"Decision": "rejected", "Text": "corrected"},
        ),
    ],
}


def test_page_begins_with_ten_templates() -> None:
    assert [title.partition(".")[0] for title in TEMPLATES] == [*OUTPUTS]
    assert PAGE.index("## Find your template") == PAGE.index("\n## ") + 1
    assert SECTION.count("```html") == SECTION.count("```json") == len(OUTPUTS) == 10


@pytest.mark.parametrize("title", TEMPLATES)
def test_mapping_reads_the_output_of_its_template(title: str) -> None:
    template, written = TEMPLATES[title]
    mapping = parse_mapping(written)
    assert isinstance(mapping, TaskMapping)
    names = [
        re.sub(LIQUID, ".+", re.escape(name)) for name in re.findall(r' name="([^"]+)"', template)
    ]
    for reviewed in OUTPUTS[title.partition(".")[0]]:
        assert all(any(re.fullmatch(each, key) for each in names) for key in reviewed.answer)
        document = custom(reviewed.answer, inputs=reviewed.inputs)
        found = fields(document, *mapping.fields)
        assert {name: field.verdict or field.note for name, field in found.items()} == (
            reviewed.verdicts
        )

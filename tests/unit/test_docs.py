"""The worked examples of docs/reviews.md are those that come out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.review.verdicts import Verdict
from human_loop_reviews.tasks.mapping import parse_mapping

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reviews.md").read_text()
EXAMPLES = re.findall(
    r"`local/samples/outputs/([\w-]+)\.json`.*?\n\n"
    r"\| field \| predicted \| people \| verdict \|\n\|[ -|]+\|\n((?:\|.*\n)+)",
    PAGE,
)


def test_there_is_an_example_for_each_task() -> None:
    tasks = {case.partition("-")[0] for case, _ in EXAMPLES}
    assert tasks == {"textract", "rekognition", "custom"}
    assert len(EXAMPLES) == PAGE.count("| field | predicted | people | verdict |")


@pytest.mark.parametrize(("case", "table"), EXAMPLES)
def test_example_is_what_comes_out(case: str, table: str) -> None:
    outcome = json.loads((ROOT / f"local/samples/outputs/{case}.outcome.json").read_text())
    rows = [
        [
            field["name"],
            json.dumps(field["predicted"]),
            ", ".join(json.dumps(said) for said in field["reviewers"]),
            field["verdict"] or "null",
        ]
        for field in outcome["fields"]
    ]
    assert [line.strip("| ").split(" | ") for line in table.splitlines()] == rows


def test_every_verdict_is_explained() -> None:
    assert [verdict for verdict in Verdict if f"| `{verdict}` |" not in PAGE] == []


def test_mapping_of_the_page_is_usable() -> None:
    [mapping] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    names = [field.name for field in parse_mapping(mapping, flow_definition=None)]
    assert names == ["Category", "Town", "Amount"]


def test_error_of_the_page_is_what_comes_out() -> None:
    with pytest.raises(UnreadableOutputError) as caught:
        parse_output('{"humanAnswers": [{}]}', source="output.json")
    assert f"\n{caught.value}\n" in PAGE

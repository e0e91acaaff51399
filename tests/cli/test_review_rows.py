"""What `human-loops review` prints: rows in natural order, labels not shown, and repairs."""

from __future__ import annotations

import json
from pathlib import Path

from human_loop_tables.queries import QUERIES
from human_loops_cli.outcome_data.open_outcomes import open_outcomes
from tests.cli.conftest import run, run_json
from tests.cli.outputs import output, write
from tests.cli.test_outcome_data import a_session

SAMPLES = Path(__file__).parents[2] / "local" / "samples" / "outputs"


def test_rows_are_in_natural_order(tmp_path: Path) -> None:
    """Twelve translations, each in an input of its own."""
    inputs = [f"translation{number}" for number in range(1, 13)]
    document = output("loop")
    document["inputContent"] = {"pairs": [{"translation": each} for each in inputs]}
    document["humanAnswers"] = [{"answerContent": {each: each for each in sorted(inputs)}}]
    mapping = {"name": "T", "prediction": "pairs[*].translation", "rows": True}
    mapping["answer"] = f"[{', '.join(inputs)}]"
    (tmp_path / "mapping.json").write_text(json.dumps([mapping]))
    write(tmp_path / "outputs", document)
    options = (str(tmp_path / "outputs"), "--mapping", str(tmp_path / "mapping.json"))
    expected = [f"T[{number}]" for number in range(12)]
    assert [each["name"] for each in run_json("review", *options)["fields"]] == expected
    exported = json.loads(run("export", *options, "--format", "jsonl").stdout)
    assert [each["name"] for each in exported["fields"]] == expected


def test_label_that_was_not_shown_is_upheld_by_those_who_select_it() -> None:
    row = run_json("review", str(SAMPLES / "rekognition-unshown.json"))
    found = {each["name"]: each for each in row["fields"]}
    assert found["Violence"]["verdict"] == "confirmed"
    assert (found["Violence"]["shown"], found["Violence"]["confidence"]) == (False, 99.5)
    assert (row["fieldsJudged"], row["fieldsCorrect"]) == (1, 1)


def test_prediction_that_cannot_be_compared_names_its_repair(tmp_path: Path) -> None:
    document = output("loop", {"label": "a"}, field="category")
    document["inputContent"] = {"guess": {"label": "a", "score": 0.9}}
    mapping = tmp_path / "mapping.json"
    mapping.write_text('[{"name": "category", "prediction": "guess", "answer": "category"}]')
    write(tmp_path / "outputs", document)
    options = (str(tmp_path / "outputs"), "--mapping", str(mapping))
    (field,) = run_json("review", *options)["fields"]
    assert (field["note"], field["predictionRepair"]) == ("notComparable", ".label")
    for values in ((), ("--values",)):
        printed = " ".join(run("review", *options, *values).stdout.replace("\u2502", " ").split())
        assert "append .label" in printed
    assert ".label" in run("review", *options, "--csv").stdout
    with open_outcomes(a_session(), [options[0]], mapping=mapping) as data:
        (note,) = data.rows(QUERIES["notes"])
    assert (note["note"], note["prediction_repair"], note["fields"]) == (
        *("notComparable", ".label"),
        1,
    )
    page = tmp_path / "report.html"
    assert run("report", *options, "-o", str(page)).exit_code == 0
    assert "Append .label to the mapping&#x27;s prediction." in page.read_text().replace(
        "&#39;", "&#x27;"
    ).replace("mapping's", "mapping&#x27;s")

"""``human-loops review``: every input has a row, whatever it is."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto import mock_aws

from human_loops_cli.spreadsheet_cell import spreadsheet_cell
from tests.cli.conftest import REGION, run
from tests.cli.outputs import label, output, write

SAMPLES = Path(__file__).parents[2] / "local" / "samples" / "outputs"


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, output("one", label("Billing")), output("two", label("Delivery")))
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "output.json").write_text("{")
    (tmp_path / "three" / "notes.txt").write_text("no output")
    return tmp_path


@pytest.fixture
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mapping") / "mapping"
    path.write_text('[{"name": "Category", "prediction": "guess", "answer": "category.label"}]')
    return path


def test_directory_is_read_and_every_file_has_a_row(folder: Path, mapping: Path) -> None:
    result = run("review", str(folder), "--mapping", str(mapping), "--json")

    assert result.exit_code == 1
    rows = lines(result.stdout)
    assert [row["input"] for row in rows] == [
        str(folder / name / "output.json") for name in ("one", "three", "two")
    ]
    assert rows[0]["verdictCounts"]["confirmed"] == 1
    assert rows[1]["error"] == f"{folder}/three/output.json: line 1 column 2: expected JSON"
    assert result.stderr == (
        "3 outputs, 1 unreadable; 2 fields judged, 1 correct (50.0%)\n"
        "Category: prediction found in 2 of 2 files, answer in 2 of 2\n"
    )


def test_values_are_printed_on_request_only(folder: Path, mapping: Path) -> None:
    file = str(folder / "two" / "output.json")
    (row,) = lines(run("review", file, "--mapping", str(mapping), "--json").stdout)
    assert "values" not in row["fields"][0]
    (row,) = lines(run("review", file, "--mapping", str(mapping), "--json", "--values").stdout)
    assert row["fields"][0]["values"]["answers"] == ["Delivery"]
    assert '["Delivery"]' in run("review", file, "--mapping", str(mapping), "--values").stdout


def test_row_is_the_expected_outcome_of_a_sample() -> None:
    file = SAMPLES / "textract-invoice.json"
    (row,) = lines(run("review", str(file), "--json", "--values").stdout)
    expected = json.loads(file.with_suffix(".outcome.json").read_text())
    assert [field["name"] for field in row["fields"]] == [
        field["name"] for field in expected["fields"]
    ]
    assert row["taskType"] == "TextractForms"


def test_all_samples_have_rows() -> None:
    files = sorted(
        str(path)
        for path in SAMPLES.glob("*.json")
        if not path.name.endswith((".outcome.json", ".mapping.json"))
    )
    result = run("review", str(SAMPLES), "--json")
    rows = lines(result.stdout)
    assert len(files) > 20
    assert [row["input"] for row in rows] == files
    assert "other JSON files are no outputs: left out" in result.stderr
    assert result.exit_code == 0


def test_csv_has_a_row_for_each_field_and_for_each_unreadable_file(
    folder: Path, mapping: Path
) -> None:
    result = run("review", str(folder), "--csv", "--values", "--mapping", str(mapping))
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["name"], row["verdict"], row["answers"]) for row in rows] == [
        ("Category", "confirmed", '["Billing"]'),
        ("", "", ""),
        ("Category", "corrected", '["Delivery"]'),
    ]
    assert "expected JSON" in rows[1]["error"]
    assert rows[0]["modelCorrect"] == "true"


#: As they are, and full-width.
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
BLANKS = " \u3000\ufeff\u200b"


@given(st.text(f"{SIGNS}{BLANKS};|\n\r\t\u2028a1,'\""))
@example("\u3000\uff1dcmd()")
@example("a;\n =1|@b")
def test_no_part_of_a_cell_begins_as_a_formula(text: str) -> None:
    cell = spreadsheet_cell(text)
    for part in re.split("[;|\n\r\t\u2028]", cell):
        assert not part.lstrip(BLANKS).startswith(tuple(SIGNS))
    assert cell.replace("'", "") == text.replace("'", ""), "nothing else changes"


def test_csv_cell_is_no_formula(tmp_path: Path) -> None:
    write(tmp_path, output("=cmd()", label("x"), field="=1+1"))
    (row,) = csv.DictReader(io.StringIO(run("review", str(tmp_path), "--csv").stdout))
    assert (row["humanLoopName"], row["name"]) == ("'=cmd()", "'=1+1")


def test_table_for_people(folder: Path, mapping: Path) -> None:
    result = run("review", str(folder), "--mapping", str(mapping))
    assert "1 confirmed" in result.stdout
    assert "unreadable" in result.stdout


def test_each_input_is_read_once(folder: Path) -> None:
    file = str(folder / "one" / "output.json")
    assert len(lines(run("review", file, file, "--json").stdout)) == 1


def test_standard_input_is_read() -> None:
    result = run("review", "-", "--json", input=json.dumps(output("one", label("x"))))
    assert [row["input"] for row in lines(result.stdout)] == ["standard input"]


def test_file_that_is_gone_has_a_row(tmp_path: Path) -> None:
    result = run("review", str(tmp_path / "gone.json"), "--json")
    assert result.exit_code == 1
    assert lines(result.stdout)[0]["error"] == f"{tmp_path}/gone.json: No such file or directory"


def test_directory_without_outputs_is_told(tmp_path: Path) -> None:
    result = run("review", str(tmp_path))
    assert result.exit_code == 1
    assert f"{tmp_path} has no .json file" in result.stderr


@pytest.mark.parametrize("text", [None, "{", '[{"name": "A"}]'])
def test_mapping_that_is_not_usable_is_wrong_usage(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, text: str | None
) -> None:
    path = tmp_path_factory.mktemp("mapping") / "mapping.json"
    if text is not None:
        path.write_text(text)
    result = run("review", str(folder), "--mapping", str(path))
    assert result.exit_code == 2
    assert str(path) in result.stderr
    assert result.stdout == ""


def test_mapping_for_no_output_is_wrong_usage(folder: Path, mapping: Path) -> None:
    mapping.write_text(json.dumps({"ticket": json.loads(mapping.read_text())}))
    result = run("review", str(folder / "one"), "--mapping", str(mapping))
    assert result.exit_code == 2
    assert "ticket: no such flow definition; those of the outputs: tickets" in result.stderr


def test_csv_and_json_exclude_each_other(folder: Path) -> None:
    assert run("review", str(folder), "--csv", "--json").exit_code == 2


def test_prefix_in_s3_is_read_page_by_page() -> None:
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="reviews", CreateBucketConfiguration={"LocationConstraint": REGION})
        keys = [f"out/tickets/2026/loop-{number:04}/output.json" for number in range(5)]
        for key in keys:
            s3.put_object(Bucket="reviews", Key=key, Body=json.dumps(output("l", label("x"))))
        s3.put_object(Bucket="reviews", Key="out/readme.txt", Body=b"")
        s3.put_object(Bucket="reviews", Key="other/output.json", Body=b"{}")

        verification = "out/invoices/human-loops_verification/17-ab/output.json"
        s3.put_object(Bucket="reviews", Key=verification, Body="{}")
        result = run("review", "s3://reviews/out/", "--json")
        assert [row["input"] for row in lines(result.stdout)] == [
            f"s3://reviews/{key}" for key in keys
        ]

        result = run("review", "s3://reviews/gone.json", f"s3://reviews/{keys[0]}", "--json")
        assert result.exit_code == 1
        assert "NoSuchKey" in lines(result.stdout)[0]["error"]
        assert "fields" in lines(result.stdout)[1]
        assert run("review", "s3://reviews/nothing/").exit_code == 1
        assert run("review", "s3://nowhere/").exit_code == 3
        assert run("review", "s3://").exit_code == 2


def test_json_that_is_no_output_is_left_out_of_a_directory_and_refused_by_name(
    tmp_path: Path, mapping: Path
) -> None:
    write(tmp_path, output("one", label("Billing")))
    (tmp_path / "expected.json").write_text('{"fields": []}')
    (tmp_path / "list.json").write_text("[1, 2]")
    result = run("review", str(tmp_path), "--mapping", str(mapping), "--json")
    assert result.exit_code == 0
    assert len(lines(result.stdout)) == 1
    assert "2 other JSON files are no outputs: left out" in result.stderr
    named = run("review", str(tmp_path / "expected.json"), "--json")
    assert named.exit_code == 1
    assert "humanAnswers" in lines(named.stdout)[0]["error"]


def test_fields_that_differ_are_shown(mapping: Path, tmp_path: Path) -> None:
    write(tmp_path, output("one", label("Billing")), output("two", label("Delivery")))
    shown = run("review", str(tmp_path), "--mapping", str(mapping)).stdout
    _, _, table = shown.partition("Fields that differ")
    assert "two/output.json" in table
    assert "corrected" in table
    assert "one/output.json" not in table
    assert "Delivery" not in table
    same = run("review", str(tmp_path / "one"), "--mapping", str(mapping)).stdout
    assert "Fields that differ, or have no verdict: No field differs." in same


def test_reviewer_who_answered_twice_is_told(mapping: Path, tmp_path: Path) -> None:
    document = output("one", label("Billing"), label("Delivery"), label("Delivery"))
    for place, answer in enumerate(document["humanAnswers"]):
        answer["workerId"] = ("a", "a", "b")[place]
    write(tmp_path, document)
    result = run("review", str(tmp_path), "--mapping", str(mapping))
    assert "3 of 2 reviewers" in result.stdout
    assert "in 1 outputs a reviewer answered more than once: each answer counts" in result.stderr

"""The desk command: ``python -m human_loop_reviews``."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from human_loop_reviews.__main__ import main
from tests.unit.documents import custom

LAMBDA = Path(__file__).parents[2] / "lambda"


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    good = custom({"a": "x"}, inputs={"p": "x"}) | {
        "flowDefinitionArn": "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/tickets",
        "humanLoopName": "loop",
    }
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "bad.json").write_text("{")
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, object]], list[str]]:
    captured = capsys.readouterr()
    return [json.loads(line) for line in captured.out.splitlines()], captured.err.splitlines()


def test_unreadable_files_are_named_and_the_others_reviewed(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["bad.json", "good.json", "gone.json"]
    assert main([str(outputs / name) for name in names]) == 1
    out, err = lines(capsys)
    assert [line["humanLoopName"] for line in out] == ["loop"]
    assert err == [
        f"{outputs / 'bad.json'}: line 1 column 2: expected JSON",
        f"{outputs / 'gone.json'}: No such file or directory",
    ]


def test_a_folder_is_no_output(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(outputs)]) == 1
    assert lines(capsys)[1] == [f"{outputs}: Is a directory"]


def test_standard_input_is_read(
    outputs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (outputs / "good.json").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["-"]) == 0
    assert len(lines(capsys)[0]) == 1


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ([{"name": "A", "prediction": "p", "answer": "a"}], True),
        ({"tickets": [{"name": "A", "prediction": "p", "answer": "a"}]}, True),
        ({"others": [{"name": "A", "prediction": "p", "answer": "a"}]}, False),
    ],
)
def test_mapping_is_used(
    outputs: Path, capsys: pytest.CaptureFixture[str], written: object, known: bool
) -> None:
    mapping = outputs / "mapping.json"
    mapping.write_text(json.dumps(written))
    assert main([str(outputs / "good.json"), "--mapping", str(mapping)]) == 0
    assert lines(capsys)[0][0]["predictionKnown"] is known


@pytest.mark.parametrize("written", [None, "{", '[{"name": "A"}]'])
def test_unusable_mapping_ends_the_command(
    outputs: Path, capsys: pytest.CaptureFixture[str], written: str | None
) -> None:
    mapping = outputs / "mapping.json"
    if written is not None:
        mapping.write_text(written)
    assert main([str(outputs / "good.json"), "--mapping", str(mapping)]) == 2
    out, err = lines(capsys)
    assert out == []
    assert len(err) == 1
    assert err[0].startswith(f"{mapping}: ")


def test_command_runs_by_its_name(outputs: Path) -> None:
    command = [sys.executable, "-m", "human_loop_reviews", str(outputs / "good.json"), "--values"]
    environment = {**os.environ, "PYTHONPATH": str(LAMBDA)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["fields"][0]["values"]["answers"] == ["x"]
    assert run.stderr == ""

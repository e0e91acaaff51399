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


def test_command_runs_by_its_name(outputs: Path) -> None:
    command = [sys.executable, "-m", "human_loop_reviews", str(outputs / "good.json"), "--values"]
    environment = {**os.environ, "PYTHONPATH": str(LAMBDA)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["fields"][0]["values"]["answers"] == ["x"]
    assert run.stderr == ""

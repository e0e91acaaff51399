"""The command `report`: what it writes, prints and refuses."""

from __future__ import annotations

import builtins
import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from human_loop_tables.queries import QUERIES
from local.waiting import MAX_SECONDS, wait_until
from tests.cli.conftest import run, run_json
from tests.signals import ENDING, heed_signals
from tests.tables.parquet_files import sample_outcomes

OUTCOMES = sample_outcomes()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "outcomes.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in OUTCOMES))
    return path


def test_report_is_written(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("an older report")
    result = run("report", str(source), "-o", str(target))
    assert result.exit_code == 0, result.output
    assert target.read_bytes().startswith(b"<!doctype html>")
    assert f"Report of {len(OUTCOMES)} human loops" in result.stdout
    assert sorted(each.name for each in tmp_path.iterdir()) == ["outcomes.jsonl", "report.html"]


@pytest.mark.full
def test_same_sources_give_the_same_bytes(source: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.html", tmp_path / "2.html"
    for target in (first, second):
        assert run("report", str(source), "-o", str(target)).exit_code == 0
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.full
def test_report_can_go_to_standard_output(source: Path) -> None:
    result = run("report", "-", "-o", "-", input=gzip.compress(source.read_bytes()))
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes.startswith(b"<!doctype html>")


def test_rows_are_printed_as_json(source: Path) -> None:
    printed = run_json("report", str(source), "--since", "2026-03-15")
    assert printed["rows"].keys() == QUERIES.keys()
    assert printed["since"] == "2026-03-15T00:00:00+00:00"
    assert 0 < sum(row["loops"] for row in printed["rows"]["totals"]) < len(OUTCOMES)
    assert printed["outcomes"] == len(OUTCOMES)


@pytest.mark.full
def test_line_that_cannot_be_used_is_named_here_and_in_the_report(
    source: Path, tmp_path: Path
) -> None:
    with source.open("a") as file:
        file.write('{"schemaVersion": "3.0", "name": "hidden"}\n')
    target = tmp_path / "report.html"
    result = run("report", str(source), "-o", str(target))
    assert result.exit_code == 1
    line = f"{source}, line {len(OUTCOMES) + 1}: schemaVersion: expected version 1"
    assert line in result.stderr
    assert "hidden" not in result.output
    assert b"schemaVersion: expected version 1" in target.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name files, folders or prefixes"),
        (("nowhere.jsonl",), "no such file"),
        (("--athena", "archive", "outcomes.jsonl"), "--athena excludes sources"),
        (("--database", "archive", "outcomes.jsonl"), "--database is for --athena"),
        (("outcomes.jsonl", "-o", "."), "is not a regular file"),
        (("outcomes.jsonl", "-o", "pipe"), "pipe is not a regular file"),
        (("outcomes.jsonl", "-o", "outcomes.jsonl"), "outcomes.jsonl is a source"),
        ((".", "-o", "outcomes.jsonl"), "outcomes.jsonl is a source"),
        (("outcomes.jsonl", "--since", "2026-03-02", "--until", "2026-03-01"), "is before --since"),
        (("outcomes.jsonl", "-o", "no/report.html"), "no such directory"),
        (("outcomes.jsonl", "--since", "May"), "--since: expected a time"),
        (("s3://",), "expected s3://BUCKET/PREFIX"),
    ],
)
@pytest.mark.usefixtures("source")
def test_command_that_is_not_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    content = Path("outcomes.jsonl").read_bytes()
    result = run("report", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["outcomes.jsonl", "pipe"]
    assert Path("pipe").is_fifo()
    assert Path("outcomes.jsonl").read_bytes() == content


def test_nothing_is_written_without_loops(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    result = run("report", str(source), "--flow", "nobody", "-o", str(target))
    assert result.exit_code == 2
    assert "no flow definition nobody is known here" in result.stderr
    assert "Known flow definitions: " in result.stderr
    assert not target.exists()


def test_missing_package_says_how_to_install_it(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "duckdb":
            raise ImportError(name)
        return imported(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    result = run("report", str(source))
    assert result.exit_code == 2
    assert "pip install 'path/to/a2i-human-loop-events[report]'" in result.stderr


def test_interrupt_that_becomes_another_error_is_an_interrupt(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_query(*_: Any) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise RuntimeError("Query interrupted") from error  # as DuckDB does

    monkeypatch.setattr("human_loops_cli.outcome_data.open_outcomes.run", run_query)
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whoever started the tests
    try:
        result = run("report", str(source))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (result.exit_code, result.stderr) == (130, "error: interrupted\n")


@contextmanager
def reading_standard_input(
    command: str, folder: Path, signals: Callable[[], None]
) -> Iterator[subprocess.Popen[bytes]]:
    """Give a command that waits for more of its standard input."""
    with subprocess.Popen(
        [sys.executable, "-m", "human_loops_cli", command, "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=signals,
    ) as process:
        assert wait_until(
            lambda: bool(list(folder.glob("human-loops-*/fetched-*"))) or bool(process.poll())
        )
        yield process


@pytest.mark.parametrize("command", ["report", "thresholds"])
@pytest.mark.parametrize("sent", ENDING)
def test_ended_by_a_signal_nothing_is_left(
    tmp_path: Path, sent: signal.Signals, command: str
) -> None:
    with reading_standard_input(command, tmp_path, heed_signals) as process:
        assert process.stderr is not None
        process.send_signal(sent)
        assert process.wait(timeout=MAX_SECONDS) == 130
        assert process.stderr.read() == b"error: interrupted\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sent", ENDING)
def test_signal_that_is_ignored_stays_ignored(tmp_path: Path, sent: signal.Signals) -> None:
    def ignore() -> None:
        heed_signals()
        signal.signal(sent, signal.SIG_IGN)  # as nohup does with SIGHUP

    with reading_standard_input("report", tmp_path, ignore) as process:
        process.send_signal(sent)
        _, errors = process.communicate(timeout=MAX_SECONDS)  # nothing more comes
    assert errors.startswith(b"error: no outcome was read\n")
    assert process.returncode == 1

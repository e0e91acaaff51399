"""Files that somebody else wrote: none ends a command in a traceback, hangs it or fills memory."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from human_loops_cli.app import app
from human_loops_cli.errors import CommandError
from human_loops_cli.files import complete_file
from human_loops_cli.outcome_data import line_problems as problems
from tests.cli.conftest import run, run_json
from tests.cli.outputs import label, output, write
from tests.cli.test_outcome_data import HIDDEN, OUTCOMES, lines, read
from tests.tables.parquet_files import write_parquet

GOOD = lines(OUTCOMES).encode()
READERS = (
    ("review", "--csv"),
    ("agreement",),
    ("export", "--format", "jsonl"),
    ("mapping", "suggest"),
)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("command", READERS, ids=" ".join)
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (fifo, "not a regular file: pipe it to standard input"),
        (device, "not a regular file: pipe it to standard input"),
        (sparse, "larger than 67,108,864 bytes"),
    ],
)
def test_what_is_no_file_of_a_reasonable_size_is_named(
    tmp_path: Path, command: tuple[str, ...], make: Callable[[Path], None], problem: str
) -> None:
    make(tmp_path / "odd.json")
    result = run(*command, str(tmp_path / "odd.json"))
    assert result.exit_code == 1, result.output
    assert f"odd.json: {problem}" in " ".join(result.output.split())


@pytest.mark.parametrize("make", [fifo, device])
def test_outcomes_are_not_read_from_what_is_no_file(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "odd.jsonl")
    with pytest.raises(CommandError, match="not a regular file") as error:
        read(tmp_path / "odd.jsonl")
    assert "standard input" in error.value.advice


@pytest.mark.parametrize("make", [fifo, device, sparse])
def test_mapping_is_a_file_of_a_reasonable_size(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "mapping.json")
    write(tmp_path / "outputs", output("loop", label("x")))
    result = run("review", str(tmp_path / "outputs"), "--mapping", str(tmp_path / "mapping.json"))
    assert result.exit_code == 2
    assert "mapping.json: " in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lines", "parquet", "document"])
def test_file_with_a_name_that_is_not_utf_8_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / os.fsdecode(b"\xff.parquet")
    if kind == "parquet":
        write_parquet(OUTCOMES, tmp_path, date="2026-03-14").rename(path)
    else:
        path.write_bytes(GOOD if kind == "lines" else json.dumps(OUTCOMES, indent=1).encode())
    (tmp_path / os.fsdecode(b"\xfe.jsonl")).write_bytes(b"{}\n")
    data, rows = read(tmp_path)
    assert len(rows["loops"]) == len(OUTCOMES)
    assert [each.place for each in data.rejects] == [f"{tmp_path}/\\udcfe.jsonl"]


@pytest.mark.full
def test_report_on_files_with_names_that_are_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.jsonl")
    path.write_bytes(GOOD)
    page = tmp_path / "report.html"
    assert run("report", str(path), "-o", str(page)).exit_code == 0
    assert "\\udcff.jsonl" in page.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("trailing", [b"x", b"\n", b"PK\x03\x04" * 1000, bytes(600) + b"x"])
def test_compressed_file_with_trailing_bytes_is_read(tmp_path: Path, trailing: bytes) -> None:
    path = tmp_path / "outcomes.jsonl.gz"
    path.write_bytes(gzip.compress(GOOD) + trailing)
    data, rows = read(path)
    assert len(rows["loops"]) == len(OUTCOMES)
    (reject,) = data.rejects
    assert reject.problem == "bytes after the end of the compressed data are not read"


def test_zeros_after_compressed_data_are_padding(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.jsonl.gz"
    path.write_bytes(gzip.compress(GOOD[:300]) + gzip.compress(GOOD[300:]) + bytes(600))
    data, rows = read(path)
    assert (len(rows["loops"]), list(data.rejects)) == (len(OUTCOMES), [])


def test_damage_costs_only_what_follows_it(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.jsonl.gz"
    path.write_bytes(gzip.compress(GOOD) + gzip.compress(GOOD)[:40])
    data, rows = read(path)
    assert len(rows["loops"]) == len(OUTCOMES)
    assert any("damaged or cut off" in each.problem for each in data.rejects)


def test_pretty_printed_objects_are_not_json_lines(tmp_path: Path) -> None:
    """As `jq .` writes them: each of 80,000 lines would be a reject."""
    path = tmp_path / "pretty.jsonl"
    path.write_text("".join(f"{json.dumps(each, indent=2)}\n" for each in OUTCOMES * 30))
    good = tmp_path / "good.jsonl"
    good.write_bytes(GOOD)
    data, rows = read(tmp_path)
    assert len(rows["loops"]) == len(OUTCOMES)
    assert [(each.place, each.problem, each.count) for each in data.rejects] == [
        (str(path), problems.NOT_JSON_LINES, 1)
    ]


def test_object_after_a_thousand_other_lines_is_still_named_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    path.write_bytes(f"{HIDDEN}\n".encode() * 900 + GOOD)
    data, rows = read(path)
    assert len(rows["loops"]) == len(OUTCOMES)
    assert sum(each.count for each in data.rejects) == 900


# Writing ------------------------------------------------------------------------------------------


def test_written_file_keeps_the_permissions_of_the_one_that_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.touch(mode=0o600)
    with complete_file(path) as stream:
        (part,) = tmp_path.glob(".*.part")
        assert part.stat().st_mode & 0o777 == 0o600
        stream.write(b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with complete_file(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("link", [False, True])
def test_output_is_not_written_over_the_mapping(tmp_path: Path, link: bool) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text('[{"name": "category", "prediction": "guess", "answer": "category"}]')
    before = mapping.read_bytes()
    written = tmp_path / "link.json" if link else mapping
    if link:
        written.symlink_to(mapping)
    write(tmp_path / "outputs", output("loop", label("x")))
    common = (str(tmp_path / "outputs"), "--mapping", str(mapping), "-o", str(written))
    for command in (("export", "--format", "jsonl"), ("report",)):
        result = run(*command, *common)
        assert result.exit_code == 2, result.output
        assert "is read too: write to another file" in result.stderr
    assert mapping.read_bytes() == before


def test_names_of_outputs_that_are_not_utf_8_are_printed(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.json")
    path.write_text(json.dumps(output("loop", label("x"))))
    (row,) = [run_json("review", str(tmp_path))]
    assert row["input"].endswith("\\udcff.json")


def test_control_characters_of_names_do_not_reach_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, output("loop", "a", "b", field="\x1b[2J\u202ename"))
    in_file = run("review", str(tmp_path), "--csv").stdout
    assert "\x1b" in in_file, "a file has the name as it is"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(SystemExit):
        app(["review", str(tmp_path), "--csv"])
    printed = capsys.readouterr()
    assert "name" in printed.out
    for each in (printed.out, printed.err, run("review", str(tmp_path)).stdout):
        assert "\x1b[2J" not in each
        assert "\u202e" not in each

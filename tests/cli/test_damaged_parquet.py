"""A damaged Parquet file is named and left out, and everything else is read."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from human_loops_cli.outcome_data.outcome_properties import OF_FIELD, OF_OUTCOME
from tests.cli.conftest import run
from tests.cli.test_outcome_data import OUTCOMES, read
from tests.tables.parquet_files import write_parquet

HALF = len(OUTCOMES) // 2


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a file of an archive with the second half of the outcomes."""
    folder = tmp_path_factory.mktemp("whole")
    return write_parquet(OUTCOMES[HALF:], folder, date="2026-03-15").read_bytes()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive with the first half of the outcomes."""
    write_parquet(OUTCOMES[:HALF], tmp_path / "archive", date="2026-03-14")
    return tmp_path / "archive"


def damage(content: bytes, seed: int) -> bytes:
    """Cut a file off, or overwrite some bytes of it: of the data, the footer or anywhere."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    start = 4 if seed % 2 else max(4, len(content) - 2500)
    if seed % 10 == 0:
        return content[: chance.randrange(4, len(content))]
    changed = bytearray(content)
    for _ in range(chance.choice([1, 4, 40])):
        changed[chance.randrange(start, len(content))] = chance.randrange(256)
    return bytes(changed)


def test_damaged_files_are_named_and_the_rest_is_read(archive: Path, whole: bytes) -> None:
    _, expected = read(archive)
    found = 0
    for seed in range(12):
        damaged = archive / "date=2026-03-16" / "damaged.parquet"
        damaged.parent.mkdir(exist_ok=True)
        damaged.write_bytes(damage(whole, seed))
        data, rows = read(archive)
        named = {each.place for each in data.rejects}
        assert named <= {str(damaged)}, seed
        if named and len(rows["loops"]) == HALF:
            assert rows == expected, seed
            found += 1
        else:
            # The bytes were not used, or hold other values that are valid.
            assert HALF < len(rows["loops"]) <= len(OUTCOMES), seed
    assert found > 4


@pytest.mark.full
def test_file_that_is_damaged_in_one_column_only_is_left_out(archive: Path, whole: bytes) -> None:
    """Most queries read some columns only, and each must give the same loops."""
    damaged = archive / "damaged.parquet"
    damaged.write_bytes(whole)
    with duckdb.connect() as connection:
        chunks = connection.execute(
            "SELECT path_in_schema, data_page_offset, total_compressed_size "
            "FROM parquet_metadata(?)",
            [str(damaged)],
        ).fetchall()
    unchecked = {each.name.lower() for each in (*OF_OUTCOME, *OF_FIELD) if not each.condition}
    chunks = [each for each in chunks if each[0].rpartition(", ")[2].lower() in unchecked]
    assert len(chunks) > 8
    for _, offset, size in chunks:
        changed = bytearray(whole)
        changed[offset : offset + size] = bytes(size)
        damaged.write_bytes(bytes(changed))
        data, rows = read(archive)
        assert [each.place for each in data.rejects] in ([str(damaged)], [])
        assert len(rows["loops"]) == HALF + (0 if data.rejects else len(OUTCOMES) - HALF)


@pytest.mark.full
def test_report_names_a_damaged_file_and_its_status_says_so(
    archive: Path, whole: bytes, tmp_path: Path
) -> None:
    damaged = archive / "damaged.parquet"
    damaged.write_bytes(whole[:-2000] + bytes(1900) + whole[-100:])
    page = tmp_path / "report.html"
    result = run("report", str(archive), "-o", str(page))
    assert result.exit_code == 1, result.output
    assert f"not used: {damaged}: " in result.stderr
    assert page.stat().st_size > 10_000


def test_damaged_file_alone_is_an_error_that_names_it(tmp_path: Path, whole: bytes) -> None:
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(whole[:1000])
    result = run("report", str(damaged), "-o", str(tmp_path / "report.html"))
    assert result.exit_code == 1, result.output
    assert f"not used: {damaged}: " in result.stderr
    assert "Traceback" not in result.stderr

"""The number of lines with which the outcomes of a large file are compared."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loops_cli.outcome_data.documents import count_lines
from human_loops_cli.outcome_data.line_problems import MAX_LINE_BYTES

SIZES = st.sampled_from([0, 1, 30_000, MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines") / "outcomes"


@given(sizes=st.lists(SIZES, max_size=5), ends=st.booleans(), members=st.integers(1, 3))
def test_lines_are_counted_compressed_or_not(
    path: Path, sizes: Sequence[int], ends: bool, members: int
) -> None:
    content = b"\n".join(b"x" * each for each in sizes) + (b"\n" if ends else b"")
    lines = content.split(b"\n")
    expected = len(lines) - (not lines[-1])
    too_long = any(len(each) > MAX_LINE_BYTES for each in lines)
    path.write_bytes(content)
    assert count_lines(path, compressed=False) == (None if too_long else expected)
    size = len(content) // members + 1
    parts = [content[start : start + size] for start in range(0, members * size, size)]
    path.write_bytes(b"".join(gzip.compress(part, 1) for part in parts))
    assert count_lines(path, compressed=True) == (None if too_long else expected)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[:-1], id="cut off"),
        pytest.param(lambda content: content[:-8] + bytes(8), id="wrong checksum"),
        pytest.param(lambda content: content + b"{}", id="bytes after it"),
        pytest.param(lambda content: content + content[:20], id="second member cut off"),
    ],
)
def test_lines_of_a_damaged_file_are_not_counted(
    path: Path, damage: Callable[[bytes], bytes]
) -> None:
    whole = gzip.compress(b"{}\n" * 100_000)
    path.write_bytes(whole)
    assert count_lines(path, compressed=True) == 100_000
    path.write_bytes(damage(whole))
    assert count_lines(path, compressed=True) is None

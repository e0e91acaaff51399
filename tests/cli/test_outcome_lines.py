"""A line says the same in every file: whether others are damaged does not matter."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from human_loops_cli.outcome_data.engine import connect
from human_loops_cli.outcome_data.group import Group
from human_loops_cli.outcome_data.rejects import RejectList, Rejects
from human_loops_cli.outcome_data.staging import OUTCOMES, Staging
from tests.tables.parquet_files import sample_outcomes

ONE: Final[dict[str, Any]] = next(
    each for each in sample_outcomes() if each["humanLoopStatus"] == "Completed"
)
GOOD: Final = json.dumps(ONE).encode()
#: The same without its id and without the bracket at its beginning.
REST: Final = json.dumps({name: ONE[name] for name in ONE if name != "outcomeId"}).encode()[1:]
ENVELOPE: Final = b'{"detail-type": "Human Review Outcome", "detail": %b}'

#: Refused by every parser, so that DuckDB refuses all lines that are read with it.
DAMAGED: Final = b"{"

#: What is written into the beginning of an outcome.
INSERTED: Final = (
    b'"x": 1, "x": 2, ',
    b'"sampled": true, ',
    b'"s\\u0061mpled": true, ',
    b'"Sampled": 3, ',
    b'"x": NaN, ',
    b'"x": [-inf, nAn], ',
    b'"x": [1,], ',
    b'"x": {"a": 1, "a": 2}, ',
    b'"x": ' + b"[" * 3000 + b"]" * 3000 + b", ",
    b'"x": ' + b"9" * 5000 + b", ",
    b'"x": 1e999, ',
    b'"x": "\\ud800", ',
    b'"x": "\\ud83d\\ude00", ',
    b'"x": "\\u0000", ',
    b'"x": "\xff", ',
    b'"x": "\x00", ',
    b'"x": 01, ',
    b"'x': 1, ",
    b"/* x */",
    b"\r",
    b"\x0b",
    b'"detail-type": null, ',
    b'"detail-type": "Human Review Outcome", ',
    b'"detail\\u002dtype": "other", ',
    b'"detail": "text", ',
    b'"detail": {}, ',
    b'"humanAnswers": [], ',
)

#: Values that DuckDB reads as another type, or as something unlike Python.
VALUES: Final[Sequence[Any]] = (
    *("3", " 3", "1_000", "3.5", "1e3", "nan", "inf", "", "true", "T", "yes", "no", "0"),
    *(True, False, 0, 1, 2.5, -1, 2**63, 2**64, 10**30, 10**400, 1e308, float("inf"), float("nan")),
    *(None, [], {}, [None], [[1]], ["1", True, None], [{}], {"a": 1}, "[1]", "a\u0000b", "\ud800"),
)
#: A property of each type, with a condition and without.
PROPERTIES: Final = (
    *("modelVersion", "endTime", "turnaroundSeconds", "fieldsJudged", "unanswered"),
    *("secondsWorked", "fields"),
)
FIELD_PROPERTIES: Final = ("note", "confidence", "shown")

CHANGED = st.builds(
    lambda name, value: json.dumps(ONE | {name: value}).encode(),
    st.sampled_from(sorted(ONE)),
    st.sampled_from(VALUES),
)
CHANGED_FIELD = st.builds(
    lambda name, value: json.dumps(ONE | {"fields": [{"name": "a"} | {name: value}]}).encode(),
    st.sampled_from(sorted({name for each in ONE["fields"] for name in each})),
    st.sampled_from(VALUES),
)


@st.composite
def cut_or_changed(draw: st.DrawFn) -> bytes:
    """Return an outcome of which some bytes are missing or others."""
    start = draw(st.integers(0, len(GOOD) - 1))
    end = draw(st.integers(start, min(start + 20, len(GOOD))))
    return GOOD[:start] + draw(st.binary(max_size=3)) + GOOD[end:]


BARE = st.one_of(
    st.just(GOOD),
    st.sampled_from(INSERTED).map(lambda text: b"{" + text + GOOD[1:]),
    CHANGED,
    CHANGED_FIELD,
    cut_or_changed(),
    st.sampled_from(
        [b"null", b"3", b"[]", b"{}", b"", b" ", b"\xef\xbb\xbf" + GOOD, GOOD + b",", GOOD * 2]
    ),
)
LINES = st.lists(
    (BARE | BARE.map(lambda line: ENVELOPE % line)).map(lambda line: line.replace(b"\n", b" ")),
    min_size=1,
    max_size=4,
)


@dataclass(frozen=True)
class Reader:
    """Reads groups of lines, each time into new tables of the same connection."""

    connection: Any
    folder: Path

    def staged(self, *groups: Group) -> tuple[list[str], list[Rejects]]:
        """Return the outcomes of groups, and what could not be used."""
        rejects = RejectList()
        staging = Staging(self.connection, self.folder, rejects)
        for group in groups:
            group.close()
            staging.read_group(group)
        staging.finish()
        values = "CAST(COLUMNS(* EXCLUDE (part, row)) AS VARCHAR)"
        self.connection.execute(f"SELECT {values} FROM {OUTCOMES}")  # noqa: S608 - our own
        rows = sorted(map(repr, self.connection.fetchall()))
        for name, kind in self.connection.execute(
            "SELECT table_name, if(table_type = 'VIEW', 'VIEW', 'TABLE') "
            "FROM information_schema.tables WHERE table_catalog = 'staged'"
        ).fetchall():
            self.connection.execute(f"DROP {kind} staged.{name}")
        return rows, rejects.listed()

    def group(self, *lines: tuple[int, bytes], place: str = "outcomes.jsonl") -> Group:
        """Return a group of numbered lines."""
        found = Group(self.folder / f"{next(NUMBERS)}.jsonl", reviewed=False)
        for number, line in lines:
            found.add([line, b"\n"], place, number)
        return found


NUMBERS: Final = count()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("staged").resolve()
    with closing(connect(folder, [])) as connection:
        yield Reader(connection, folder)


def changes(stride: int) -> list[tuple[int, bytes]]:
    """Return an outcome with values in a property of each type, numbered. Stride 1 is all."""
    of_outcome = [ONE | {name: value} for name in PROPERTIES for value in VALUES]
    fields = [{"name": "a"} | {name: value} for name in FIELD_PROPERTIES for value in VALUES]
    of_field = [ONE | {"fields": [each]} for each in fields]
    lines = [json.dumps(each).encode() for each in (of_outcome + of_field)[::stride]]
    inserted = [b"{" + text + GOOD[1:] for text in INSERTED]
    return list(enumerate([*lines, *inserted, *(ENVELOPE % line for line in inserted)], 1))


@pytest.mark.slow
# The number of values is no multiple of the stride: each is in some property.
@pytest.mark.parametrize(
    "stride", [pytest.param(7, id="some"), pytest.param(1, id="all", marks=pytest.mark.full)]
)
def test_line_says_the_same_in_every_group(reader: Reader, stride: int) -> None:
    lines = changes(stride)
    expected = reader.staged(reader.group(*lines))
    assert len(expected[0]) > len(lines) / 5
    assert sum(each.count for each in expected[1]) == len(lines) - len(expected[0])
    assert len(lines) - len(expected[0]) > len(lines) / 5
    random.Random(1).shuffle(lines)  # noqa: S311 - not for secrets
    groups = [reader.group(*lines[start : start + 50]) for start in range(0, len(lines), 50)]
    assert reader.staged(*groups) == expected


@settings(max_examples=10, deadline=None)
@given(lines=LINES)
@pytest.mark.full
def test_line_says_the_same_alone_and_beside_a_damaged_line(
    reader: Reader, lines: list[bytes]
) -> None:
    numbered = list(enumerate(lines, 1))
    rows, rejects = reader.staged(*map(reader.group, numbered))
    assert reader.staged(reader.group(*numbered)) == (rows, rejects)
    damaged = [(number + 999, DAMAGED) for number, _ in numbered]
    pairs = zip(numbered, damaged, strict=True)
    beside, found = reader.staged(reader.group(*chain.from_iterable(pairs)))
    assert beside == rows
    assert {(each.problem, line) for each in found for line in each.lines if line < 999} == {
        (each.problem, line) for each in rejects for line in each.lines
    }


def test_every_line_counts_or_is_named(reader: Reader) -> None:
    """Each text beside a valid outcome, all of them with different ids."""
    group = reader.group()
    for number, text in enumerate(INSERTED):
        for line, inserted in enumerate((text, b"")):
            outcome = b"{" + inserted + b'"outcomeId": "%d-%d", ' % (number, line) + REST
            group.add([outcome, b"\n"], str(number), line)
    rows, rejects = reader.staged(group)
    counted = re.findall(r"'(\d+)-(\d)'", " ".join(rows))
    named = [(each.place, str(line)) for each in rejects for line in each.lines]
    assert sorted(counted + named) == sorted(
        (str(number), str(line)) for number in range(len(INSERTED)) for line in range(2)
    )


@pytest.mark.slow
def test_many_refused_lines_are_named_within_the_limit_of_memory(reader: Reader) -> None:
    """As JSON, lines need many times their size."""
    wrong = json.dumps(ONE | {"fields": ONE["fields"] * 20, "sampled": "many"}).encode()
    group = reader.group()
    group.add([(wrong + b"\n") * 2500], "outcomes.jsonl", 1)
    group.add([GOOD, b"\n"], "outcomes.jsonl", 2501)
    rows, rejects = reader.staged(group)
    assert [(each.problem, each.count) for each in rejects] == [
        ("sampled: expected true or false", 2500)
    ]
    assert len(rows) == 1

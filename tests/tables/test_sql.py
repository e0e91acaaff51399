"""The queries and the views are Trino's SQL, with functions that both engines have."""

from __future__ import annotations

import pytest

from human_loop_tables.archive_views import VIEWS
from human_loop_tables.queries import LATEST, QUERIES, SAMPLES_WITH_WORDS
from tests.tables.sql_guard import OF_VIEWS, SHARED, grammar_faults, unknown_functions

ALL = {**QUERIES, **{each.name: each for each in (LATEST, SAMPLES_WITH_WORDS)}}


@pytest.mark.slow
def test_every_statement_is_in_trinos_grammar() -> None:
    statements = {name: each.sql for name, each in ALL.items()}
    statements |= {f"view {name}": each.sql for name, each in VIEWS.items()}

    faults = dict(zip(statements, grammar_faults(list(statements.values())), strict=True))

    assert len(faults) > 8
    assert {name: each for name, each in faults.items() if each} == {}


@pytest.mark.parametrize("name", ALL)
def test_queries_use_functions_that_both_engines_have(name: str) -> None:
    assert unknown_functions(ALL[name].sql, SHARED) == set()


@pytest.mark.parametrize("name", VIEWS)
def test_views_use_functions_that_trino_has(name: str) -> None:
    assert unknown_functions(VIEWS[name].sql, OF_VIEWS) == set()


def test_every_known_function_is_used() -> None:
    in_queries = set.union(*(unknown_functions(each.sql, ()) for each in ALL.values()))
    in_views = set.union(*(unknown_functions(each.sql, ()) for each in VIEWS.values()))

    assert in_queries == SHARED
    assert in_queries | in_views == OF_VIEWS


@pytest.mark.slow
def test_guard_refuses_what_only_duckdb_runs() -> None:
    refused = (
        "SELECT day, count(*) FROM loops GROUP BY ALL",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY turnaround_seconds) FROM loops",
        "SELECT day FROM loops QUALIFY row_number() OVER (ORDER BY day) = 1",
        "SELECT * EXCLUDE (day) FROM loops",
        "SELECT day::varchar FROM loops",
    )

    assert [
        sql for sql, faults in zip(refused, grammar_faults(refused), strict=True) if not faults
    ] == []


@pytest.mark.parametrize(
    ("sql", "unknown"),
    [
        ("SELECT strftime(day, '%Y'), count(*) FROM loops", {"STRFTIME"}),
        ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM loops", {"PERCENTILE_CONT"}),
        ("SELECT quantile_disc(x, 0.5), count(*) FROM loops", {"QUANTILE_DISC"}),
        ("SELECT made_up(x) FROM loops", {"MADE_UP"}),
    ],
)
def test_guard_finds_functions_that_are_not_shared(sql: str, unknown: set[str]) -> None:
    assert unknown_functions(sql, SHARED) == unknown

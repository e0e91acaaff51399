"""What a statement must be to run in Amazon Athena: Trino's grammar, and functions that we know."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import sqlglot
from sqlglot import exp

_SCRIPT = Path(__file__).with_name("trino.mjs")

#: What sqlglot takes for functions, and both engines have as syntax.
_SYNTAX = {"AND", "OR", "CASE", "CAST", "IF"}

#: Functions with the same meaning in both: https://trino.io/docs/current/functions/list.html and
#: https://duckdb.org/docs/stable/sql/functions/overview
SHARED = {
    *("ARRAY_AGG", "ARRAY_SORT", "CEIL", "COALESCE", "COUNT", "FLOOR", "LN", "MAX", "MIN", "ROUND"),
    *("ROW_NUMBER", "SUBSTRING", "SUM"),
}

#: The functions of Trino that the views use as well.
OF_VIEWS = SHARED | {
    *("ARRAY_SIZE", "REDUCE", "REGEXP_REPLACE", "REPLACE", "TRY_CAST", "UNNEST"),
}


def grammar_faults(statements: Sequence[str]) -> list[list[str]]:
    """Return what Trino's grammar refuses, for each statement."""
    node = Path(sys.executable).with_name("node")
    result = subprocess.run(
        [node, _SCRIPT], input=json.dumps(statements), capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    faults: list[list[str]] = json.loads(result.stdout)
    assert len(faults) == len(statements)
    return faults


def unknown_functions(statement: str, known: Collection[str]) -> set[str]:
    """Return the functions of a statement that are not among the known ones."""
    used = {
        (each.name if isinstance(each, exp.Anonymous) else each.sql_name()).upper()
        for each in sqlglot.parse_one(statement, read="trino").find_all(exp.Func)
    }
    assert used - _SYNTAX
    return used - _SYNTAX - set(known)

"""``human-loops runbook`` prints what an alert refers to."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import run


@pytest.mark.parametrize("name", ["FailedLoops", "failedloops", "#failedloops"])
def test_section_is_printed_alone(name: str) -> None:
    result = run("runbook", name)

    assert result.exit_code == 0
    assert result.stdout.startswith("## FailedLoops\n")
    assert "`ValidationError`" in result.stdout
    assert result.stdout.count("\n## ") == 0


def test_whole_runbook_is_printed_without_links_to_pages_that_are_not_installed() -> None:
    text = run("runbook").stdout

    assert text.startswith("# Operations\n")
    assert text.count("\n## ") > 10
    assert ".md" not in text


def test_unknown_section_is_refused_with_the_names_of_all() -> None:
    result = run("runbook", "Failed")

    assert result.exit_code == 2
    assert "error: the runbook has no section Failed" in result.stderr
    assert "FailedLoops, FailedJobs, DeadLetterQueue" in result.stderr


def test_json_has_the_text() -> None:
    section = json.loads(run("--json", "runbook", "Silence").stdout)

    assert section["section"] == "Silence"
    assert section["text"].startswith("## Silence\n")

"""docs/operations.md names the errors and graphs that there are."""

from __future__ import annotations

import re
from pathlib import Path

from docs_tools.docstrings import DOCS
from tests.infrastructure.cases import synthesize

PAGE = (DOCS / "operations.md").read_text(encoding="utf-8")
RUNTIME = Path(__file__).parents[2] / "lambda" / "human_loop_reviews"

#: Errors that no operator sees under their name.
CAUGHT = {
    "CallbackError",  # the names of errors of an execution
    "ExpressionFailedError",  # a note of a field
    "FlowDefinitionNotFoundError",  # the metric UnknownFlowDefinitions
    "InvalidDocumentError",  # a base
    "InvalidRequestError",  # HumanLoop.InvalidRequest
    "MappingError",  # synthesis, or UnusableMappingError
    "NoCorrectedDocumentError",  # a line of the log, and correctedDocumentS3Uri is null
    "SettingsError",  # the environment is the stack's
    "TooLargeError",  # a note of a field
}


def test_every_error_of_the_functions_is_in_the_runbook() -> None:
    errors = {
        name
        for module in RUNTIME.rglob("*.py")
        for name in re.findall(r"^class ([A-Z]\w+Error)\(", module.read_text("utf-8"), re.M)
    }
    assert errors >= CAUGHT
    assert len(errors - CAUGHT) >= 10
    assert [name for name in sorted(errors - CAUGHT) if f"`{name}`" not in PAGE] == []


def test_graphs_of_the_runbook_are_on_the_dashboard() -> None:
    section = PAGE.partition("\n## Dashboard\n")[2].partition("\n## ")[0]
    named = re.findall(r"^\| ([A-Z][^|]+) \| ", section, re.MULTILINE)
    (dashboard,) = (
        str(each["Properties"]["DashboardBody"])
        for each in synthesize("callbacks").template["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Dashboard"
    )
    assert len(named) >= 10
    assert [title for title in named if f'"title":"{title}"' not in dashboard] == []

"""Downloads the outcomes of all other scenarios from the ledgers, and writes a report."""

from __future__ import annotations

from typing import Any

from local.cases import CONFIGURATION
from local.command_line import CommandLine
from local.emulator import PROJECT
from local.observer import Observer
from local.report import table
from local.scenario import DemoEnvironment, Result, Scenario
from local.scenarios.ended_loops import DEPLOYMENT

_FOLDER = PROJECT / "build"
REPORT = _FOLDER / "demo-report.html"


def run(environment: DemoEnvironment) -> Result:
    """Download the outcomes of each stack, and report on all of them."""
    _FOLDER.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)  # written by an earlier demo
    expected = 0
    files = []
    for name, stack in environment.stacks.items():
        files.append(str(_FOLDER / f"demo-outcomes-{name}.jsonl"))
        human_loops = CommandLine(environment.emulator, stack)
        human_loops.text("outcomes", "download", "--all", "--output", files[-1])
        expected += len(Observer(environment.emulator, stack).ledger())
    human_loops.text("report", *files, "--output", str(REPORT))
    rows = human_loops.json("report", *files)
    totals: list[dict[str, Any]] = rows["rows"]["totals"]
    reported = sum(each["loops"] for each in totals)
    return Result(
        shown="\n\n".join(
            [
                "The report of all outcomes (human-loops outcomes download, human-loops report):",
                table(
                    ["flow definition", "loops", "failed", "predictions judged", "correct"],
                    [
                        [
                            each["flow_definition_arn"].rpartition("/")[2],
                            each["loops"],
                            each["failed"],
                            each["fields_judged"],
                            each["fields_correct"],
                        ]
                        for each in totals
                    ],
                ),
                f"Open the report in a browser: {REPORT.relative_to(PROJECT)}",
            ]
        ),
        counted=f"{reported} reported",
        differences=[
            text
            for text, differs in {
                f"the report: expected {expected} loops, got {reported}": reported != expected,
                f"the report: expected a page in {REPORT}": not REPORT.is_file(),
            }.items()
            if differs
        ],
    )


SCENARIO = Scenario(
    title="Reporting on the reviews",
    deployment=DEPLOYMENT,
    configuration=CONFIGURATION,
    run=run,
)

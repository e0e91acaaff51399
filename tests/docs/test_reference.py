"""The tables in docs/reference.md list what the code has."""

from __future__ import annotations

import re

from docs_tools.metric_docs import REFERENCE, metric_table, with_metrics
from human_loop_events.aws import environments
from human_loop_events.aws.environments import Supplied
from tests.infrastructure.cases import CASES, synthesize
from tests.infrastructure.test_mistakes import WARNED

PAGE = REFERENCE.read_text(encoding="utf-8")


def _codes(heading: str) -> set[str]:
    """Return what the tables of a section have as code."""
    section = re.split(r"^##+ ", PAGE.partition(f"{heading}\n")[2], maxsplit=1, flags=re.M)[0]
    rows = "\n".join(line for line in section.splitlines() if line.startswith("| "))
    return set(re.findall(r"`([^`]+)`", rows))


def test_table_of_the_metrics_is_that_of_the_definition() -> None:
    assert with_metrics(PAGE) == PAGE, "make schema"
    assert metric_table().count("\n| `") > 20


def test_every_warning_is_listed() -> None:
    listed = _codes("## Warnings")
    of_other_accounts = {
        each.warning or f"{each.noun}-account"
        for each in vars(environments).values()
        if isinstance(each, Supplied) and each.owed
    }
    shown = {mistake.name for mistakes in WARNED.values() for mistake in mistakes}
    general = {re.sub(r"-policy:(?!role$).*", "-policy:<service>", each) for each in shown}

    assert len(of_other_accounts) > 5
    assert len(shown) > 10
    assert (of_other_accounts | general) - listed == set()


def test_every_stack_output_is_listed() -> None:
    listed = _codes("### Stack outputs")
    outputs = {
        name
        for case in CASES
        # Those that users create have other names.
        if "app" in case.name or case.name == "hub-and-spoke"
        for name in synthesize(case.name).template.get("Outputs", {})
    }
    assert outputs >= {"TopicArn", "ReconcilerName", "HubEventBusArn", "DashboardUrl"}
    assert outputs - listed == set()

"""The tables in docs list what the code has."""

from __future__ import annotations

import re

import pytest

from docs_tools.code_tables import TABLES, metric_table, with_tables
from docs_tools.docstrings import DOCS
from human_loop_events import FlowDefinitions, HumanLoopFilter
from human_loop_events.aws import environments
from human_loop_events.aws.environments import Supplied
from tests.infrastructure.cases import CASES, synthesize
from tests.infrastructure.test_mistakes import WARNED

PAGE = (DOCS / "reference.md").read_text(encoding="utf-8")


def _codes(heading: str) -> set[str]:
    """Return what the tables of a section have as code."""
    section = re.split(r"^##+ ", PAGE.partition(f"{heading}\n")[2], maxsplit=1, flags=re.M)[0]
    rows = "\n".join(line for line in section.splitlines() if line.startswith("| "))
    return set(re.findall(r"`([^`]+)`", rows))


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_the_definitions(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert with_tables(name, page) == page, "make schema"


def test_every_metric_is_listed() -> None:
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


def test_limit_of_flow_definitions_is_what_fits() -> None:
    by_name, by_arn = map(
        int, re.findall(r": (\d+) names of 16 characters, or (\d+) such ARNs", PAGE)[0]
    )
    names = [f"{number:016}" for number in range(by_name + 1)]
    arns = [f"arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/{each}" for each in names]

    for make, values, fitting in (
        (FlowDefinitions.from_names, names, by_name),
        (FlowDefinitions.from_arns, arns, by_arn),
    ):
        HumanLoopFilter(flow_definitions=make(*values[:fitting])).pattern()
        with pytest.raises(ValueError, match=f"the first {fitting} fit"):
            HumanLoopFilter(flow_definitions=make(*values[: fitting + 1])).pattern()

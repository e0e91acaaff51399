"""The table of acknowledged findings, for docs: `python -m tests.infrastructure.nag_table`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from tests.infrastructure.cases import CASES, new_app
from tests.infrastructure.cases.events import JOB_FILTERS
from tests.infrastructure.nag import Acknowledged, Finding, without_acknowledgements

#: The ids of `HumanLoopEvents` in the cases.
FACADES = ("Claims", "HumanLoops", "Invoices")


def render(acknowledgements: list[Acknowledged]) -> str:
    """Write a Markdown table with a row for each reason and its rules: resources share them."""
    rules_of: dict[tuple[str, str], set[str]] = {}
    for finding, reason in acknowledgements:
        general = generalised(finding)
        rules_of.setdefault((general.path, reason), set()).add(general.rule)
    resources_of: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (resource, reason), rules in sorted(rules_of.items()):
        resources_of.setdefault((tuple(sorted(rules)), reason), []).append(resource)
    lines = ["| Resources | Rules | Reason |", "| --- | --- | --- |"]
    lines += sorted(
        f"| {_names(resources)} | {_names(rules)} | {reason} |"
        for (rules, reason), resources in resources_of.items()
    )
    return "\n".join(lines) + "\n"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def generalised(finding: Finding) -> Finding:
    """Reduce a finding to what is the same in every app.

    The resource is named by its path within `HumanLoopEvents`, objects of a bucket without the
    bucket's name.
    """
    first, *rest = ["<address>" if "@" in part else part for part in finding.path.split("/")[1:]]
    if first in JOB_FILTERS:
        first = "Events"
    path = "/".join(rest if first in FACADES else [first, *rest])
    objects = "<bucket>/<prefix>/*"
    for resource in ("human-loop", "flow-definition"):
        if f":{resource}/" in finding.rule:
            objects = f"{resource}/*"
    rule = re.sub(
        r"\[Resource::.+:role/.+-output-\*\]$", "[Resource::<hub>-output-*]", finding.rule
    )
    return Finding(
        re.sub(r"\[Resource::.+/\*\]$", f"[Resource::{objects}]", rule),
        re.sub(r"(?<=/OutputPolicy)\d+", "", path.removesuffix("/Resource")),
    )


if __name__ == "__main__":
    with without_acknowledgements() as acknowledged:
        for case in CASES:
            case.build(new_app(case.flags))
    sys.stdout.write(render(acknowledged))

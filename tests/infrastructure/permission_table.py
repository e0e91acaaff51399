"""The table of what each role may do, for docs: `python -m tests.infrastructure.permission_table`.

It is read from the template of a `HumanLoopEvents` with buffered delivery, which has all of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk import App, CfnElement, Stack

from tests.infrastructure.cases import synthesize, synthesized_app
from tests.infrastructure.templates import listed
from tests.permissions.account import Account

_FACADE = "Loops/HumanLoops/"


def render() -> str:
    """Write a Markdown table with a row for each statement of a role's policies."""
    synthesized = synthesize("buffered")
    app, _ = synthesized_app("buffered")
    paths = _paths(app)
    account = Account(synthesized.resources, paths, account="<account>", region="<region>")
    lines = ["| Role | Actions | Resources | Condition |", "| --- | --- | --- | --- |"]
    for role in sorted(account.of_type("AWS::IAM::Role"), key=lambda role: role.arn):
        for policy in account.policies_of_role(role.arn):
            for statement in account.policies[policy]["Statement"]:
                cells = (
                    f"`{paths[role.logical_id]}`",
                    ", ".join(f"`{action}`" for action in listed(statement["Action"])),
                    ", ".join(
                        _resource(account, paths, arn) for arn in listed(statement["Resource"])
                    ),
                    "; ".join(_conditions(statement.get("Condition", {}))),
                )
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _resource(account: Account, paths: Mapping[str, str], arn: str) -> str:
    """Name a resource by its path within `HumanLoopEvents`, anything else by its ARN."""
    resource = account.find(arn)
    return f"`{paths[resource.logical_id] if resource else arn}`"


def _conditions(conditions: Mapping[str, Any]) -> Iterator[str]:
    for operator, keys in conditions.items():
        for key, value in keys.items():
            text = value if isinstance(value, str) else json.dumps(value)
            yield f"`{operator}` `{key}`: `{text}`"


def _paths(app: App) -> dict[str, str]:
    return {
        str(Stack.of(element).resolve(element.logical_id)): (
            element.node.path.removeprefix(_FACADE).removesuffix("/Resource")
        )
        for element in app.node.find_all()
        if isinstance(element, CfnElement)
    }


if __name__ == "__main__":
    sys.stdout.write(render())

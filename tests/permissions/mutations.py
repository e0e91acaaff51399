"""Policies with something taken away: an action on a resource, a condition, a denial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from tests.infrastructure.templates import listed
from tests.permissions.evaluator import Mutation


def mutations_of(name: str, document: Mapping[str, Any]) -> Iterator[Mutation]:
    """Yield a mutation for all that a policy allows or denies.

    An allowed action on a resource and a condition are taken away each for themselves. A denial is
    meant for any request, and is taken away as a whole.
    """
    for index, statement in enumerate(document["Statement"]):
        if statement["Effect"] == "Deny":
            yield _replaced(name, document, index, [], f"denial {statement.get('Condition')}")
            continue
        resources = listed(statement.get("Resource", []))
        for action, resource in product(listed(statement["Action"]), resources or [None]):
            rest = list(_without(statement, action, resource))
            yield _replaced(name, document, index, rest, f"{action} on {resource}")
        if "Condition" in statement:
            unconditional = {key: statement[key] for key in statement if key != "Condition"}
            what = f"condition {statement['Condition']} of {listed(statement['Action'])}"
            yield _replaced(name, document, index, [unconditional], what)


def _without(
    statement: Mapping[str, Any], action: str, resource: str | None
) -> Iterator[dict[str, Any]]:
    """Yield what remains of a statement without one action on one resource."""
    actions = [each for each in listed(statement["Action"]) if each != action]
    resources = [each for each in listed(statement.get("Resource", [])) if each != resource]
    if actions:
        yield {**statement, "Action": actions}
    if resources:
        yield {**statement, "Action": action, "Resource": resources}


def _replaced(
    name: str,
    document: Mapping[str, Any],
    index: int,
    by: list[dict[str, Any]],
    what: str,
) -> Mutation:
    before, after = document["Statement"][:index], document["Statement"][index + 1 :]
    return Mutation(
        what=f"{name}: {what}",
        policy=name,
        document={**document, "Statement": [*before, *by, *after]},
        actions=tuple(listed(document["Statement"][index]["Action"])),
    )

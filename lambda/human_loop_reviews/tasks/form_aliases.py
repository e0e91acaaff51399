"""Aliases of form keys, read from the flow definition's activation conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from human_loop_reviews.a2i.validation import (
    Place,
    optional_list,
    optional_object,
    optional_text,
    require_object,
)
from human_loop_reviews.tasks.form_blocks import trim_key


def read_aliases(results: Any, place: Place) -> dict[str, str]:
    """Read which keys are aliases of each other in the flow's activation conditions.

    Parameters
    ----------
    results
        The ``humanTaskActivationConditionResults`` of the output, or None.
    place
        Its place in the output, for errors.

    Returns
    -------
    dict[str, str]
        For each key with aliases, and each alias, one key that represents them all.
    """
    groups: list[list[str]] = []
    results = optional_object(results, place)
    pending = [(results.get("Conditions"), place.at("Conditions"))]
    while pending:
        conditions, here = pending.pop()
        for index, entry in enumerate(optional_list(conditions, here)):
            there = here.at(index)
            condition = require_object(entry, there)
            pending += [
                (condition[key], there.at(key)) for key in ("Or", "And") if key in condition
            ]
            parameters = condition.get("ConditionParameters")
            groups.append(_read_names(parameters, there.at("ConditionParameters")))
    return _join_groups(groups)


def _read_names(parameters: Any, place: Place) -> list[str]:
    parameters = optional_object(parameters, place)
    names = [optional_text(parameters.get("ImportantFormKey"), place, "ImportantFormKey")]
    aliases = parameters.get("ImportantFormKeyAliases")
    for index, alias in enumerate(optional_list(aliases, place, "ImportantFormKeyAliases")):
        names.append(optional_text(alias, place, "ImportantFormKeyAliases", index))
    # "*" means any key.
    return [trim_key(name) for name in names if name and name != "*"]


def _join_groups(groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """Join groups that share a name; return one name of its group for each name."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while parents[name] != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    for group in groups:
        for name in group:
            parents.setdefault(name, name)
            parents[root(name)] = root(group[0])
    return {name: root(name) for name in parents}

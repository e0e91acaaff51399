"""The mappings of custom tasks, as a deployment writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from human_loop_events import FieldMapping, TaskMapping
from stacks.faults import Fault, ValueFaultsError, shown

Mappings = Mapping[str, list[dict[str, Any]] | dict[str, Any]]


def task_mappings(mappings: Mappings) -> dict[str, TaskMapping | list[FieldMapping]]:
    """Return mappings as the constructs take them."""
    return {
        flow_definition: [FieldMapping(**each) for each in mapping]
        if isinstance(mapping, list)
        else TaskMapping(
            **{**mapping, "fields": [FieldMapping(**each) for each in mapping["fields"]]}
        )
        for flow_definition, mapping in mappings.items()
    }


def refuse_unusable_mappings(mappings: dict[str, Any]) -> dict[str, Any]:
    """Refuse mappings that the constructs do not take, with each fault at its place.

    Raises
    ------
    ValueFaultsError
        If there are any.
    """
    faults = list(_faults(mappings))
    if faults:
        raise ValueFaultsError(*faults)
    return mappings


def _faults(mappings: Mappings) -> Iterator[Fault]:
    for flow_definition, mapping in mappings.items():
        fields = mapping if isinstance(mapping, list) else mapping.get("fields")
        if not isinstance(fields, list) or not all(isinstance(each, dict) for each in fields):
            yield Fault(
                flow_definition, f"expected a list of objects as fields, got {shown(fields)}"
            )
            continue
        in_fields = [
            Fault(f"{flow_definition}[{index}]", what)
            for index, each in enumerate(fields)
            if (what := _wrong(FieldMapping, each))
        ]
        yield from in_fields
        if isinstance(mapping, dict) and not in_fields:
            whole = {**mapping, "fields": [FieldMapping(**each) for each in fields]}
            if what := _wrong(TaskMapping, whole):
                yield Fault(flow_definition, what)


def _wrong(mapping: type[FieldMapping | TaskMapping], values: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a mapping, in one line, without the name of a function."""
    try:
        mapping(**values)
    except (TypeError, ValueError) as error:
        return " ".join(str(error).removeprefix(f"{mapping.__name__}.__init__() ").split())
    return None

"""The mappings of custom tasks in the environment of the review handler."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from human_loop_events.events.flow_definitions import FlowDefinitions
from human_loop_reviews.mapping import MAX_MAPPINGS_BYTES, FieldMapping, TaskMapping

_QUALIFIED = re.compile(r"\d{12}/[a-z0-9-]+/[^/]+")


def render_mappings(
    mappings: Mapping[str, TaskMapping | Sequence[FieldMapping]],
    flow_definitions: FlowDefinitions,
    *,
    in_hub: bool = False,
) -> str:
    """Render mappings as JSON for the environment of the review handler.

    Parameters
    ----------
    mappings
        Task mappings, or their fields alone, by the flow definition's name.
    flow_definitions
        The flow definitions that can have a mapping.
    in_hub
        Whether a flow definition can be specified by account, Region and name.

    Raises
    ------
    ValueError
        If a mapping belongs to none of the flow definitions, a mapping has two fields with the same
        name, or the mappings exceed the size that fits into the function's environment.
    """
    if not isinstance(mappings, Mapping):
        raise ValueError(
            f"mappings: expected {{'<flow definition>': [FieldMapping(…)]}}, got {mappings!r}"
        )
    known = flow_definitions.names
    tasks: dict[str, TaskMapping] = {}
    for flow_definition, mapping in mappings.items():
        if not isinstance(mapping, TaskMapping | list | tuple) or not all(
            isinstance(field, FieldMapping) for field in _fields(mapping)
        ):
            raise ValueError(
                f"mappings[{flow_definition!r}]: expected a list of FieldMapping, or a "
                f"TaskMapping, got {mapping!r}"
            )
        if not _fields(mapping):
            raise ValueError(
                f"mappings[{flow_definition!r}]: expected at least one FieldMapping, got none"
            )
        if "/" in flow_definition and not (in_hub and _QUALIFIED.fullmatch(flow_definition)):
            raise ValueError(
                f"mappings[{flow_definition!r}]: expected the name of a flow definition, or in a "
                "hub account, Region and name as in '111122223333/eu-west-1/claims'"
            )
        if known and flow_definition.rpartition("/")[2] not in known:
            raise ValueError(
                f"mappings[{flow_definition!r}]: no such flow definition; expected one of "
                f"{', '.join(known)}"
            )
        try:
            tasks[flow_definition] = TaskMapping.of(mapping)
        except ValueError as error:
            raise ValueError(f"mappings[{flow_definition!r}]: {error}") from None
    rendered = json.dumps(
        {flow_definition: task.to_json() for flow_definition, task in tasks.items()},
        separators=(",", ":"),
        ensure_ascii=False,
    )
    size = len(rendered.encode())
    if size > MAX_MAPPINGS_BYTES:
        raise ValueError(
            f"mappings: {size} bytes as JSON, but {MAX_MAPPINGS_BYTES} fit into the function's "
            "environment; shorten names and expressions, or split the flow definitions over "
            "several HumanLoopEvents"
        )
    return rendered


def _fields(mapping: TaskMapping | Sequence[FieldMapping]) -> Sequence[FieldMapping]:
    return mapping.fields if isinstance(mapping, TaskMapping) else mapping

"""The owner's mappings of custom tasks, as the review handler reads them from its environment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from human_loop_events.flow_definitions import FlowDefinitions
from human_loop_reviews.contract import MAX_MAPPINGS_BYTES, FieldMapping


def render_mappings(
    mappings: Mapping[str, Sequence[FieldMapping]], flow_definitions: FlowDefinitions
) -> str:
    """Write mappings as the JSON that the review handler reads from its environment.

    Parameters
    ----------
    mappings
        Field mappings by the flow definition's name.
    flow_definitions
        Those there are.

    Raises
    ------
    ValueError
        If a mapping is for none of the flow definitions, one of these has two fields of one name,
        or the whole is too large for the function's environment. The message says by how much.
    """
    if not isinstance(mappings, Mapping):
        raise ValueError(
            f"mappings: expected {{'<flow definition>': [FieldMapping(…)]}}, got {mappings!r}"
        )
    known = flow_definitions.names
    for flow_definition, fields in mappings.items():
        if not isinstance(fields, list | tuple) or not all(
            isinstance(field, FieldMapping) for field in fields
        ):
            raise ValueError(
                f"mappings[{flow_definition!r}]: expected a list of FieldMapping, got {fields!r}"
            )
        if not fields:
            raise ValueError(
                f"mappings[{flow_definition!r}]: expected at least one FieldMapping, got none"
            )
        if known and flow_definition not in known:
            raise ValueError(
                f"mappings[{flow_definition!r}]: no such flow definition; expected one of "
                f"{', '.join(known)}"
            )
        names = [field.name for field in fields]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"mappings[{flow_definition!r}]: two fields are named {name!r}; expected "
                    "unique names"
                )
    rendered = json.dumps(
        {
            flow_definition: [field.to_json() for field in fields]
            for flow_definition, fields in mappings.items()
        },
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

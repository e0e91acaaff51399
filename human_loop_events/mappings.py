"""The owner's mapping of a custom task: where the prediction stands, and where the answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jmespath
from jmespath.exceptions import JMESPathError

from human_loop_events.flow_definitions import FlowDefinitions

#: Lambda allows 4,096 bytes for all environment variables of a function; the rest is ours.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_MAPPINGS_BYTES = 3072


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """Where one field of a custom task is found.

    Parameters
    ----------
    name
        The field's name in outcomes.
    prediction
        JMESPath expression on ``inputContent``: what the model said.
    answer
        JMESPath expression on a reviewer's ``answerContent``: what the reviewer said.
    ignore_case
        Whether texts that differ only in case are equal.
    tolerance
        By how much numbers may differ and still be equal.

    Raises
    ------
    ValueError
        If the name is empty, an expression does not compile, or the tolerance is negative.

    Examples
    --------
    >>> FieldMapping(name="Category", prediction="model.category", answer="category.label").name
    'Category'
    """

    name: str
    prediction: str
    answer: str
    ignore_case: bool = False
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ValueError(
                f"FieldMapping: name={self.name!r}; expected the field's name in outcomes"
            )
        for prop in ("prediction", "answer"):
            expression = getattr(self, prop)
            try:
                jmespath.compile(expression)
            except (JMESPathError, TypeError) as error:
                raise ValueError(
                    f"FieldMapping {self.name!r}: {prop}={expression!r} is not a JMESPath "
                    f"expression: {error}"
                ) from error
        if not isinstance(self.ignore_case, bool):
            raise ValueError(
                f"FieldMapping {self.name!r}: ignore_case={self.ignore_case!r}; expected a boolean"
            )
        tolerance = self.tolerance
        if tolerance is not None and (
            not isinstance(tolerance, int | float) or not 0 <= tolerance < math.inf
        ):
            raise ValueError(
                f"FieldMapping {self.name!r}: tolerance={tolerance!r}; expected a number from 0"
            )


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
    known = flow_definitions.names
    for flow_definition, fields in mappings.items():
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
            flow_definition: [_render_field(field) for field in fields]
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


def _render_field(field: FieldMapping) -> dict[str, object]:
    rendered: dict[str, object] = {
        "name": field.name,
        "prediction": field.prediction,
        "answer": field.answer,
    }
    if field.ignore_case:
        rendered["ignore_case"] = True
    if field.tolerance is not None:
        rendered["tolerance"] = field.tolerance
    return rendered

"""Mappings that are accepted, and give no verdict as they are, are warned of at synthesis."""

from __future__ import annotations

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Annotations, Match

from human_loop_events import FieldMapping, HumanLoopEvents, ReviewHandlerSettings
from tests.infrastructure.cases import new_app


@pytest.mark.parametrize(("expression", "warned"), [("values(@)", True), ("rows", False)])
def test_rows_in_the_order_of_keys_are_warned_of(expression: str, warned: bool) -> None:
    stack = Stack(new_app(), "Loops")
    field = FieldMapping(name="T", prediction="rows", answer=expression, rows=True)
    HumanLoopEvents(
        stack, "HumanLoops", handler=ReviewHandlerSettings(mappings={"claims": [field]})
    )
    about_keys = Match.string_like_regexp("field 'T' has no verdict: its rows are in the order of")
    assert bool(Annotations.from_stack(stack).find_warning("*", about_keys)) is warned

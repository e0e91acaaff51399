"""The synthesized event patterns match just the events they are meant for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from human_loop_events import FlowDefinitions, HumanLoopFilter
from tests.examples import examples
from tests.infrastructure.events.pattern_cases import (
    PatternCase,
    event,
    flow_definition,
    matches,
    pattern_cases,
    pattern_of,
)

CASES = list(pattern_cases())
NAMES = st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,30}", fullmatch=True)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_pattern_matches_what_it_is_meant_for_and_nothing_else(case: PatternCase) -> None:
    other_matcher: Any = EventPattern.load(json.dumps(case.pattern))

    assert matches(case.pattern, case.event) == case.matches
    assert other_matcher.matches_event(case.event) == case.matches


@settings(max_examples=examples(50))
@given(names=st.lists(NAMES, min_size=1, max_size=5, unique=True), other=NAMES)
def test_pattern_by_name_matches_the_names_and_no_other(names: list[str], other: str) -> None:
    pattern = _pattern(names)
    for name in {*names, other}:
        matched = matches(pattern, event(flowDefinitionArn=flow_definition(name)))
        assert matched == (name in names)


def _pattern(names: list[str]) -> dict[str, Any]:
    """Build the pattern as the rule does, without the time that synthesis takes."""
    pattern = HumanLoopFilter(flow_definitions=FlowDefinitions.from_names(*names)).pattern()
    detail = dict(pattern.detail or {})
    return {**pattern_of("minimal", "StatusChange"), "detail": detail}

"""docs/constructs.md is what the docstrings say, and these say something about everything."""

from __future__ import annotations

import inspect
import re
from enum import Enum
from typing import Any, is_typeddict

import pytest

import human_loop_events
from docs_tools.construct_docs import PAGE, construct_page, parameters_of
from docs_tools.docstrings import Docstring
from human_loop_events import (
    Alerts,
    Delivery,
    HandlerDelivery,
    HumanLoopEvents,
    Ledger,
    OutcomeArchive,
    QueueSettings,
    Reconciler,
    ReviewHandler,
    StatusEvents,
)
from stacks.deployment import Deployment
from stacks.faults import fields_within

PUBLIC: dict[str, Any] = {
    name: getattr(human_loop_events, name) for name in human_loop_events.__all__
}
WITH_PARAMETERS = [
    each
    for each in PUBLIC.values()
    if not is_typeddict(each)
    and not issubclass(each, Enum)
    and not inspect.isabstract(each)
    # They are made by their class methods.
    and each.__name__ not in ("FlowDefinitions", "HandlerDelivery", "JobFilter")
]


def test_page_is_generated_from_the_docstrings() -> None:
    assert PAGE.read_text(encoding="utf-8") == construct_page(), "make schema"


@pytest.mark.parametrize("construct", WITH_PARAMETERS, ids=lambda each: each.__name__)
def test_every_parameter_is_documented(construct: type) -> None:
    documented = {
        name for names in Docstring.of(construct).parameters for name in names.split(", ")
    }
    accepted = set(parameters_of(construct))
    assert accepted
    assert documented - {"scope", "construct_id"} == accepted


@pytest.mark.parametrize("construct", WITH_PARAMETERS, ids=lambda each: each.__name__)
def test_every_construct_has_an_example(construct: type) -> None:
    assert ">>> " in Docstring.of(construct).examples


def test_every_public_name_has_a_section() -> None:
    sections = re.findall(r"^## `(\w+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == human_loop_events.__all__
    assert len(WITH_PARAMETERS) > 15


def test_table_of_jobs_has_their_statuses() -> None:
    assert "| `endpoints` | `SageMaker Endpoint State Change` | `OutOfService`, " in (
        construct_page()
    )


def test_every_row_has_the_columns_of_its_table() -> None:
    tables = re.findall(r"(?:^\|.*\n)+", construct_page(), re.MULTILINE)
    assert len(tables) > 40
    for table in tables:
        rows = table.splitlines()
        assert {row.count("|") for row in rows} == {rows[0].count("|")}, rows[0]


#: Where the keys of a deployment are parameters, by the names before theirs.
DOCUMENTED = {
    "alert_on_low_agreement": HumanLoopEvents.alert_on_low_agreement,
    "alert_on_silence": StatusEvents.alert_on_silence,
    "alerts": Alerts,
    "delivery": Delivery,
    "handler": ReviewHandler,
    "handler.ledger": Ledger,
    "handler_delivery": HandlerDelivery.buffered,
    "outcome_archive": OutcomeArchive,
    "queue": QueueSettings,
    "reconciler": Reconciler,
}


def _bounds() -> dict[str, str]:
    """Return the bounds of the keys of a deployment, in words."""
    bounds = {}
    for key, field in fields_within(Deployment):
        assert isinstance(field.json_schema_extra, dict)
        expected = str(field.json_schema_extra.get("expected", ""))
        if found := re.search(r"\d[\d,]*( \w+)? to \d[\d,]*( \w+)?|from \d+ \w+", expected):
            bounds[key] = found[0]
    return bounds


def test_bounds_in_docstrings_are_those_of_the_code() -> None:
    bounds = _bounds()
    assert len(bounds) > 15
    wrong = {}
    for key, expected in bounds.items():
        part, _, name = key.rpartition(".")
        parameters = Docstring.of(DOCUMENTED[part]).parameters
        if expected not in parameters.get(name, ""):
            wrong[key] = expected
    assert wrong == {}

"""Settings objects have exactly the parameters of the constructs that they configure."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any

import pytest

from human_loop_events import (
    Alerts,
    AlertsSettings,
    Delivery,
    DeliverySettings,
    Reconciler,
    ReconcilerSettings,
    ReviewHandler,
    ReviewHandlerSettings,
)

#: What `HumanLoopEvents` itself passes.
PASSED: dict[type, set[str]] = {
    Alerts: {"encryption_key"},
    Delivery: set(),
    Reconciler: {
        *("ledger", "delivery", "alerts", "flow_definitions", "statuses", "event_bus"),
        "encryption_key",
    },
    ReviewHandler: {"hub", "output", "flow_definitions", "dead_letter_queue", "encryption_key"},
}


@pytest.mark.parametrize(
    ("construct", "settings"),
    [
        (Alerts, AlertsSettings),
        (Delivery, DeliverySettings),
        (Reconciler, ReconcilerSettings),
        (ReviewHandler, ReviewHandlerSettings),
    ],
)
def test_settings_are_the_parameters_of_the_construct(construct: type, settings: type) -> None:
    parameters = _parameters(construct)

    assert PASSED[construct] <= parameters.keys()
    assert typing.get_type_hints(settings) == {
        name: of_type for name, of_type in parameters.items() if name not in PASSED[construct]
    }


def _parameters(construct: type) -> dict[str, Any]:
    """Return the keyword parameters of a constructor with their types, but None."""
    constructor: Any = construct.__init__  # type: ignore[misc]
    hints = typing.get_type_hints(constructor)
    return {
        name: _without_none(hints[name])
        for name, parameter in inspect.signature(constructor).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def _without_none(hint: Any) -> Any:
    if not isinstance(hint, types.UnionType) and typing.get_origin(hint) is not typing.Union:
        return hint
    (remaining,) = (each for each in typing.get_args(hint) if each is not types.NoneType)
    return remaining

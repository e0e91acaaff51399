"""Settings objects have exactly the parameters of the constructs that they configure."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any

import pytest
from aws_cdk import App, Stack

from human_loop_events import (
    Alerts,
    AlertsSettings,
    DeliveredRule,
    Delivery,
    DeliverySettings,
    HumanLoopCallbacks,
    HumanLoopCallbacksSettings,
    HumanLoopFilter,
    Reconciler,
    ReconcilerSettings,
    ReviewHandler,
    ReviewHandlerSettings,
    RuleOptions,
    StatusEvents,
)

#: What `HumanLoopEvents` itself passes.
PASSED: dict[type, set[str]] = {
    Alerts: {"encryption_key"},
    Delivery: set(),
    HumanLoopCallbacks: {"handler", "delivery", "alerts", "flow_definitions", "encryption_key"},
    Reconciler: {
        *("ledger", "delivery", "alerts", "flow_definitions", "statuses", "event_bus"),
        "encryption_key",
    },
    ReviewHandler: {
        *("hub", "output", "corrected_documents", "flow_definitions", "dead_letter_queue"),
        "encryption_key",
    },
}


@pytest.mark.parametrize(
    ("construct", "settings"),
    [
        (Alerts, AlertsSettings),
        (Delivery, DeliverySettings),
        (HumanLoopCallbacks, HumanLoopCallbacksSettings),
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


def test_options_of_a_rule_are_parameters_of_the_delivered_rule() -> None:
    parameters = _parameters(DeliveredRule)
    options = typing.get_type_hints(RuleOptions)

    assert options
    assert {name: _without_none(hint) for name, hint in options.items()} == {
        name: parameters[name] for name in options
    }


def test_unknown_option_of_a_rule_is_refused() -> None:
    status_events = StatusEvents(Stack(App(), "Stack"), "Loops", filter=HumanLoopFilter())

    with pytest.raises(TypeError, match="'rule_nane'"):
        status_events.on_failed("Failed", rule_nane="failed")  # type: ignore[call-arg]


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
    remaining = [each for each in typing.get_args(hint) if each is not types.NoneType]
    return typing.Union[tuple(remaining)]  # noqa: UP007 - made of a list

"""A warning where two constructs of an app see the same human loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from aws_cdk import Annotations, Stack, Token
from aws_cdk import aws_events as events
from constructs import Construct, IConstruct

from human_loop_events.events.human_loop_filter import HumanLoopFilter


@dataclass(frozen=True, slots=True)
class _Watcher:
    """A construct that does something for each of some human loops.

    It refers to no construct, so that an app can be deleted.
    """

    path: str
    does: str
    filter: HumanLoopFilter
    environment: tuple[str, str]
    bus: str

    def sees_loops_of(self, other: _Watcher) -> bool:
        return (
            self.does == other.does
            and self.bus == other.bus
            and self.environment == other.environment
            and self.filter._overlaps(other.filter)
        )


#: The watchers of each app, which end with it.
_WATCHERS: Final[WeakKeyDictionary[IConstruct, list[_Watcher]]] = WeakKeyDictionary()

ALERTS: Final = "alerts"
HANDLES: Final = "handles"

_TWICE: Final = {
    ALERTS: "each Failed loop is alerted twice, and two alarms go off",
    HANDLES: "each loop is sent to two topics and two queues, is reviewed twice, and has an "
    "outcome in two ledgers; an event that one reconciler sends again reaches both; metrics differ "
    "by the dimension FunctionName, and a sum over it counts each loop twice",
}


def warn_of_same_loops(
    scope: Construct, does: str, loops: HumanLoopFilter, event_bus: events.IEventBus | None
) -> None:
    """Warn if another construct of the app does the same for some of the human loops.

    Parameters
    ----------
    scope
        The construct. The warning appears on it.
    does
        `ALERTS` or `HANDLES`.
    loops
        The human loops.
    event_bus
        The bus with the events. None for the default bus of the account.
    """
    stack = Stack.of(scope)
    new = _Watcher(
        path=scope.node.path,
        does=does,
        filter=loops,
        environment=(_known(stack.account), _known(stack.region)),
        bus=_name_of(event_bus),
    )
    watchers = _WATCHERS.setdefault(scope.node.root, [])
    for each in watchers:
        if each.sees_loops_of(new):
            Annotations.of(scope).add_warning_v2(
                f"human-loop-events:loops-twice:{does}",
                f"{each.path} sees the same human loops in the same account and "
                f"Region: {_TWICE[does]}. Give each its own flow_definitions, add what is missing "
                "to one of them, or acknowledge this warning",
            )
    watchers.append(new)


def _known(text: str) -> str:
    """Return a text, or nothing for a token: stacks without an environment are deployed to one."""
    return "" if Token.is_unresolved(text) else text


def _name_of(event_bus: events.IEventBus | None) -> str:
    if event_bus is None or event_bus.event_bus_name == "default":
        return "default"
    if Token.is_unresolved(event_bus.event_bus_name):
        return event_bus.node.path
    return event_bus.event_bus_name

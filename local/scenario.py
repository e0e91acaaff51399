"""What a part of the demo consists of: a deployment, what is done with it, and what is expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from local.a2i_server import A2IServer
from local.deployment import Configuration, EmulatedStack
from local.emulator import Emulator


@dataclass(frozen=True, kw_only=True)
class DemoEnvironment:
    """What every scenario has."""

    emulator: Emulator
    a2i: A2IServer
    stacks: Mapping[str, EmulatedStack]
    """The stacks by deployment."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a scenario did."""

    shown: str
    """What it shows, to be printed."""
    counted: str
    """Its part of the demo's last line."""
    differences: Sequence[str]
    """In what it differs from what is expected. Empty if it succeeded."""
    log: str = ""
    """What helps to explain a difference."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A part of the demo.

    To add one, write a module in `local/scenarios` and list it there.
    """

    title: str
    """What happens in it, to be printed while it does."""
    deployment: str
    """The name of its deployment, which it may share."""
    configuration: Configuration
    """The configuration of its deployment."""
    run: Callable[[DemoEnvironment], Result]

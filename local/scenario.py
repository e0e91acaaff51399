"""A part of the demo: its deployment, its steps and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from local.a2i_server import A2IServer
from local.deployment import Configuration, EmulatedStack
from local.emulator import Emulator


@dataclass(frozen=True, kw_only=True)
class DemoEnvironment:
    """What every scenario runs in."""

    emulator: Emulator
    a2i: A2IServer
    stacks: Mapping[str, EmulatedStack]
    """The stacks by deployment."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a scenario."""

    shown: str
    """What the demo prints."""
    counted: str
    """Its part of the demo's last line."""
    differences: Sequence[str]
    """The differences from the expected result. Empty if the scenario succeeded."""
    log: str = ""
    """Log lines that can explain a difference."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A part of the demo.

    To add one, write a module in `local/scenarios` and list it there.
    """

    title: str
    """What the demo prints while the scenario runs."""
    deployment: str
    """The name of its deployment. Scenarios may share one."""
    configuration: Configuration
    """The configuration of its deployment."""
    run: Callable[[DemoEnvironment], Result]

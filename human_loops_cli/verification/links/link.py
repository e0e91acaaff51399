"""What the links of a verification have in common: the run they belong to, and their state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Final

from botocore.exceptions import BotoCoreError, ClientError

from human_loops_cli.errors import explain
from human_loops_cli.session import Session
from human_loops_cli.verification.stack_parts import StackParts
from human_loops_cli.verification.temporary_resources import TemporaryResources
from human_loops_cli.verification.verification_loop import VerificationLoop

_NO_SUCH: Final = ("NotFound", "NotFoundException", "NoSuchBucket", "ResourceNotFoundException")
_UNKNOWN: Final = "no cause was found; run it again with a longer --timeout"


class LinkState(StrEnum):
    """The state of a link."""

    OK = "ok"
    BROKEN = "broken"
    #: What would prove it can have been taken by somebody else.
    UNKNOWN = "unknown"
    #: The stack has no such part, or the caller asked not to test it.
    SKIPPED = "skipped"


@dataclass(kw_only=True)
class VerifiedRun:
    """What the links of one verification share."""

    session: Session
    parts: StackParts
    loop: VerificationLoop
    resources: TemporaryResources
    """The run of the command line, the parts of the stack, the marked loop, and what is removed."""
    with_alarm: bool
    """Whether to test the alarm path, which people see."""
    announced: Callable[[str], None]
    """Called with the URI of an object before it is written."""
    received: set[str] = field(default_factory=set)
    """The names of the links through which the temporary queue received the marked event."""
    sent: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When the event was sent."""
    links: Sequence[Link] = ()
    """The links that the stack has, in the order of the event."""

    def link(self, name: str) -> Link | None:
        """Return a link by name. None if the stack has no such part."""
        return next((each for each in self.links if each.name == name), None)


class Link(ABC):
    """A link that the marked event passes.

    Parameters
    ----------
    run
        The verification.
    """

    name: ClassVar[str]
    """The name that is printed."""
    is_awaited: ClassVar[bool] = True
    """Whether its state can become known while the verification waits."""

    def __init__(self, run: VerifiedRun) -> None:
        self.run = run
        self.state: LinkState | None = None
        self.detail = "not reached: see event bus"

    @staticmethod
    @abstractmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether a stack has this link."""

    @abstractmethod
    def add(self) -> None:
        """Create what shows whether the marked event passes, before it is sent."""

    @abstractmethod
    def seen(self) -> None:
        """Look whether the marked event has passed, after it was sent."""

    @abstractmethod
    def cause(self) -> None:
        """Find why the marked event did not pass."""

    def judge(self, state: LinkState, detail: str) -> None:
        """Set the state with its evidence. A broken link stays broken."""
        if self.state is not LinkState.BROKEN:
            self.state, self.detail = state, detail

    def add_or_break(self, what: str, add: Callable[..., object], *arguments: object) -> None:
        """Run a step. If its resource does not exist, the link is broken."""
        try:
            add(*arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _NO_SUCH and "NonExistentQueue" not in code:
                raise
            self.judge(LinkState.BROKEN, f"{what} does not exist")


def first_cause(*looks: Callable[[], str | None]) -> str:
    """Return the first cause that is found, or the first permission that is missing."""
    refused = ""
    for look in looks:
        try:
            cause = look()
        except (BotoCoreError, ClientError) as error:
            refused = refused or " ".join(str(explain(error)).split())
            continue
        if cause is not None:
            return cause
    return refused or _UNKNOWN

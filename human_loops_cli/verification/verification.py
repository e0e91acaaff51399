"""A verification: its resources, its event, and the state of each link."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from human_loops_cli.errors import CommandError
from human_loops_cli.session import Session
from human_loops_cli.verification.flow_definition_checks import (
    CheckedFlowDefinition,
    check_flow_definitions,
)
from human_loops_cli.verification.links.alarm import AlarmLink
from human_loops_cli.verification.links.alerts import AlertsLink
from human_loops_cli.verification.links.event_bus import EventBusLink
from human_loops_cli.verification.links.handler import HandlerLink
from human_loops_cli.verification.links.ledger import LedgerLink
from human_loops_cli.verification.links.link import Link, LinkState, VerifiedRun
from human_loops_cli.verification.links.outcome import OutcomeLink
from human_loops_cli.verification.links.queue import QueueLink
from human_loops_cli.verification.links.topic import TopicLink
from human_loops_cli.verification.stack_parts import StackParts, read_stack_parts
from human_loops_cli.verification.temporary_resources import TemporaryResources
from human_loops_cli.verification.verification_loop import VerificationLoop, output_places
from human_loops_cli.verification.verification_queue import VerificationQueue

#: The links, in the order of the event.
LINKS: Final[Sequence[type[Link]]] = (
    EventBusLink,
    TopicLink,
    QueueLink,
    HandlerLink,
    LedgerLink,
    OutcomeLink,
    AlertsLink,
    AlarmLink,
)

_SECONDS_BETWEEN_PROBES: Final = 2
_SECONDS_TO_WAIT: Final = 1

Progressed = Callable[[list[str]], None]
"""Called with the names of the links that the verification waits for."""


@dataclass(frozen=True)
class VerifiedLink:
    """A link, its state, and the evidence."""

    name: str
    state: LinkState
    detail: str


@dataclass(kw_only=True)
class Verification:
    """A verification of a stack."""

    session: Session
    """The run of the command line."""
    seconds: float
    """How long to wait for the marked event."""
    with_alarm: bool
    """Whether to test the alarm path, which people see."""
    flows: Sequence[str] = ()
    """Names or ARNs of the flow definitions to check. Empty for all that the stack matches."""
    announced: Callable[[str], None] = lambda _: None
    """Called with the URI of an object before it is written."""
    leftovers: list[str] = field(default_factory=list)
    """The names of resources of earlier verifications that this one removed."""
    notes: list[str] = field(default_factory=list)
    """Further notes for the user."""
    left: list[str] = field(default_factory=list)
    """The resources that could not be removed, and the reasons."""

    def run(self, progressed: Progressed) -> list[VerifiedLink]:
        """Verify the stack. The temporary resources are removed in any case.

        Raises
        ------
        CommandError
            If the stack has no part to verify.
        BotoCoreError, ClientError
            If AWS refuses, such as for a missing permission.
        """
        parts = read_stack_parts(self.session)
        flows = check_flow_definitions(self.session, parts, self.flows)
        loop = VerificationLoop.create(parts, flows, seconds=self.seconds)
        resources = TemporaryResources(
            session=self.session,
            parts=parts,
            loop=loop,
            left=self.left,
            places=output_places(parts.stack, flows) if parts.handler else (),
        )
        self.leftovers = resources.remove_leftovers()
        self._run = VerifiedRun(
            session=self.session,
            parts=parts,
            loop=loop,
            resources=resources,
            with_alarm=self.with_alarm,
            announced=self.announced,
        )
        self._run.links = [link(self._run) for link in LINKS if link.is_part_of(parts)]
        self._queue = VerificationQueue(resources)
        self._deadline = time.monotonic() + self.seconds
        try:
            resources.create_queue()
            for link in self._run.links:
                link.add()
            self._send()
            self._wait(progressed)
            self._find_causes()
        finally:
            resources.remove()
        links = [
            VerifiedLink(each.name, each.state or LinkState.BROKEN, each.detail)
            for each in self._run.links
        ]
        return [*_flow_definition_links(flows, parts), *links]

    def _send(self) -> None:
        """Send the marked event, after the temporary rules are in effect."""
        rule, outcome = self._run.parts.rule, self._run.link(OutcomeLink.name)
        self._run.sent = datetime.now(UTC)
        if rule is not None and not self._is_bus_broken():
            for bus in self._run.parts.buses:
                if bus == rule.bus or (outcome is not None and outcome.state is None):
                    self._probe(bus)
            self._put(rule.bus, self._run.loop.entry())
            self._run.sent = datetime.now(UTC)
        alarm = self._run.link(AlarmLink.name)
        if isinstance(alarm, AlarmLink):
            alarm.send()

    def _is_bus_broken(self) -> bool:
        bus = self._run.link(EventBusLink.name)
        return bus is not None and bus.state is LinkState.BROKEN

    def _probe(self, bus: str) -> None:
        """Wait until the new rule is in effect in EventBridge."""
        latest = self._deadline - self.seconds / 2
        self._queue.seen.discard("probe")
        entry = self._run.loop.probe()
        while True:
            self._put(bus, entry)
            if "probe" in self._queue.look(wait=_SECONDS_BETWEEN_PROBES):
                return
            if time.monotonic() > latest:
                self.notes.append(f"The rule of this verification on {bus} did not work in time.")
                return

    def _put(self, bus: str, entry: dict[str, Any]) -> None:
        answer = self.session.client("events").put_events(Entries=[{**entry, "EventBusName": bus}])
        if answer["FailedEntryCount"]:
            refusal = answer["Entries"][0]
            raise CommandError(
                f"{bus} refused the event: {refusal['ErrorCode']}: {refusal.get('ErrorMessage')}",
                advice="Allow events:PutEvents on the bus with source human-loop-events.",
            )

    def _wait(self, progressed: Progressed) -> None:
        """Poll until all links are known, or the timeout is reached."""
        while self._look() and time.monotonic() < self._deadline:
            progressed([each.name for each in self._awaited()])

    def _awaited(self) -> list[Link]:
        """Return the links with an unknown state that can still change."""
        if self._is_bus_broken():
            return []
        return [each for each in self._run.links if each.state is None and each.is_awaited]

    def _look(self) -> list[Link]:
        """Look at all links once, and return those with an unknown state."""
        received = self._run.received = self._queue.look(wait=_SECONDS_TO_WAIT)
        # The last one first: what the ledger or the outcome bus has, the handler has settled.
        for link in reversed(self._run.links):
            if link.state is None and (link.name in received or not self._is_bus_broken()):
                link.seen()
        return self._awaited()

    def _find_causes(self) -> None:
        """Find why events and messages did not arrive."""
        missing = self._awaited()
        for link in self._run.links:
            if link in missing or (link.state is None and not link.is_awaited):
                link.cause()


def _flow_definition_links(
    flows: Sequence[CheckedFlowDefinition], parts: StackParts
) -> list[VerifiedLink]:
    if not flows and parts.rule is not None:
        detail = "A2I has no active flow definition here"
        return [VerifiedLink("flow definitions", LinkState.SKIPPED, detail)]
    return [
        VerifiedLink(
            f"flow definition {each.name}",
            LinkState.BROKEN if each.fault else LinkState.OK,
            each.fault or each.evidence,
        )
        for each in flows
    ]

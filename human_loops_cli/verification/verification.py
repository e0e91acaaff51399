"""A verification: its resources, its event, and the state of each link."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import ClientError

from human_loop_reviews.aws.event_bus import bus_exists
from human_loops_cli.errors import CommandError
from human_loops_cli.session import Session
from human_loops_cli.verification.causes import ANOTHER_CONSUMER, Causes
from human_loops_cli.verification.consumer_queue import ConsumerQueue
from human_loops_cli.verification.flow_definition_checks import (
    CheckedFlowDefinition,
    check_flow_definitions,
)
from human_loops_cli.verification.stack_parts import read_stack_parts
from human_loops_cli.verification.temporary_resources import TemporaryResources
from human_loops_cli.verification.verification_loop import VerificationLoop, output_places
from human_loops_cli.verification.verification_queue import VerificationQueue

_SECONDS_BETWEEN_PROBES: Final = 2
_SECONDS_TO_WAIT: Final = 1

_NO_SUCH: Final = ("NotFound", "NotFoundException", "NoSuchBucket", "ResourceNotFoundException")

_NO_FLOW_DEFINITION: Final = "flow definitions"

Progressed = Callable[[list[str]], None]
"""Called with the names of the links that the verification waits for."""


class LinkState(StrEnum):
    """The state of a link."""

    OK = "ok"
    BROKEN = "broken"
    #: What would prove it can have been taken by somebody else.
    UNKNOWN = "unknown"
    #: The stack has no such part, or the caller asked not to test it.
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Link:
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
    _broken: dict[str, str] = field(default_factory=dict)
    _ok: dict[str, str] = field(default_factory=dict)
    _unknown: dict[str, str] = field(default_factory=dict)
    _skipped: dict[str, str] = field(default_factory=dict)

    def run(self, progressed: Progressed) -> list[Link]:
        """Verify the stack. The temporary resources are removed in any case.

        Raises
        ------
        CommandError
            If the stack has no part to verify.
        BotoCoreError, ClientError
            If AWS refuses, such as for a missing permission.
        """
        self._parts = read_stack_parts(self.session)
        self._flows = check_flow_definitions(self.session, self._parts, self.flows)
        self._judge_flow_definitions()
        self._loop = VerificationLoop.create(self._parts, self._flows, seconds=self.seconds)
        self._resources = TemporaryResources(
            session=self.session,
            parts=self._parts,
            loop=self._loop,
            left=self.left,
            places=output_places(self._parts.stack, self._flows) if self._parts.handler else (),
        )
        self.leftovers = self._resources.remove_leftovers()
        self._alarm = self._choose_alarm()
        self._verification_queue = VerificationQueue(
            self._resources, None if self._alarm is None else self._alarm["name"]
        )
        url = self._parts.output("QueueUrl")
        self._consumer_queue = url and ConsumerQueue(self.session, url, self._loop.verification)
        self._deadline = time.monotonic() + self.seconds
        try:
            self._add()
            self._send()
            self._wait(progressed)
            self._find_causes()
        finally:
            self._resources.remove()
        return self._links()

    def _judge_flow_definitions(self) -> None:
        for each in self._flows:
            found = self._broken if each.fault else self._ok
            found[_link_of(each)] = each.fault or each.evidence
        if not self._flows and self._parts.rule is not None:
            self._skipped[_NO_FLOW_DEFINITION] = "A2I has no active flow definition here"

    def _names(self) -> list[str]:
        """Return the names of the links that the stack has, in the order of the event."""
        has = self._parts.output
        flows = [_link_of(each) for each in self._flows]
        if _NO_FLOW_DEFINITION in self._skipped:
            flows = [_NO_FLOW_DEFINITION]
        handler = ["handler", "ledger", "outcome"] if self._parts.handler else []
        return [
            *flows,
            *(["event bus"] if self._parts.rule else []),
            *(["topic"] if has("TopicArn") and self._parts.rule else []),
            *(["queue"] if has("QueueUrl") and self._parts.rule else []),
            *(handler if self._parts.rule else []),
            *(["alerts", "alarm"] if has("AlertsTopicArn") else []),
        ]

    def _add(self) -> None:
        """Create the resources that receive the marked event, and its output."""
        resources = self._resources
        resources.create_queue()
        if not self._loop.can_be_settled:
            self._broken["event bus"] = (
                "no event was sent: the handler may not read the output of any flow definition"
            )
        if self._parts.rule is not None:
            outcome_bus = self._parts.outcome_bus
            if outcome_bus is not None and outcome_bus.startswith("arn:"):
                self._skipped["outcome"] = f"{outcome_bus} is in another account"
            for bus in self._parts.buses:
                events = self.session.client("events")
                if bus_exists(events, bus):
                    resources.watch_bus(bus)
                else:
                    link = "event bus" if bus == self._parts.rule.bus else "outcome"
                    self._broken[link] = f"the event bus {bus} does not exist"
        for link, output in (("topic", "TopicArn"), ("alerts", "AlertsTopicArn")):
            topic = self._parts.output(output)
            if topic in self._parts.topics:
                self._or_broken(link, f"the topic {topic}", resources.watch_topic, topic)
            elif topic is not None:
                self._skipped[link] = f"{topic} is in another account"
        handler = self._parts.handler
        if self._loop.place is not None:
            self.announced(str(self._loop.output_uri))
            bucket = f"the output bucket {self._loop.place.bucket}"
            self._or_broken("handler", bucket, resources.put_output)
        if handler is not None:
            table = handler.settings.ledger_table
            resources.expect_item(table)
            self._or_broken("ledger", f"the table {table}", resources.ledger_item)
        if self._consumer_queue:
            self._or_broken("queue", self._consumer_queue.url, self._consumer_queue.start)

    def _or_broken(
        self, link: str, what: str, add: Callable[..., object], *arguments: object
    ) -> None:
        """Run a step. If its resource does not exist, the link is broken."""
        try:
            add(*arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _NO_SUCH and "NonExistentQueue" not in code:
                raise
            self._broken[link] = f"{what} does not exist"

    def _send(self) -> None:
        """Send the marked event, after the temporary rules are in effect."""
        self._sent = datetime.now(UTC)
        if self._parts.rule is not None and "event bus" not in self._broken:
            for bus in self._parts.buses:
                if bus == self._parts.rule.bus or self._is_open("outcome"):
                    self._probe(bus)
            self._put(self._parts.rule.bus, self._loop.entry())
            self._sent = datetime.now(UTC)
        if self._alarm is not None:
            self._test_alarm(self._alarm)

    def _probe(self, bus: str) -> None:
        """Wait until the new rule is in effect in EventBridge."""
        latest = self._deadline - self.seconds / 2
        self._verification_queue.seen.discard("probe")
        entry = self._loop.probe()
        while True:
            self._put(bus, entry)
            if "probe" in self._verification_queue.look(wait=_SECONDS_BETWEEN_PROBES):
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
            progressed(self._awaited())

    def _is_open(self, name: str) -> bool:
        known = self._ok.keys() | self._broken.keys() | self._unknown.keys() | self._skipped.keys()
        return name not in known

    def _awaited(self) -> list[str]:
        """Return the links with an unknown state that can still change."""
        if "event bus" in self._broken:
            return []
        return [name for name in self._names() if self._is_open(name) and name != "alerts"]

    def _look(self) -> list[str]:
        """Poll all links once, and return those with an unknown state."""
        for place in self._verification_queue.look(wait=_SECONDS_TO_WAIT) & {*_RECEIVED}:
            self._ok[place] = _RECEIVED[place]
        awaited = self._awaited()
        if "queue" in awaited and self._consumer_queue and self._consumer_queue.look():
            self._ok["queue"] = self._consumer_queue.evidence
        if "ledger" in awaited:
            item = self._resources.ledger_item()
            if item is not None and item.get("outputError"):
                self._broken["handler"] = f"it could not read the output: {item['outputError']}"
            elif item is not None:
                self._ok["handler"] = "settled the marked loop"
            if item is not None:
                self._ok["ledger"] = "has its outcome"
        if "outcome" in self._ok:
            self._ok.setdefault("handler", "published the outcome of the marked loop")
        return self._awaited()

    def _find_causes(self) -> None:
        """Find why events and messages did not arrive."""
        causes = Causes(session=self.session, parts=self._parts, loop=self._loop, sent=self._sent)
        missing = self._awaited()
        if "event bus" in missing:
            self._broken["event bus"] = "the rule of this verification on the bus saw no event"
        for name, cause in (("topic", causes.of_topic), ("queue", causes.of_queue)):
            if name in missing:
                reason = cause()
                states = self._unknown if reason == ANOTHER_CONSUMER else self._broken
                states[name] = reason
        if "handler" in missing:
            self._broken["handler"] = causes.of_handler()
        for name in ("ledger", "outcome"):
            if name in missing:
                handled = "handler" in self._ok
                self._broken[name] = causes.of_handler() if handled else "see handler"
        if self._parts.output("AlertsTopicArn") and self._is_open("alerts"):
            fault = causes.of_alerts(self._resources.name)
            if fault is None:
                self._ok["alerts"] = "the rule on failures and all subscriptions are in place"
            else:
                self._broken["alerts"] = fault
        if "alarm" in missing and self._alarm is not None:
            self._broken["alarm"] = causes.of_alarm(self._alarm["name"])

    def _links(self) -> list[Link]:
        return [self._link(name) for name in self._names()]

    def _link(self, name: str) -> Link:
        if name in self._broken:
            return Link(name, LinkState.BROKEN, self._broken[name])
        if name in self._ok:
            return Link(name, LinkState.OK, self._ok[name])
        if name in self._unknown:
            return Link(name, LinkState.UNKNOWN, self._unknown[name])
        if name in self._skipped:
            return Link(name, LinkState.SKIPPED, self._skipped[name])
        return Link(name, LinkState.BROKEN, "not reached: see event bus")

    def _choose_alarm(self) -> dict[str, Any] | None:
        """Return the alarm on failures, if it is off and notifies the alerts."""
        topic = self._parts.output("AlertsTopicArn")
        name = self._parts.output("FailedLoopsAlarmName")
        if topic not in self._parts.topics:
            self._skipped["alarm"] = f"{topic} is in another account"
            return None
        if not self.with_alarm or name is None:
            self._skipped["alarm"] = (
                "no output FailedLoopsAlarmName" if name is None else "not tested"
            )
            return None
        found = self.session.client("cloudwatch").describe_alarms(AlarmNames=[name])
        alarm = next(iter(found["MetricAlarms"]), {"StateValue": "none"})
        if alarm["StateValue"] == "none":
            self._broken["alarm"] = f"the alarm {name} does not exist: deploy the stack again"
        elif not alarm.get("ActionsEnabled", True):
            self._broken["alarm"] = (
                f"the actions of the alarm {name} are disabled: "
                f"aws cloudwatch enable-alarm-actions --alarm-names {name}"
            )
        elif topic not in alarm.get("AlarmActions", ()):
            self._broken["alarm"] = f"the alarm {name} does not notify {topic}"
        elif alarm["StateValue"] == "ALARM":
            self._skipped["alarm"] = f"{name} is on: only a change of its state notifies"
        else:
            return {"name": name, "state": alarm["StateValue"]}
        return None

    def _test_alarm(self, alarm: dict[str, Any]) -> None:
        cloudwatch = self.session.client("cloudwatch")
        mark = f"Test by human-loops verify, {self._loop.verification}"
        self._resources.register_removal(
            f"state {alarm['state']} of alarm {alarm['name']}",
            lambda: cloudwatch.set_alarm_state(
                AlarmName=alarm["name"],
                StateValue=alarm["state"],
                StateReason=f"{mark}: the test is over.",
            ),
        )
        cloudwatch.set_alarm_state(
            AlarmName=alarm["name"],
            StateValue="ALARM",
            StateReason=f"{mark}: no human loop failed, and nothing is to be done. The alarm is "
            f"set back to {alarm['state']}.",
        )


def _link_of(flow: CheckedFlowDefinition) -> str:
    return f"flow definition {flow.name}"


_RECEIVED: Final = {
    "event bus": "has the marked event",
    "topic": "delivered it to a subscriber",
    "outcome": "received on the outcome bus",
    "alarm": "its message was received by a subscriber of the alerts",
}

"""The link ``alarm``: the alarm on failures notifies the subscribers of the alerts."""

from __future__ import annotations

from datetime import timedelta

from human_loops_cli.verification.json_object import read_object
from human_loops_cli.verification.links.link import Link, LinkState, VerifiedRun, first_cause
from human_loops_cli.verification.stack_parts import StackParts


class AlarmLink(Link):
    """The alarm on failed loops. Its state is set to test it, and set back."""

    name = "alarm"

    def __init__(self, run: VerifiedRun) -> None:
        super().__init__(run)
        self._alarm = ""
        self._earlier_state = ""

    @staticmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether the stack has alerts."""
        return bool(parts.output("AlertsTopicArn"))

    def add(self) -> None:
        """Choose the alarm, if it is off and notifies the alerts."""
        topic = self.run.parts.stack.outputs["AlertsTopicArn"]
        name = self.run.parts.output("FailedLoopsAlarmName")
        if topic not in self.run.parts.topics:
            self.judge(LinkState.SKIPPED, f"{topic} is in another account")
        elif name is None:
            self.judge(LinkState.SKIPPED, "no output FailedLoopsAlarmName")
        elif not self.run.with_alarm:
            self.judge(LinkState.SKIPPED, "not tested")
        else:
            self._choose(name, topic)

    def _choose(self, name: str, topic: str) -> None:
        found = self.run.session.client("cloudwatch").describe_alarms(AlarmNames=[name])
        alarm = next(iter(found["MetricAlarms"]), None)
        if alarm is None:
            self.judge(LinkState.BROKEN, f"the alarm {name} does not exist: deploy the stack again")
        elif not alarm.get("ActionsEnabled", True):
            self.judge(
                LinkState.BROKEN,
                f"the actions of the alarm {name} are disabled: "
                f"aws cloudwatch enable-alarm-actions --alarm-names {name}",
            )
        elif topic not in alarm.get("AlarmActions", ()):
            self.judge(LinkState.BROKEN, f"the alarm {name} does not notify {topic}")
        elif alarm["StateValue"] == "ALARM":
            self.judge(LinkState.SKIPPED, f"{name} is on: only a change of its state notifies")
        else:
            self._alarm, self._earlier_state = name, alarm["StateValue"]

    def send(self) -> None:
        """Set the state of the chosen alarm, and register that it is set back."""
        if not self._alarm:
            return
        cloudwatch, name, earlier = (
            self.run.session.client("cloudwatch"),
            self._alarm,
            self._earlier_state,
        )
        mark = f"Test by human-loops verify, {self.run.loop.verification}"
        self.run.resources.register_removal(
            f"state {earlier} of alarm {name}",
            lambda: cloudwatch.set_alarm_state(
                AlarmName=name, StateValue=earlier, StateReason=f"{mark}: the test is over."
            ),
        )
        cloudwatch.set_alarm_state(
            AlarmName=name,
            StateValue="ALARM",
            StateReason=f"{mark}: no human loop failed, and nothing is to be done. The alarm is "
            f"set back to {earlier}.",
        )

    def seen(self) -> None:
        """Look at what the subscription received."""
        if self.name in self.run.received:
            self.judge(LinkState.OK, "its message was received by a subscriber of the alerts")

    def cause(self) -> None:
        """Find why the message did not come to the alerts."""
        self.judge(LinkState.BROKEN, first_cause(self._failed_action))

    def _failed_action(self) -> str | None:
        answer = self.run.session.client("cloudwatch").describe_alarm_history(
            AlarmName=self._alarm,
            HistoryItemType="Action",
            StartDate=self.run.sent - timedelta(minutes=1),
        )
        for item in answer.get("AlarmHistoryItems", ()):
            if "Failed" in item["HistorySummary"]:
                error = read_object(item.get("HistoryData", "")).get("error")
                return f"CloudWatch: {error or item['HistorySummary']}"
        return None

"""The link ``alerts``: alerts on failures reach people. No alert is sent to find out."""

from __future__ import annotations

from human_loops_cli.verification.links.link import Link, LinkState
from human_loops_cli.verification.links.rule_target import rule_fault
from human_loops_cli.verification.links.topic import watch_topic
from human_loops_cli.verification.stack_parts import StackParts
from human_loops_cli.verification.temporary_resources import subscriptions

_OUTPUT = "AlertsTopicArn"


class AlertsLink(Link):
    """The topic of the alerts: the rule on failures, and the subscriptions."""

    name = "alerts"
    is_awaited = False

    @staticmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether the stack has alerts."""
        return bool(parts.output(_OUTPUT))

    def add(self) -> None:
        """Subscribe to the topic, for the message of the alarm."""
        watch_topic(self, self.run.parts.stack.outputs[_OUTPUT])

    def seen(self) -> None:
        """Do nothing: no alert is sent, so none arrives."""

    def cause(self) -> None:
        """Judge the rule and the subscriptions."""
        topic = self.run.parts.stack.outputs[_OUTPUT]
        faults = [
            rule_fault(self.run, self.run.parts.failed_rule, "topic of the alerts", topic),
            *self._subscription_faults(topic),
        ]
        fault = "; ".join(filter(None, faults))
        if fault:
            self.judge(LinkState.BROKEN, fault)
        else:
            self.judge(LinkState.OK, "the rule on failures and all subscriptions are in place")

    def _subscription_faults(self, topic: str) -> list[str]:
        others = [
            each
            for each in subscriptions(self.run.session.client("sns"), topic)
            if not each["Endpoint"].endswith(f":{self.run.resources.name}")
        ]
        if not others:
            return ["the alerts have no subscription"]
        pending = [each["Protocol"] for each in others if ":" not in each["SubscriptionArn"]]
        if not pending:
            return []
        return [
            f"{len(pending)} of {len(others)} subscriptions await confirmation "
            f"({', '.join(sorted(set(pending)))}): the recipient must confirm it"
        ]

"""The link ``topic``: the topic delivers the marked event to a subscriber."""

from __future__ import annotations

from human_loops_cli.verification.links.link import Link, LinkState, first_cause
from human_loops_cli.verification.links.rule_target import target_causes
from human_loops_cli.verification.stack_parts import StackParts

_OUTPUT = "TopicArn"


class TopicLink(Link):
    """The topic for subscribers."""

    name = "topic"

    @staticmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether the rule on ended loops has a topic."""
        return parts.rule is not None and parts.output(_OUTPUT) is not None

    def add(self) -> None:
        """Subscribe to the topic."""
        watch_topic(self, self.run.parts.stack.outputs[_OUTPUT])

    def seen(self) -> None:
        """Look at what the subscription received."""
        if self.name in self.run.received:
            self.judge(LinkState.OK, "delivered it to a subscriber")

    def cause(self) -> None:
        """Find why the topic did not get the event."""
        arn = self.run.parts.stack.outputs[_OUTPUT]
        self.judge(LinkState.BROKEN, first_cause(*target_causes(self.run, "topic", arn)))


def watch_topic(link: Link, topic: str) -> None:
    """Subscribe the temporary queue to a topic of the account.

    Parameters
    ----------
    link
        The link, which is broken if there is no such topic.
    topic
        The ARN of the topic.
    """
    if topic in link.run.parts.topics:
        link.add_or_break(f"the topic {topic}", link.run.resources.watch_topic, topic)
    else:
        link.judge(LinkState.SKIPPED, f"{topic} is in another account")

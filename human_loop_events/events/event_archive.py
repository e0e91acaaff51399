"""An archive of the events that a filter matches, for replay."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import require_short
from human_loop_events.aws.bounds import WHOLE_DAYS
from human_loop_events.aws.encryption import admit_archives, require_key


@checks_arguments
class EventArchive(Construct):
    """An encrypted archive of events on a bus.

    The archive and its events are deleted with the stack. A retained archive would continue to
    record events. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    event_pattern
        The events to archive.
    retention
        The retention period of an event, in whole days.
    encryption_key
        The customer managed key of the archive.
    description
        The description of the archive.
    event_bus
        The bus with the events. Default: the account's default bus.

    Raises
    ------
    ValueError
        If the retention is not in whole days. EventBridge keeps events indefinitely for zero.

    Examples
    --------
    >>> archive = loops.add_archive(retention=Duration.days(30))  # doctest: +SKIP
    >>> archive.replay_destination(loops.status_events.rule)  # doctest: +SKIP
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        event_pattern: events.EventPattern,
        retention: Duration,
        encryption_key: kms.IKey,
        description: str | None = None,
        event_bus: events.IEventBus | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        WHOLE_DAYS.require("retention of the archive", retention)
        encryption_key = require_key("encryption_key", encryption_key)
        self._event_bus = event_bus or events.EventBus.from_event_bus_name(
            self, "DefaultBus", "default"
        )
        self._archive = events.Archive(
            self,
            "Archive",
            source_event_bus=self._event_bus,
            event_pattern=event_pattern,
            description=require_short("description of the archive", description, most=512),
            retention=retention,
        )
        # Not the property kms_key: with it, the policy of the key would depend on the bus.
        resource = self._archive.node.default_child
        assert isinstance(resource, events.CfnArchive)  # noqa: S101 - what every Archive is made of
        resource.kms_key_identifier = encryption_key.key_arn
        admit_archives(encryption_key, self)

    @property
    def archive_arn(self) -> str:
        """The archive's ARN."""
        return self._archive.archive_arn

    def replay_destination(self, *rules: events.IRule) -> str:
        """Return the value of ``aws events start-replay --destination`` for a replay to rules.

        A replay can only use the bus that received the events.

        Parameters
        ----------
        rules
            The rules that receive the events. Default: all rules of the bus.
        """
        destination = f"Arn={self._event_bus.event_bus_arn}"
        if not rules:
            return destination
        return f"{destination},FilterArns={','.join(rule.rule_arn for rule in rules)}"

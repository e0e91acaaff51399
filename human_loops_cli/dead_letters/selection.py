"""Which messages of the dead-letter queues a command is about."""

from __future__ import annotations

from dataclasses import dataclass, fields

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage
from human_loops_cli.errors import CommandError, ExitStatus


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A choice of messages. A message must match everything that is given.

    Examples
    --------
    >>> attributes = {"ErrorCode": {"DataType": "String", "StringValue": "Throttled"}}
    >>> message = DeadLetterMessage.parse(
    ...     {"MessageId": "5f1c", "Body": "{}", "ReceiptHandle": "r", "Attributes": {},
    ...      "MessageAttributes": attributes},
    ...     queue="DeadLetterQueue",
    ... )
    >>> Selection(cause="throttl").has(message), Selection(loop="invoice-1").has(message)
    (True, False)
    """

    message: str | None = None
    """A message id, or its beginning."""
    loop: str | None = None
    """A human loop by its name or ARN."""
    cause: str | None = None
    """A part of the cause, in any case."""

    def __post_init__(self) -> None:
        """Refuse a blank text, which every message matches."""
        for option in fields(self):
            value = getattr(self, option.name)
            if value is not None and not value.strip():
                raise CommandError(
                    f"--{option.name}: expected a text, got a blank one", status=ExitStatus.USAGE
                )

    @property
    def is_everything(self) -> bool:
        """Whether nothing is given."""
        return self.message is None and self.loop is None and self.cause is None

    def has(self, message: DeadLetterMessage) -> bool:
        """Return whether a message matches."""
        return (
            (self.message is None or message.message_id.startswith(self.message))
            and (self.loop is None or self.loop in (message.subject, message.loop_arn))
            and (self.cause is None or self.cause.casefold() in message.cause.casefold())
        )

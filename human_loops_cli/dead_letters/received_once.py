"""Each message that a queue holds, once: for a redrive and a deletion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage
from human_loops_cli.dead_letters.dead_letter_queues import DeadLetterQueueClient


class ReceivedOnce:
    """The messages that a queue holds at the start, each once.

    They stay hidden from other consumers meanwhile. A message that arrives or returns after the
    start is counted and not returned, so that one that fails again is not processed for ever.

    Parameters
    ----------
    client
        The queue.
    hidden_for
        The visibility timeout.
    """

    def __init__(self, client: DeadLetterQueueClient, *, hidden_for: int) -> None:
        self._client = client
        self._hidden_for = hidden_for
        self._hidden: dict[str, str] = {}
        self.arrived_meanwhile = 0
        """How many messages arrived, or returned, after the start."""

    def __iter__(self) -> Iterator[DeadLetterMessage]:
        """Receive the messages, until the queue has no other one."""
        start = None
        while (received := self._client.receive(hidden_for=self._hidden_for)) is not None:
            message, start = received.message, start or received.time
            known = message.message_id in self._hidden
            self._hidden[message.message_id] = message.receipt_handle
            if message.sent > start:
                self.arrived_meanwhile += not known
            elif not known:
                yield message

    def forget(self, message: DeadLetterMessage) -> None:
        """Forget a message that was deleted."""
        del self._hidden[message.message_id]

    def show_again(self) -> None:
        """Make the messages visible again that were not deleted."""
        self._client.show_again(self._hidden.values())


@contextmanager
def received_once(client: DeadLetterQueueClient, *, hidden_for: int) -> Iterator[ReceivedOnce]:
    """Receive the messages of a queue, and make those visible again that were not deleted."""
    received = ReceivedOnce(client, hidden_for=hidden_for)
    try:
        yield received
    finally:
        received.show_again()

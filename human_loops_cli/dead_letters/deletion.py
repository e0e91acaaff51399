"""Deletion of messages: each is in a file before it is deleted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage
from human_loops_cli.dead_letters.dead_letter_queues import DeadLetterQueueClient
from human_loops_cli.dead_letters.received_once import received_once
from human_loops_cli.dead_letters.selection import Selection
from human_loops_cli.errors import CommandError, ExitStatus

# Longer than it takes to receive the messages of a large queue.
_HIDDEN_FOR: Final = 960


@dataclass(kw_only=True)
class DeletionFile:
    """A new private file with a line of JSON for each deleted message.

    Messages quote events, so only the user can read it.
    """

    path: Path
    """The file, which must not exist."""
    _stream: IO[str] | None = None

    def __enter__(self) -> DeletionFile:
        """Create the file."""
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise CommandError(
                f"{self.path} exists",
                advice="Name a new file with -o.",
                status=ExitStatus.USAGE,
            ) from None
        except OSError as error:
            raise CommandError(f"{self.path}: {error.strerror}", status=ExitStatus.USAGE) from None
        self._stream = os.fdopen(descriptor, "w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, and remove it if it is empty."""
        assert self._stream is not None  # noqa: S101 - it was entered
        self._stream.close()
        if self.path.stat().st_size == 0:
            self.path.unlink()

    def write(self, message: DeadLetterMessage) -> None:
        """Write a message to the disk.

        Raises
        ------
        CommandError
            If the file cannot be written.
        """
        assert self._stream is not None  # noqa: S101 - it was entered
        try:
            self._stream.write(f"{json.dumps(_record(message))}\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise CommandError(
                f"{self.path}: {error.strerror}",
                advice="The messages that are not in the file were not deleted.",
                status=ExitStatus.INCOMPLETE,
            ) from None


def delete(
    client: DeadLetterQueueClient,
    selection: Selection,
    file: DeletionFile,
    deleted: Callable[[DeadLetterMessage], None],
) -> None:
    """Write the chosen messages of a queue to a file, and delete each after it is there.

    Parameters
    ----------
    client
        The queue.
    selection
        Which messages to delete.
    file
        Takes the messages.
    deleted
        Called with each deleted message.
    """
    with received_once(client, hidden_for=_HIDDEN_FOR) as received:
        for message in filter(selection.has, received):
            file.write(message)
            client.delete(message)
            received.forget(message)
            deleted(message)


def _record(message: DeadLetterMessage) -> dict[str, Any]:
    return {
        "queue": message.queue,
        "messageId": message.message_id,
        "sent": f"{message.sent:%Y-%m-%dT%H:%M:%SZ}",
        "attributes": dict(message.attributes),
        "body": message.body,
    }

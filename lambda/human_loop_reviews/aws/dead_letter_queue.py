"""The dead-letter queue of the review handler: SQS, with the error in the message's attributes."""

from __future__ import annotations

import re
from typing import Any, Final

from human_loop_reviews.aws.calls import error_code, naming
from human_loop_reviews.contract import ERROR_CODE_ATTRIBUTE, ERROR_MESSAGE_ATTRIBUTE

# As Lambda does for asynchronous invocations.
_MAX_MESSAGE_BYTES: Final = 1024

# What SQS refuses in a message, and the other control characters except tab and line ends.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_REMOVED: Final = "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


class DeadLetterQueue:
    """A queue for events that could not be handled.

    SQS's own redrive moves a message without the reason. These messages carry it.

    Parameters
    ----------
    sqs
        A client.
    queue_url
        The queue's URL.
    """

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, body: str, error: Exception) -> None:
        """Send an event that could not be handled.

        Parameters
        ----------
        body
            The event as it arrived. It is sent unchanged.
        error
            Why it could not be handled. The attribute ``ErrorCode`` is `error_code` of it,
            ``ErrorMessage`` is `error_message` of it.

        Raises
        ------
        CallError
            If the message cannot be sent.
        """
        with naming(f"queue {self._queue_url}"):
            self._sqs.send_message(
                QueueUrl=self._queue_url,
                MessageBody=body,
                MessageAttributes={
                    ERROR_CODE_ATTRIBUTE: _attribute(_clean(error_code(error))),
                    ERROR_MESSAGE_ATTRIBUTE: _attribute(error_message(error)),
                },
            )


def error_message(error: Exception) -> str:
    r"""Return an error's message without control characters, at most 1 KB long, never empty.

    Examples
    --------
    >>> error_message(ValueError("expected text\x00"))
    'expected text'
    >>> error_message(TimeoutError())
    'TimeoutError'
    """
    return _clean(str(error)) or type(error).__name__


def _clean(text: str) -> str:
    removed = re.sub(_REMOVED, "", text)
    # A character that the limit cuts in two is left out.
    return removed.encode()[:_MAX_MESSAGE_BYTES].decode(errors="ignore").strip()


def _attribute(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}

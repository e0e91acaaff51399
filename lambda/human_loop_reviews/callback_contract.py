"""What the constructs and the function that resumes waiting executions agree on.

Constructs import this module, so it needs the standard library only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

#: The entry point of the function that resumes waiting executions, and its timeout in seconds.
CALLBACKS_ENTRY_POINT: Final = "human_loop_reviews.functions.callbacks.handle"
CALLBACKS_TIMEOUT_SECONDS: Final = 120


class CallbackSetting(StrEnum):
    """The environment variables of the function that resumes waiting executions."""

    CALLBACK_TABLE = "CALLBACK_TABLE"
    FLOW_DEFINITIONS = "FLOW_DEFINITIONS"
    LEDGER_TABLE = "LEDGER_TABLE"


class CallbackKey(StrEnum):
    """The keys of the payload with which a state of Step Functions waits for a human loop."""

    TASK_TOKEN = "taskToken"  # noqa: S105 - the name of a key
    """The token that resumes the execution."""
    TIMEOUT_SECONDS = "timeoutSeconds"
    """How long the state waits."""
    ACCEPT_STOPPED = "acceptStopped"
    """Whether a Stopped loop is a success. Default: false."""
    HUMAN_LOOP_ARN = "humanLoopArn"
    """The loop to wait for. Without it, a loop is started with the next four keys."""
    HUMAN_LOOP_NAME = "humanLoopName"
    """The loop's name. Default: a new one."""
    FLOW_DEFINITION = "flowDefinition"
    """Name or ARN of its flow definition."""
    INPUT_CONTENT = "inputContent"
    """Its input, an object."""
    CONTENT_CLASSIFIERS = "contentClassifiers"
    """``FreeOfPersonallyIdentifiableInformation``, ``FreeOfAdultContent``. Default: none."""
    STATE_ENTRY = "stateEntry"
    """A text that identifies this entry of the state. A retry of the state has the same."""


class CallbackError(StrEnum):
    """The errors with which an execution is resumed.

    A Failed loop has the error ``HumanLoop.Failed.`` with its failure code, such as
    ``HumanLoop.Failed.Expired``, or ``HumanLoop.Failed`` if A2I gave no code.
    """

    INVALID_REQUEST = "HumanLoop.InvalidRequest"
    """The payload of the state cannot be used. The cause names the key."""
    NOT_WATCHED = "HumanLoop.NotWatched"
    """The events of the flow definition do not reach the review handler."""
    UNAVAILABLE = "HumanLoop.Unavailable"
    """AWS temporarily refused a call or did not respond. `HumanLoopTask` has retried six times."""
    NOT_STARTED = "HumanLoop.NotStarted"
    """A2I refused to start the loop: its name is taken or a quota is reached, for example."""
    NOT_FOUND = "HumanLoop.NotFound"
    """There is no loop with this ARN in the account and Region."""
    FAILED = "HumanLoop.Failed"
    """A2I ended the loop as Failed. The cause is A2I's reason, unless the handler leaves it out."""
    STOPPED = "HumanLoop.Stopped"
    """The loop was stopped, and the state does not accept that."""
    UNREADABLE = "HumanLoop.Unreadable"
    """The output cannot be read. The cause names the place."""


#: The keys of the table of callbacks.
CALLBACK_PARTITION_KEY: Final = "humanLoopArn"
CALLBACK_SORT_KEY: Final = "callbackId"
CALLBACK_TIME_TO_LIVE: Final = "expiresAt"

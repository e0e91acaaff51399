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

    #: The token that resumes the execution.
    TASK_TOKEN = "taskToken"  # noqa: S105 - the name of a key
    #: How long the state waits.
    TIMEOUT_SECONDS = "timeoutSeconds"
    #: Whether a Stopped loop is a success.
    ACCEPT_STOPPED = "acceptStopped"
    #: The loop to wait for; or, for one that is started, all of the others.
    HUMAN_LOOP_ARN = "humanLoopArn"
    HUMAN_LOOP_NAME = "humanLoopName"
    FLOW_DEFINITION = "flowDefinition"
    INPUT_CONTENT = "inputContent"
    CONTENT_CLASSIFIERS = "contentClassifiers"
    #: Identifies an entry of a state. A retry of the state has the same value.
    STATE_ENTRY = "stateEntry"


class CallbackError(StrEnum):
    """The errors with which an execution is resumed.

    A Failed loop has the error ``HumanLoop.Failed.`` with its failure code, such as
    ``HumanLoop.Failed.Expired``, or ``HumanLoop.Failed`` without a code.
    """

    #: The payload of the state cannot be used.
    INVALID_REQUEST = "HumanLoop.InvalidRequest"
    #: No event of the loop's flow definition reaches the review handler.
    NOT_WATCHED = "HumanLoop.NotWatched"
    #: AWS refused a call for a time, or did not answer. `HumanLoopTask` tries it again.
    UNAVAILABLE = "HumanLoop.Unavailable"
    #: A2I refuses to start the loop.
    NOT_STARTED = "HumanLoop.NotStarted"
    #: There is no such loop.
    NOT_FOUND = "HumanLoop.NotFound"
    FAILED = "HumanLoop.Failed"
    STOPPED = "HumanLoop.Stopped"
    #: The output cannot be read.
    UNREADABLE = "HumanLoop.Unreadable"


#: The keys of the table of callbacks.
CALLBACK_PARTITION_KEY: Final = "humanLoopArn"
CALLBACK_SORT_KEY: Final = "callbackId"
CALLBACK_TIME_TO_LIVE: Final = "expiresAt"

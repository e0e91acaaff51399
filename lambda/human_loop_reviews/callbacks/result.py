"""How an execution is resumed: what the outcome of its human loop means to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from human_loop_reviews.callback_contract import CallbackError
from human_loop_reviews.contract import HumanLoopStatus

#: The most bytes of an output. Step Functions accepts 262,144 for the output of a state, which may
#: hold the state's input too.
#: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_OUTPUT_BYTES: Final = 131_072

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
_MAX_ERROR: Final = 256
_MAX_CAUSE: Final = 32_768

_NO_REASON: Final = "The outcome has no failure reason."


@dataclass(frozen=True, slots=True)
class Success:
    """The state succeeds."""

    output: str
    """Its result as JSON."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The state fails."""

    error: str
    """The name of the error, at most 256 characters."""
    cause: str
    """The reason, at most 32,768 characters."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "error", self.error[:_MAX_ERROR])
        object.__setattr__(self, "cause", self.cause[:_MAX_CAUSE])


def result_of(outcome: Mapping[str, Any], *, accept_stopped: bool) -> Success | Failure:
    """Return how a state that waited for a human loop ends.

    Parameters
    ----------
    outcome
        The outcome of the loop. See `human_loop_reviews.outcome.Outcome`.
    accept_stopped
        Whether a Stopped loop is a success.

    Examples
    --------
    >>> result_of({"humanLoopStatus": "Stopped", "humanLoopArn": "arn"}, accept_stopped=False)
    Failure(error='HumanLoop.Stopped', cause='Human loop arn was stopped.')
    """
    status = outcome["humanLoopStatus"]
    if status == HumanLoopStatus.FAILED:
        return Failure(_failed(outcome["failureCode"]), outcome["failureReason"] or _NO_REASON)
    if status == HumanLoopStatus.STOPPED and not accept_stopped:
        return Failure(CallbackError.STOPPED, f"Human loop {outcome['humanLoopArn']} was stopped.")
    if outcome["outputError"] is not None:
        return Failure(CallbackError.UNREADABLE, outcome["outputError"])
    return Success(_fitting(outcome))


def _failed(code: str | None) -> str:
    """Return the name of the error. A code is an open set: keep what an error's name can have."""
    named = re.sub(r"[^\w.-]", "", code or "", flags=re.ASCII)
    return f"{CallbackError.FAILED}.{named}" if named else CallbackError.FAILED


def _fitting(outcome: Mapping[str, Any]) -> str:
    """Return an outcome as JSON, without its fields if they do not fit."""
    text = _json(outcome)
    if len(text.encode()) <= MAX_OUTPUT_BYTES:
        return text
    left_out = outcome["fieldsLeftOut"] + len(outcome["fields"])
    return _json({**outcome, "fields": [], "fieldsLeftOut": left_out})


def _json(outcome: Mapping[str, Any]) -> str:
    return json.dumps(outcome, separators=(",", ":"))

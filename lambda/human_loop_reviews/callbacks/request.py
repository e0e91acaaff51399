"""What a state of Step Functions asks for: to wait for a human loop, started before or with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from human_loop_reviews.callback_contract import CallbackKey
from human_loop_reviews.contract import A2I_NAME, MAX_A2I_NAME

_ARN: Final = re.compile(r"arn:[^:]+:sagemaker:[^:]*:[0-9]*:human-loop/(.+)", re.DOTALL)
_MAX_TIMEOUT_SECONDS: Final = 99_999_999  # what Step Functions accepts


class InvalidRequestError(ValueError):
    """A request cannot be used. The message names the key, and nothing of the input content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoop:
    """A human loop to start."""

    flow_definition: str
    """Name or ARN of the flow definition."""
    name: str
    """The loop's name."""
    input_content: str
    """Its input as JSON."""
    content_classifiers: tuple[str, ...] = ()
    """What the input is free of, as `ContentClassifiers` of ``StartHumanLoop``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """A request to resume an execution when a human loop ends."""

    task_token: str
    """The secret that resumes the execution."""
    request_id: str
    """Identifies the request. A retry of the state makes the same request."""
    timeout_seconds: float
    """How long the state waits."""
    accept_stopped: bool
    """Whether a Stopped loop is a success."""
    loop: str | NewLoop
    """The ARN of the loop to wait for, or the loop to start."""


def read_task_token(payload: Any) -> str:
    """Return the task token of a payload.

    Raises
    ------
    InvalidRequestError
        If the payload has no task token. Without one, no execution can be resumed.
    """
    return _text(_object(payload), CallbackKey.TASK_TOKEN)


def parse_request(payload: Any) -> CallbackRequest:
    """Parse the payload of a state.

    Parameters
    ----------
    payload
        An object with `CallbackKey`, as `HumanLoopTask` makes it.

    Raises
    ------
    InvalidRequestError
        If a key is missing or wrong.
    """
    request = _object(payload)
    unknown = sorted(request.keys() - set(CallbackKey))
    if unknown:
        raise InvalidRequestError(f"{', '.join(unknown)}: expected only {', '.join(CallbackKey)}")
    timeout = request.get(CallbackKey.TIMEOUT_SECONDS)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise _expected(CallbackKey.TIMEOUT_SECONDS, "a number of seconds")
    if not 0 < timeout <= _MAX_TIMEOUT_SECONDS:
        raise _expected(CallbackKey.TIMEOUT_SECONDS, f"more than 0, at most {_MAX_TIMEOUT_SECONDS}")
    accept_stopped = request.get(CallbackKey.ACCEPT_STOPPED, False)
    if not isinstance(accept_stopped, bool):
        raise _expected(CallbackKey.ACCEPT_STOPPED, "true or false")
    request_id = _request_id(request)
    starts = request.get(CallbackKey.HUMAN_LOOP_ARN) is None
    return CallbackRequest(
        task_token=read_task_token(request),
        request_id=request_id,
        timeout_seconds=timeout,
        accept_stopped=accept_stopped,
        loop=_new_loop(request, request_id) if starts else _existing_loop(request),
    )


def _existing_loop(request: Mapping[str, Any]) -> str:
    arn = _text(request, CallbackKey.HUMAN_LOOP_ARN)
    if not _ARN.fullmatch(arn):
        raise _expected(CallbackKey.HUMAN_LOOP_ARN, "the ARN of a human loop")
    for key in (
        CallbackKey.FLOW_DEFINITION,
        CallbackKey.HUMAN_LOOP_NAME,
        CallbackKey.INPUT_CONTENT,
        CallbackKey.CONTENT_CLASSIFIERS,
    ):
        if request.get(key) is not None:
            raise _expected(key, f"none together with {CallbackKey.HUMAN_LOOP_ARN}")
    return arn


def _new_loop(request: Mapping[str, Any], request_id: str) -> NewLoop:
    content = request.get(CallbackKey.INPUT_CONTENT)
    if not isinstance(content, dict):
        raise _expected(CallbackKey.INPUT_CONTENT, "an object")
    name = f"loop-{request_id}"
    if request.get(CallbackKey.HUMAN_LOOP_NAME) is not None:
        name = _text(request, CallbackKey.HUMAN_LOOP_NAME)
        if len(name) > MAX_A2I_NAME or not re.fullmatch(A2I_NAME, name):
            raise _expected(
                CallbackKey.HUMAN_LOOP_NAME,
                f"1 to {MAX_A2I_NAME} lower-case letters, digits and hyphens, a letter or digit "
                "first and last",
            )
    classifiers = request.get(CallbackKey.CONTENT_CLASSIFIERS) or []
    if not isinstance(classifiers, list) or not all(isinstance(each, str) for each in classifiers):
        raise _expected(CallbackKey.CONTENT_CLASSIFIERS, "a list of texts")
    return NewLoop(
        flow_definition=_text(request, CallbackKey.FLOW_DEFINITION),
        name=name,
        input_content=json.dumps(content, separators=(",", ":")),
        content_classifiers=tuple(classifiers),
    )


def _request_id(request: Mapping[str, Any]) -> str:
    """Hash all of a request that a retry repeats: all but the token."""
    _text(request, CallbackKey.STATE_ENTRY)
    repeated = {key: value for key, value in request.items() if key != CallbackKey.TASK_TOKEN}
    return sha256(json.dumps(repeated, sort_keys=True).encode()).hexdigest()[:32]


def _object(payload: Any) -> Mapping[str, Any]:
    if not isinstance(payload, dict):
        raise InvalidRequestError("payload: expected an object")
    return payload


def _text(request: Mapping[str, Any], key: CallbackKey) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _expected(key, "text")
    return value


def _expected(key: CallbackKey, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"{key}: expected {what}")

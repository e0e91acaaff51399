"""Callbacks: executions that register for a human loop, and are resumed when it has ended.

A registration and the outcome can arrive in any order, also at the same time. A registration first
adds its callback, and then reads the ledger. An outcome is first in the ledger, and then the
callbacks are read. So at least one of them finds the other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from human_loop_reviews.aws import callback_metrics
from human_loop_reviews.aws.callback_table import Callback, CallbackTable
from human_loop_reviews.aws.calls import CallError, error_code, refusal_code
from human_loop_reviews.aws.human_loops import HumanLoops, flow_definition_arn, human_loop_arn
from human_loop_reviews.aws.recorded_outcomes import RecordedOutcomes
from human_loop_reviews.aws.retryable_errors import http_status, is_retryable
from human_loop_reviews.aws.step_functions import StepFunctions
from human_loop_reviews.callback_contract import CallbackError
from human_loop_reviews.callbacks.request import (
    CallbackRequest,
    InvalidRequestError,
    NewLoop,
    parse_request,
    read_task_token,
)
from human_loop_reviews.callbacks.result import Failure, Success, result_of
from human_loop_reviews.callbacks.settings import CallbackSettings
from human_loop_reviews.contract import SAME_TIME

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

#: How long an outcome that was published is waited for in the ledger, in seconds by pause.
PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6)

# By how much the clocks of A2I and of the function may differ.
_CLOCK_DIFFERENCE: Final = timedelta(seconds=10)

_CONFLICT: Final = "ConflictException"


class OutcomeNotRecordedError(Exception):
    """An outcome was published and is not in the ledger, or not yet. A retry may find it."""


class _RefusedError(Exception):
    """A request about a human loop or a flow definition is refused, for good."""

    def __init__(self, error: CallbackError, arn: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error
        self.arn = arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """Registers executions that wait for human loops, and resumes them."""

    settings: CallbackSettings
    """The function's settings."""
    table: CallbackTable
    """The callbacks."""
    outcomes: RecordedOutcomes
    """The ledger."""
    executions: StepFunctions
    """Step Functions."""
    human_loops: HumanLoops
    """What A2I knows. Its client must not repeat requests by itself: a repeated start finds that
    the name is taken, by the loop that the first request started."""
    sleep: Callable[[float], None] = time.sleep
    """Pauses for some seconds."""

    def register(self, payload: Any, *, function_arn: str) -> None:
        """Let an execution wait for a human loop, and start the loop if the request says so.

        If the request is refused, or cannot be met at present, the execution is resumed with an
        error. If the loop ended already, it is resumed with the loop's outcome.

        Parameters
        ----------
        payload
            What the state asks for. See `CallbackRequest`.
        function_arn
            ARN of this function. It has the account and Region of the flow definition.

        Raises
        ------
        InvalidRequestError
            If there is no task token.
        ExecutionNotResumedError
            If Step Functions refused, or did not answer.
        """
        task_token = read_task_token(payload)
        try:
            request = parse_request(payload)
            if isinstance(request.loop, NewLoop):
                callback = self._start(request, request.loop, function_arn)
            else:
                callback = self._wait_for(request, request.loop)
            _log("awaited", callback.human_loop_arn)
            self._resume_all(callback.human_loop_arn, self.outcomes.of(callback.human_loop_arn))
        except InvalidRequestError as error:
            self._refuse(task_token, CallbackError.INVALID_REQUEST, "an unknown loop", error)
        except _RefusedError as error:
            self._refuse(task_token, error.error, error.arn, error)
        except CallError as error:
            self._refuse(task_token, CallbackError.UNAVAILABLE, error.resource, error)

    def resume(self, human_loop_arn: str, outcome_id: str) -> None:
        """Resume the executions that wait for a human loop when its outcome is published.

        Parameters
        ----------
        human_loop_arn
            The loop.
        outcome_id
            The outcome.

        Raises
        ------
        OutcomeNotRecordedError
            If the ledger has no outcome of the loop that AWS's event or A2I itself states.
        CallError
            If AWS refused another call, or did not answer.
        ExecutionNotResumedError
            If Step Functions refused, or did not answer.
        """
        self._resume_all(human_loop_arn, self._recorded(human_loop_arn, outcome_id))

    def _recorded(self, human_loop_arn: str, outcome_id: str) -> Sequence[Mapping[str, Any]]:
        """Read the ledger once it has the outcome, which is published before it is recorded."""
        outcomes = self.outcomes.of(human_loop_arn)
        for pause in PAUSES:
            if any(each["outcomeId"] == outcome_id for each in outcomes):
                return outcomes
            self.sleep(pause)
            outcomes = self.outcomes.of(human_loop_arn)
        if not outcomes:
            _log("still waiting", human_loop_arn)
            raise OutcomeNotRecordedError(
                f"{human_loop_arn}: no outcome that AWS's event or A2I states is in the ledger"
            )
        # The ledger kept another outcome, which takes precedence.
        return outcomes

    def _resume_all(self, human_loop_arn: str, outcomes: Sequence[Mapping[str, Any]]) -> None:
        for callback in self.table.of(human_loop_arn) if outcomes else ():
            outcome = _outcome_for(callback, outcomes)
            if outcome is not None:
                self._resume(callback, outcome)

    def _resume(self, callback: Callback, outcome: Mapping[str, Any]) -> None:
        result = result_of(outcome, accept_stopped=callback.accept_stopped)
        waited = self._send(callback.task_token, result)
        self.table.remove(callback)
        what = "no longer waiting"
        if waited:
            what = "resumed" if isinstance(result, Success) else f"failed with {result.error}"
        _log(what, callback.human_loop_arn)
        callback_metrics.emit(outcome["flowDefinitionArn"], waited=waited)

    def _send(self, task_token: str, result: Success | Failure) -> bool:
        if isinstance(result, Success):
            return self.executions.succeed(task_token, result.output)
        return self.executions.fail(task_token, error=result.error, cause=result.cause)

    def _refuse(
        self, task_token: str, error: CallbackError, resource: str, reason: Exception
    ) -> None:
        # The reason can quote the input content. It is for the execution only.
        logger.error("a request to wait for %s failed: %s: %s", resource, error, error_code(reason))
        self._send(task_token, Failure(error, str(reason)))

    def _wait_for(self, request: CallbackRequest, arn: str) -> Callback:
        """Register for a loop that was started before, by A2I's built-in tasks or anybody."""
        loop = self.human_loops.describe(arn)
        if loop is None or loop.arn != arn:
            raise _RefusedError(CallbackError.NOT_FOUND, arn, f"There is no human loop {arn}.")
        self._require_watched(loop.flow_definition_arn)
        return self._add(request, arn, created_after=loop.creation_time - SAME_TIME)

    def _start(self, request: CallbackRequest, loop: NewLoop, function_arn: str) -> Callback:
        flow_definition = flow_definition_arn(loop.flow_definition, function_arn)
        self._require_watched(flow_definition)
        arn = human_loop_arn(flow_definition, loop.name)
        earlier = self._same_requests(request, arn)
        first_attempt = min(
            (each.created_after for each in earlier), default=datetime.now(UTC) - _CLOCK_DIFFERENCE
        )
        # Others stay: they are earlier attempts, or iterations of a Map state that wait too.
        callback = self._add(request, arn, created_after=first_attempt)
        try:
            self.human_loops.start(
                flow_definition,
                loop.name,
                input_content=loop.input_content,
                content_classifiers=loop.content_classifiers,
            )
        except CallError as error:
            if refusal_code(error.cause) == _CONFLICT:
                # The same request may have been made meanwhile, by another iteration.
                same = self._same_requests(request, arn)
                if earlier or any(each.task_token != callback.task_token for each in same):
                    first = min([callback, *same], key=lambda each: each.created_after)
                    return self._started_before(request, callback, first.created_after)
            self._give_up(callback, error)
        return callback

    def _same_requests(self, request: CallbackRequest, arn: str) -> list[Callback]:
        """Return the callbacks of a loop that the same request made."""
        return [each for each in self.table.of(arn) if each.request_id == request.request_id]

    def _give_up(self, callback: Callback, error: CallError) -> None:
        """Raise an error for a loop that was not started, or perhaps was."""
        if not isinstance(error.cause, ClientError) or http_status(error.cause) >= 500:
            raise error  # It may have been started. A retry finds the callback.
        self.table.remove(callback)
        if is_retryable(error):
            raise error
        raise _RefusedError(
            CallbackError.NOT_STARTED, callback.human_loop_arn, str(error.cause)
        ) from None

    def _started_before(
        self, request: CallbackRequest, callback: Callback, first_attempt: datetime
    ) -> Callback:
        """Wait for the loop that the same request may have started, if it is not an older one."""
        arn = callback.human_loop_arn
        loop = self.human_loops.describe(arn)
        if loop is None or loop.creation_time < first_attempt:
            self.table.remove(callback)
            raise _RefusedError(
                CallbackError.NOT_STARTED, arn, f"There is another human loop {arn}."
            )
        return self._add(request, arn, created_after=loop.creation_time - SAME_TIME)

    def _add(self, request: CallbackRequest, arn: str, *, created_after: datetime) -> Callback:
        callback = Callback(
            human_loop_arn=arn,
            created_after=created_after,
            task_token=request.task_token,
            request_id=request.request_id,
            accept_stopped=request.accept_stopped,
        )
        timeout = timedelta(seconds=request.timeout_seconds)
        self.table.add(callback, expires_at=datetime.now(UTC) + timeout)
        return callback

    def _require_watched(self, flow_definition: str) -> None:
        if not self.settings.watch(flow_definition):
            raise _RefusedError(
                CallbackError.NOT_WATCHED,
                flow_definition,
                f"The review handler does not receive the events of {flow_definition}, so the "
                "execution would not be resumed. Add it to flow_definitions.",
            )


def _outcome_for(
    callback: Callback, outcomes: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    return next(
        (
            each
            for each in outcomes
            if datetime.fromisoformat(each["creationTime"]) >= callback.created_after
        ),
        None,
    )


def _log(what: str, human_loop_arn: str) -> None:
    name = human_loop_arn.rpartition("/")[2]
    logger.info("human loop %s: execution %s", name, what, extra={"humanLoopArn": human_loop_arn})

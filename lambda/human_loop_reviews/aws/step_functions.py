"""Executions of Step Functions that wait for a task token."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from human_loop_reviews.aws.calls import error_code

# The execution ended, its state timed out, or it was resumed before.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
_NOT_WAITING: Final = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})


class ExecutionNotResumedError(Exception):
    """Step Functions did not resume an execution. The message has the reason, not the token."""


class StepFunctions:
    """The executions of an account and Region.

    Parameters
    ----------
    client
        A client of ``stepfunctions``.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def succeed(self, task_token: str, output: str) -> bool:
        """Resume an execution with an output as JSON. See `fail`."""
        return self._send(self._client.send_task_success, taskToken=task_token, output=output)

    def fail(self, task_token: str, *, error: str, cause: str) -> bool:
        """Resume an execution with an error.

        Returns
        -------
        bool
            Whether the execution waited for it.

        Raises
        ------
        ExecutionNotResumedError
            If Step Functions refuses for another reason, or does not answer.
        """
        return self._send(
            self._client.send_task_failure, taskToken=task_token, error=error, cause=cause
        )

    def _send(self, send: Any, **request: str) -> bool:
        try:
            send(**request)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in _NOT_WAITING:
                return False
            # Without its message and its cause, which can hold the token.
            raise ExecutionNotResumedError(f"Step Functions: {error_code(error)}") from None
        return True

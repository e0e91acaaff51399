"""The function that lets executions of Step Functions wait for human loops, and resumes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import boto3

from human_loop_reviews.a2i.event import MalformedEventError
from human_loop_reviews.aws.callback_table import CallbackTable
from human_loop_reviews.aws.calls import client_config
from human_loop_reviews.aws.human_loops import HumanLoops
from human_loop_reviews.aws.recorded_outcomes import RecordedOutcomes
from human_loop_reviews.aws.step_functions import StepFunctions
from human_loop_reviews.callbacks.callbacks import Callbacks
from human_loop_reviews.callbacks.settings import CallbackSettings
from human_loop_reviews.contract import OUTCOME_DETAIL_TYPE

_DETAIL_TYPE: Final = "detail-type"


def handle(event: Any, context: Any) -> None:
    """Resume the executions that wait for a human loop, or let another one wait.

    Parameters
    ----------
    event
        The event of an outcome, or the payload of a state. See `callback_contract.CallbackKey`.
    context
        The context of the invocation.

    Raises
    ------
    Exception
        Whatever kept executions from being resumed, or from waiting. A retry may succeed.
    """
    callbacks = create_callbacks()
    if isinstance(event, dict) and _DETAIL_TYPE in event:
        callbacks.resume(_text(event, "humanLoopArn"), _text(event, "outcomeId"))
    else:
        callbacks.register(event, function_arn=context.invoked_function_arn)


@cache
def create_callbacks() -> Callbacks:
    """Read the settings and create the clients, once for the life of the execution environment."""
    settings = CallbackSettings.from_environment(os.environ)
    config = client_config()
    dynamodb = boto3.client("dynamodb", config=config)
    return Callbacks(
        settings=settings,
        table=CallbackTable(dynamodb, settings.callback_table),
        outcomes=RecordedOutcomes(dynamodb, settings.ledger_table),
        executions=StepFunctions(boto3.client("stepfunctions", config=config)),
        human_loops=HumanLoops(
            boto3.client("sagemaker-a2i-runtime", config=client_config(attempts=1))
        ),
    )


def _text(event: Mapping[str, Any], key: str) -> str:
    detail = event.get("detail")
    value = detail.get(key) if isinstance(detail, dict) else None
    if event[_DETAIL_TYPE] != OUTCOME_DETAIL_TYPE or not isinstance(value, str):
        raise MalformedEventError(f"event: expected {OUTCOME_DETAIL_TYPE!r} with detail.{key}")
    return value


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # In Lambda's initialization phase, which has more processor time than an invocation.
    create_callbacks()

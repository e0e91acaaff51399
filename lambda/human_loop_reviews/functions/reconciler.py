"""The reconciler: compares A2I's human loops with the ledger, and sends missing events again."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Final

import boto3
from botocore.config import Config

from human_loop_reviews.aws.human_loop_bus import HumanLoopBus
from human_loop_reviews.aws.human_loops import HumanLoops
from human_loop_reviews.aws.reconciler_items import ReconcilerItems
from human_loop_reviews.contract import RESEND
from human_loop_reviews.reconcile import Reconciler, ReconcilerRun
from human_loop_reviews.reconciler_settings import ReconcilerSettings

CONNECT_TIMEOUT_SECONDS: Final = 2
READ_TIMEOUT_SECONDS: Final = 8
ATTEMPTS: Final = 3


def handle(event: Any, context: Any) -> dict[str, Any]:
    """Compare all human loops with the ledger, or send the events of some loops again.

    Parameters
    ----------
    event
        Anything, such as the event of a schedule; or ``{"resend": ["<humanLoopArn>", ...]}``.
    context
        The context of the invocation.

    Returns
    -------
    dict
        What was found and sent. See `Reconciler`.

    Raises
    ------
    Exception
        Whatever kept human loops from being compared or recovered.
    """
    reconciler = create_reconciler()
    run = ReconcilerRun.start(
        function_arn=context.invoked_function_arn,
        function_name=context.function_name,
        remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    if isinstance(event, dict) and RESEND in event:
        return reconciler.resend(_arns(event[RESEND]), run)
    return reconciler.reconcile(run)


@cache
def create_reconciler() -> Reconciler:
    """Read the settings and create the clients, once for the life of the execution environment."""
    settings = ReconcilerSettings.from_environment(os.environ)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
    )
    return Reconciler(
        settings=settings,
        human_loops=HumanLoops(
            boto3.client("sagemaker-a2i-runtime", config=config),
            # Its model is large. Without need it is not loaded.
            None if settings.flow_definitions else boto3.client("sagemaker", config=config),
        ),
        items=ReconcilerItems(
            boto3.client("dynamodb", config=config), settings.ledger_table, settings.look_back
        ),
        bus=HumanLoopBus(boto3.client("events", config=config), settings.event_bus),
    )


def _arns(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{RESEND}: expected a list of ARNs of human loops, got {value!r}")
    return value


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # In Lambda's initialization phase, which has more processor time than an invocation.
    create_reconciler()

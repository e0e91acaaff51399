"""The function's entry point: which shape arrived, and one call for each event."""

from __future__ import annotations

import json
import logging
import os
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from human_loop_reviews.event import MalformedEventError
from human_loop_reviews.ledger import Ledger
from human_loop_reviews.settings import Settings
from human_loop_reviews.settle import Settler

logger = logging.getLogger(__name__)


def handle(event: Any, _context: object) -> dict[str, list[dict[str, str]]] | None:
    """Settle one EventBridge event, or each event of a batch from SQS.

    Parameters
    ----------
    event
        The event, or the batch.

    Returns
    -------
    dict or None
        For a batch, the messages that SQS shall deliver again.
        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

    Raises
    ------
    Exception
        For a single event, whatever kept it from being settled, so that Lambda tries again and
        then sends it to dead letters.
    """
    if isinstance(event, dict) and isinstance(event.get("Records"), list):
        failed = [_message_id(record) for record in event["Records"] if not _settled(record)]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
    settler().settle(event)
    return None


@cache
def settler() -> Settler:
    """Make the clients and read the settings, once for the life of the function's instance."""
    settings = Settings.from_environment(os.environ)
    config = Config(retries={"mode": "standard"}, connect_timeout=5, read_timeout=20)
    return Settler(
        settings=settings,
        s3=boto3.client("s3", config=config),
        events=boto3.client("events", config=config),
        ledger=Ledger(
            boto3.client("dynamodb", config=config),
            settings.ledger_table,
            timedelta(days=settings.ledger_retention_days),
        ),
    )


def _settled(record: Any) -> bool:
    try:
        settler().settle(_body(record))
    except Exception as error:  # whatever it is: the other messages must not suffer from it
        logger.exception("message not settled: %s", error)  # noqa: TRY401 - the reason, findable
        return False
    return True


def _body(record: Any) -> Any:
    try:
        return json.loads(record["body"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise MalformedEventError("message: body: expected an event as JSON") from None


def _message_id(record: Any) -> str:
    if not isinstance(record, dict) or not isinstance(record.get("messageId"), str):
        raise MalformedEventError("batch: messageId: expected text")
    message_id: str = record["messageId"]
    return message_id


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # In Lambda's initialization phase, which has more of a processor than an invocation.
    settler()

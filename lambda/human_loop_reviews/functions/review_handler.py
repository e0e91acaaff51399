"""The review handler: settles the human loops whose events EventBridge or SQS delivers."""

from __future__ import annotations

import json
import logging
import os
import random
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import boto3

from human_loop_reviews.a2i.event import MalformedEventError
from human_loop_reviews.a2i.validation import InvalidDocumentError
from human_loop_reviews.aws.calls import ATTEMPTS_TO_ASSUME_ROLE, client_config, error_code
from human_loop_reviews.aws.ledger import Ledger
from human_loop_reviews.aws.outcome_bus import OutcomeBus
from human_loop_reviews.contract import MIN_TIMEOUT_SECONDS
from human_loop_reviews.settings import DeadLetterSettings, Settings
from human_loop_reviews.settle import Settler

if TYPE_CHECKING:  # imported below by the handlers that have them
    from human_loop_reviews.aws.dead_letter_queue import DeadLetterQueue
    from human_loop_reviews.aws.document_store import DocumentStore
    from human_loop_reviews.aws.spokes import Spokes
    from human_loop_reviews.mapping_files import MappingFiles

logger = logging.getLogger(__name__)

#: One event takes less than the shortest timeout by this many milliseconds.
_STARTED_WITHIN: Final = 6000


def handle(event: Any, context: Any) -> dict[str, list[dict[str, str]]] | None:
    """Settle one EventBridge event, or each event of a batch from SQS.

    An event of a batch that cannot be settled goes to the dead-letter queue of the settings: at
    once if no retry can succeed, otherwise on the last permitted receive. Without such a queue SQS
    delivers it again. An event for which too little time is left is not begun, and delivered again.

    Parameters
    ----------
    event
        The event, or the batch.
    context
        Lambda's context object, which has the remaining time.

    Returns
    -------
    dict or None
        For a batch, the messages that SQS delivers again.
        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

    Raises
    ------
    Exception
        For a single event, the error that kept it from being settled. Lambda retries, and then
        sends the event to the function's dead-letter queue.
    """
    services = create_services()
    if isinstance(event, dict) and isinstance(event.get("Records"), list):
        remaining = [
            _message_id(record)
            for number, record in enumerate(_in_order(event["Records"]))
            if not ((number == 0 or _has_time(context)) and services.handle(record))
        ]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in remaining]}
    services.settler.settle(event)
    return None


class Services(NamedTuple):
    """What the handler needs for every event."""

    settler: Settler
    """Settles loops."""
    dead_letter_queue: DeadLetterQueue | None
    """Where events go that could not be settled; None if SQS alone decides."""
    max_receives: int
    """How often SQS delivers a message; 0 without a dead-letter queue."""

    def handle(self, record: Any) -> bool:
        """Settle the loop of one SQS message, or send the message to the dead-letter queue.

        Parameters
        ----------
        record
            The message as Lambda delivers it.

        Returns
        -------
        bool
            Whether the message is done with. If not, SQS delivers it again.
        """
        try:
            self.settler.settle(_event(record))
        except Exception as error:  # any error: the other messages of the batch must be handled
            logger.exception(
                "message of %s not settled: %s",
                _loop(record),
                error,  # noqa: TRY401 - the reason in the message, where it can be searched
                extra=_fields(record, error),
            )
            return self._give_up(record, error)
        return True

    def _give_up(self, record: Any, error: Exception) -> bool:
        if self.dead_letter_queue is None:
            return False
        # A document that is invalid now is invalid in every retry.
        permanent = isinstance(error, InvalidDocumentError)
        if not permanent and _receive_count(record) < self.max_receives:
            return False
        try:
            self.dead_letter_queue.send(record["body"], error)
        except Exception as refusal:  # any error: SQS still has the message
            logger.exception(
                "message of %s not sent to the dead-letter queue: %s",
                _loop(record),
                refusal,  # noqa: TRY401 - as above
                extra=_fields(record, refusal),
            )
            return False
        return True


@cache
def create_services() -> Services:
    """Read the settings and create the clients, once for the life of the execution environment."""
    settings = Settings.from_environment(os.environ)
    config = client_config()
    dead_letters = settings.dead_letters
    s3 = boto3.client("s3", config=config)
    return Services(
        settler=Settler(
            settings=settings,
            s3=s3,
            outcome_bus=OutcomeBus(
                boto3.client("events", config=config),
                settings.outcome_bus,
                ledger_arn=settings.ledger_arn,
            ),
            ledger=Ledger(
                boto3.client("dynamodb", config=config),
                settings.ledger_table,
                timedelta(days=settings.ledger_retention_days),
            ),
            a2i_runtime=_a2i_runtime,
            mappings=_mappings(settings.mappings_layer),
            spokes=_spokes(settings.hub),
            documents=_documents(settings, s3),
        ),
        dead_letter_queue=None if dead_letters is None else _dead_letter_queue(dead_letters),
        max_receives=0 if dead_letters is None else dead_letters.max_receives,
    )


def _mappings(layer: str | None) -> MappingFiles | None:
    if layer is None:
        return None
    # Only handlers with mappings need this module, and the one that defines a mapping.
    from human_loop_reviews.mapping_files import MappingFiles

    return MappingFiles.in_layer(layer)


def _spokes(hub: str | None) -> Spokes | None:
    if hub is None:
        return None
    # Only the handler of a hub needs this module, with its client.
    from human_loop_reviews.aws.spokes import Spokes

    sts = boto3.client("sts", config=client_config(attempts=ATTEMPTS_TO_ASSUME_ROLE))
    return Spokes(sts, hub)


def _documents(settings: Settings, s3: Any) -> DocumentStore | None:
    documents = settings.documents
    if documents is None:
        return None
    # Only handlers that write corrected documents need this module.
    from human_loop_reviews.aws.document_store import DocumentStore

    return DocumentStore(
        s3,
        documents.bucket,
        documents.prefix,
        encryption_key=documents.encryption_key,
        qualified=settings.hub is not None,
    )


def _dead_letter_queue(settings: DeadLetterSettings) -> DeadLetterQueue:
    # Only a buffered handler needs this module, with its client.
    from human_loop_reviews.aws.dead_letter_queue import DeadLetterQueue

    return DeadLetterQueue(boto3.client("sqs", config=client_config()), settings.queue_url)


@cache
def _a2i_runtime() -> Any:
    """Create the client for events that were sent again, when the first one arrives."""
    return boto3.client("sagemaker-a2i-runtime", config=client_config())


def _in_order(records: list[Any]) -> list[Any]:
    """Return a batch in the order in which it is settled: a random one if any of it is a retry.

    A message that ends the function, such as by its timeout, would otherwise keep those behind it
    from being settled in every retry, until SQS moves them all to the dead-letter queue.
    """
    if all(_receive_count(record) == 1 for record in records):
        return records
    return random.sample(records, len(records))


def _has_time(context: Any) -> bool:
    """Return whether a further event can be settled before Lambda ends the function."""
    remaining: int = context.get_remaining_time_in_millis()
    if remaining >= 1000 * MIN_TIMEOUT_SECONDS - _STARTED_WITHIN:
        return True
    logger.info("an event is left to the next invocation: %d ms remain", remaining)
    return False


def _event(record: Any) -> Any:
    try:
        return json.loads(record["body"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise MalformedEventError("message: body: expected an event as JSON") from None


def _message_id(record: Any) -> str:
    if not isinstance(record, dict) or not isinstance(record.get("messageId"), str):
        raise MalformedEventError("batch: messageId: expected text")
    message_id: str = record["messageId"]
    return message_id


def _receive_count(record: Any) -> int:
    try:
        return int(record["attributes"]["ApproximateReceiveCount"])
    except (KeyError, TypeError, ValueError):
        return 1


def _loop(record: Any) -> str:
    arn = _human_loop_arn(record)
    return "an unknown human loop" if arn is None else f"human loop {arn}"


def _fields(record: Any, error: Exception) -> dict[str, str | None]:
    return {"humanLoopArn": _human_loop_arn(record), "errorCode": error_code(error)}


def _human_loop_arn(record: Any) -> str | None:
    try:
        arn = _event(record)["detail"]["humanLoopArn"]
    except (MalformedEventError, LookupError, TypeError):
        return None
    return arn if isinstance(arn, str) else None


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # In Lambda's initialization phase, which has more processor time than an invocation.
    create_services()

"""Handler delivery: the rule invokes the handler, or sends to a queue that the handler reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.bounds import NumberBounds, TimeBounds
from human_loop_events.aws.encryption import grant_through, require_key
from human_loop_events.aws.queues_and_topics import create_dead_letter_queue, create_queue

_LAMBDA_DEFAULT_TIMEOUT = Duration.seconds(3)

#: The bounds of settings.
MAX_CONCURRENCY: Final = NumberBounds(2, 1000)
RETRY_FOR: Final = TimeBounds(
    timedelta(seconds=1),
    timedelta(days=7),
    because="an older message would not stay in the dead-letter queue",
)

_MAX_RECEIVES = 1000
"""SQS's limit for ``maxReceiveCount``."""
_VISIBILITY_IN_TIMEOUTS = 6
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""


@checks_arguments
@dataclass(frozen=True, slots=True)
class HandlerDelivery:
    """The delivery of events to the handler. Create it with `direct` or `buffered`.

    Examples
    --------
    >>> HandlerDelivery.buffered(max_concurrency=5).max_concurrency
    5
    """

    _HOW_TO_MAKE: ClassVar = "HandlerDelivery.direct() or .buffered(…)"

    is_buffered: bool
    """Whether there is a queue before the handler."""
    max_concurrency: int = 10
    """The maximum number of instances that read the queue."""
    retry_for: Duration | None = None
    """The time during which an event is retried. None for direct delivery."""
    function_timeout: Duration | None = None
    """The function's timeout, if CDK does not know it."""

    @classmethod
    def direct(cls) -> HandlerDelivery:
        """Let the rule invoke the function.

        After three failures, Lambda sends the event to the function's dead-letter queue.
        """
        return cls(is_buffered=False)

    @classmethod
    def buffered(
        cls,
        *,
        max_concurrency: int = 10,
        retry_for: Duration | None = None,
        function_timeout: Duration | None = None,
    ) -> HandlerDelivery:
        """Let the rule send to a queue that the function reads, for volume and for long outages.

        The function reads in batches with partial failures. An event that it cannot process is
        retried until `retry_for` has passed, and then sent to the queue's dead-letter queue.

        Parameters
        ----------
        max_concurrency
            The maximum number of instances that read the queue, 2 to 1,000. Default: 10.
        retry_for
            The time during which an event is retried, 1 second to 7 days. Default: 6 hours.
        function_timeout
            The function's timeout, if CDK does not know it. Default: that of the function.

        Raises
        ------
        ValueError
            If a value is out of range.
        """
        MAX_CONCURRENCY.require("max_concurrency", max_concurrency)
        if retry_for is not None:
            RETRY_FOR.require("retry_for", retry_for)
        return cls(
            is_buffered=True,
            max_concurrency=max_concurrency,
            retry_for=retry_for or Duration.hours(6),
            function_timeout=function_timeout,
        )


@checks_arguments
class HandlerQueue(Construct):
    """A queue before a function, with a dead-letter queue and limited concurrency.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    function
        The function that reads the queue, in the same stack.
    reader
        The principal that gets the permission to read. Default: the function.
    handler_delivery
        The concurrency and the retry time.
    encryption_key
        The customer managed key of both queues.

    Raises
    ------
    ValueError
        If the function is in another stack, its timeout is not known, or `retry_for` does not fit
        the timeout.

    Examples
    --------
    >>> HandlerQueue(  # doctest: +SKIP
    ...     self, "Waiting", function=consumer, handler_delivery=HandlerDelivery.buffered(),
    ...     encryption_key=delivery.encryption_key,
    ... )
    """

    queue: sqs.Queue
    """The queue that the function reads."""
    dead_letter_queue: sqs.Queue
    """The queue for events that the function could not process."""
    max_receives: int
    """The number of receives of an event before it goes to the dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.IFunction,
        handler_delivery: HandlerDelivery,
        encryption_key: kms.IKey,
        reader: iam.IGrantable | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        encryption_key = require_key("encryption_key", encryption_key)
        if Stack.of(function) != Stack.of(self):
            raise ValueError(
                f"handler: buffered delivery needs a function in the stack of {self.node.path}, "
                f"got one of {Stack.of(function).node.path}: the function would depend on the "
                "queue, and the queue on the function"
            )
        visibility = (
            _VISIBILITY_IN_TIMEOUTS * _function_timeout(function, handler_delivery).to_seconds()
        )
        self.max_receives = _count_receives(handler_delivery.retry_for, visibility)
        self.dead_letter_queue = create_dead_letter_queue(
            self, "DeadLetterQueue", encryption_key, of_a_queue=True
        )
        self.queue = create_queue(
            self,
            "Queue",
            encryption_key,
            dead_letter_queue=self.dead_letter_queue,
            max_receives=self.max_receives,
            visibility_timeout=Duration.seconds(visibility),
        )
        event_source_mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=function,
            event_source_arn=self.queue.queue_arn,
            batch_size=10,
            report_batch_item_failures=True,
            max_concurrency=handler_delivery.max_concurrency,
        )
        # At creation, Lambda checks that the function can read the queue.
        self._grant_poll(reader or function, encryption_key).apply_before(event_source_mapping)
        acknowledge(
            event_source_mapping,
            "Lambda accepts no failure destination for a queue. What fails goes to the queue's own "
            "dead-letter queue, which an alarm watches.",
            "Serverless-LambdaEventSourceMappingDestination",
        )

    def _grant_poll(self, reader: iam.IGrantable, key: kms.IKey) -> iam.Grant:
        # Not grant_consume_messages(): it allows more than Lambda needs, and any use of the key.
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
        poll = self.queue.grant(
            reader, "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"
        )
        return poll.combine(grant_through(key, reader, "sqs", ["kms:Decrypt"]))


def _function_timeout(function: lambda_.IFunction, handler_delivery: HandlerDelivery) -> Duration:
    if handler_delivery.function_timeout is not None:
        return handler_delivery.function_timeout
    if isinstance(function, lambda_.Function):
        return function.timeout or _LAMBDA_DEFAULT_TIMEOUT
    raise ValueError(
        "handler_delivery: HandlerDelivery.buffered() needs function_timeout for "
        f"{function.node.path}: its timeout is not known at synthesis"
    )


def _count_receives(retry_for: Duration | None, visibility: float) -> int:
    assert retry_for is not None  # noqa: S101 - buffered() sets it
    seconds = retry_for.to_seconds()
    if seconds < visibility:
        raise ValueError(
            f"retry_for: expected at least {visibility:g} seconds, six times the function's "
            f"timeout, after which SQS delivers again; got {seconds:g} seconds"
        )
    receives = math.ceil(seconds / visibility)
    if receives > _MAX_RECEIVES:
        raise ValueError(
            f"retry_for: {seconds:g} seconds take {receives:,} receives every {visibility:g} "
            f"seconds, but SQS allows {_MAX_RECEIVES:,}; expected at most "
            f"{_MAX_RECEIVES * visibility:g} seconds, or a longer timeout of the function"
        )
    return receives

"""The faults of a function's request: slow, failing and lost answers, and a killed function."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable

from local.emulator import Emulator
from tests.faults.proxy import Exchange, RequestFault

_JSON = {"Content-Type": "application/x-amz-json-1.1"}
_SLOW_SECONDS = 0.7


def slow(exchange: Exchange) -> None:
    """Answer late, but before the client's timeout."""
    time.sleep(_SLOW_SECONDS)
    exchange.pass_on()


def hang(exchange: Exchange) -> None:
    """Never answer, so that the client times out."""
    exchange.hang()


def hang_in_the_body(exchange: Exchange) -> None:
    """Send half of the body, and no more."""
    response, body = exchange.forward()
    beginning = body[: len(body) // 2]
    exchange.begin_answer(response.status, dict(response.getheaders()), beginning, length=len(body))
    exchange.hang()


def lose_the_answer(exchange: Exchange) -> None:
    """Forward the request, and close the connection without an answer."""
    exchange.forward()
    exchange.break_off()


def s3_slow_down(exchange: Exchange) -> None:
    """Answer with S3's error for too many requests."""
    _s3_error(exchange, 503, "SlowDown")


def s3_internal_error(exchange: Exchange) -> None:
    """Answer with S3's internal error."""
    _s3_error(exchange, 500, "InternalError")


def throttle_dynamodb(exchange: Exchange) -> None:
    """Answer with DynamoDB's error for exceeded throughput."""
    kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    exchange.answer(400, json.dumps({"__type": kind, "message": "Too fast"}).encode(), _JSON)


def refuse_the_entry(exchange: Exchange) -> None:
    """Accept the call and refuse the event, as EventBridge does when it throttles."""
    entry = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Too fast"}
    answer = {"FailedEntryCount": 1, "Entries": [entry]}
    exchange.answer(200, json.dumps(answer).encode(), _JSON)


def and_then(act: Callable[[], None]) -> RequestFault:
    """Forward the request, answer it, and then act."""

    def fault(exchange: Exchange) -> None:
        exchange.pass_on()
        act()

    return fault


def kill(emulator: Emulator, function_name: str, *, after: bool) -> RequestFault:
    """Kill the function's process before or after the request is forwarded."""

    def fault(exchange: Exchange) -> None:
        if after:
            exchange.forward()
        kill_worker(emulator, function_name)
        exchange.break_off()

    return fault


def kill_worker(emulator: Emulator, function_name: str) -> None:
    """Kill the process that runs a function, as Lambda ends an execution environment.

    Raises
    ------
    RuntimeError
        If no process runs the function.
    """
    # The emulator starts each worker from a separate folder.
    folder = str(emulator.folder / f"ministack-lambda-{function_name}-")
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    found = [int(line.split()[0]) for line in listed.splitlines() if folder in line]
    if not found:
        raise RuntimeError(f"no process runs {function_name}: expected one started in {folder}")
    for process_id in found:
        os.kill(process_id, signal.SIGKILL)


def _s3_error(exchange: Exchange, status: int, code: str) -> None:
    body = f"<Error><Code>{code}</Code><Message>Try again</Message></Error>".encode()
    exchange.answer(status, body, {"Content-Type": "application/xml"})

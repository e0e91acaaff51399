"""Ends human loops as A2I does: writes the output to the bucket, and the event to the bus."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from local.cases import OUTPUT_BUCKET, Case
from local.emulator import Emulator
from local.observer import Observer
from local.waiting import wait_until

_SECONDS_OF_QUIET = 1.0


def create_output_bucket(emulator: Emulator) -> None:
    """Create the bucket that the flow definitions write to."""
    emulator.client("s3").create_bucket(
        Bucket=OUTPUT_BUCKET, CreateBucketConfiguration={"LocationConstraint": emulator.region}
    )


def write_output(emulator: Emulator, case: Case) -> None:
    """Write a case's output, if it has one, to the URI in its event."""
    if case.document is None or case.output_uri is None:
        return
    uri = urlsplit(case.output_uri)
    emulator.client("s3").put_object(
        Bucket=uri.netloc,
        Key=uri.path.removeprefix("/"),
        Body=json.dumps(case.document).encode(),
        ContentType="application/json",
    )


def send_event(emulator: Emulator, event: Mapping[str, Any]) -> None:
    """Put an event on the default bus.

    Its source may be `aws.sagemaker`: the emulator accepts it. In an account, only AWS can use it.
    """
    answer = emulator.client("events").put_events(
        Entries=[
            {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
                "Resources": event["resources"],
                "Time": event["time"],
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"the emulator refused an event: {answer['Entries']}")


def send(emulator: Emulator, cases: Iterable[Case]) -> int:
    """End the human loops of cases, and return the number of events that were sent."""
    sent = 0
    for case in cases:
        write_output(emulator, case)
        for _ in range(case.sent):
            send_event(emulator, case.event)
            sent += 1
    return sent


def await_arrivals(observer: Observer, cases: Sequence[Case]) -> None:
    """Wait until the handler has run for each expected event, and a second longer.

    Topics and queues have their messages as soon as an event is sent. If the handler does not run
    in time, the observations show what is missing.
    """
    expected = sum(case.arrivals for case in cases)
    wait_until(lambda: observer.handler_runs() >= expected)
    time.sleep(_SECONDS_OF_QUIET)

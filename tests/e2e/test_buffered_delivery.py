"""Buffered delivery: retries, and messages in the dead-letter queues."""

from __future__ import annotations

import dataclasses
import json

import pytest

from local.cases import OUTPUT_BUCKET, Case, human_loop_event, output_uri
from local.emulator import Emulator
from local.mailbox import Mailbox
from local.observer import Observer
from local.samples import OutputSample
from local.sending import send, send_event, write_output
from local.waiting import wait_until
from tests.e2e.conftest import BUFFERED_FLOW_DEFINITION, DOCUMENTS_PREFIX


def claim(observer: Observer, loop: str, flow: str = BUFFERED_FLOW_DEFINITION) -> Case:
    """Make a reviewed claim, its output in the stack's own bucket."""
    bucket = observer.stack["OutputBucketName"]
    uri = output_uri(loop, flow, bucket=bucket, prefix="")
    return Case(
        shows="a reviewed claim",
        event=human_loop_event(loop, flow, "Completed", output_uri=uri),
        # No values: this deployment does not include them.
        sample=_without_values(OutputSample.named("textract-invoice")),
    )


def _without_values(sample: OutputSample) -> OutputSample:
    fields = [
        {name: value for name, value in field.items() if name != "values"}
        for field in sample.outcome["fields"]
    ]
    return dataclasses.replace(sample, outcome={**sample.outcome, "fields": fields})


def settled(observer: Observer, case: Case) -> bool:
    return wait_until(lambda: bool(observer.observe(case.loop).records))


def test_human_loop_is_settled_without_values_in_its_outcome(
    emulator: Emulator, buffered: Observer
) -> None:
    case = claim(buffered, "claim-1")
    send(emulator, [case])
    assert settled(buffered, case)
    assert buffered.observe(case.loop).differences(case) == []


def test_corrected_document_is_where_the_outcome_says(
    emulator: Emulator, buffered: Observer
) -> None:
    case = claim(buffered, "claim-corrected")
    send(emulator, [case])
    assert settled(buffered, case)
    observation = buffered.observe(case.loop)
    (record,) = observation.records
    uri = str(record["correctedDocumentS3Uri"])
    assert {outcome["correctedDocumentS3Uri"] for outcome in observation.outcomes} == {uri}
    assert uri == (
        f"s3://{OUTPUT_BUCKET}/{DOCUMENTS_PREFIX}{BUFFERED_FLOW_DEFINITION}"
        "/2026/03/14/09/12/44.318/claim-corrected.json"
    )
    key = uri.removeprefix(f"s3://{OUTPUT_BUCKET}/")
    found = emulator.client("s3").get_object(Bucket=OUTPUT_BUCKET, Key=key)
    assert found["ContentType"] == "application/json"
    fields = {each["key"]: each for each in json.loads(found["Body"].read())["fields"]}
    assert fields["Total"]["value"] == "$1,148.99"
    assert fields["Total"]["status"] == "corrected"


def test_identical_events_give_one_ledger_item_and_one_outcome_id(
    emulator: Emulator, buffered: Observer
) -> None:
    case = dataclasses.replace(claim(buffered, "claim-2"), sent=2)
    send(emulator, [case])
    queue = Mailbox(emulator, buffered.stack["HandlerQueueUrl"])
    assert wait_until(lambda: queue.waiting == 0)
    assert buffered.observe(case.loop).differences(case) == []


def test_loop_whose_output_appears_later_is_retried_and_settled(
    emulator: Emulator, buffered: Observer, handler_dead_letters: Mailbox
) -> None:
    case = claim(buffered, "claim-3")
    send_event(emulator, case.event)
    assert wait_until(lambda: any("OutputNotReadyError" in line for line in buffered.handler_log()))
    assert buffered.observe(case.loop).records == []
    write_output(emulator, case)
    assert settled(buffered, case)
    assert buffered.observe(case.loop).differences(case) == []
    assert not any(case.loop in message for message in handler_dead_letters.collect())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("not JSON", "expected an event as JSON", id="not JSON"),
        pytest.param(
            json.dumps(human_loop_event("claim-4", BUFFERED_FLOW_DEFINITION, "Dancing")),
            "humanLoopStatus: expected Completed or Failed or Stopped, got 'Dancing'",
            id="unknown status",
        ),
    ],
)
def test_malformed_event_goes_to_the_dead_letter_queue_with_its_reason(
    body: str,
    reason: str,
    emulator: Emulator,
    buffered: Observer,
    handler_dead_letters: Mailbox,
) -> None:
    innocent = claim(buffered, f"claim-beside-{len(body)}")
    emulator.client("sqs").send_message(
        QueueUrl=buffered.stack["HandlerQueueUrl"], MessageBody=body
    )
    send(emulator, [innocent])
    assert settled(buffered, innocent), "a malformed event held another one up"
    assert wait_until(lambda: body in handler_dead_letters.collect())
    # The emulator writes the log once the function has ended.
    assert wait_until(lambda: any(reason in line for line in buffered.handler_log()))
    attributes = handler_dead_letters.attributes[handler_dead_letters.messages.index(body)]
    assert attributes["ErrorCode"] == "MalformedEventError"
    assert reason in attributes["ErrorMessage"]
    assert buffered.observe("claim-4").records == []


def test_event_that_a_consumer_gives_up_on_goes_to_the_dead_letter_queue(
    emulator: Emulator, buffered: Observer
) -> None:
    sqs, queue = emulator.client("sqs"), buffered.stack["QueueUrl"]
    send_event(emulator, human_loop_event("claim-5", BUFFERED_FLOW_DEFINITION, "Failed"))

    def received_in_vain() -> bool:
        return "Messages" not in sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)

    assert wait_until(received_in_vain)
    assert any("claim-5" in message for message in buffered.dead_letter_messages())

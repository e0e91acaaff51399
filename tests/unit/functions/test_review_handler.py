"""The review handler: single events, batches, and the dead-letter queue."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from human_loop_reviews.a2i.event import MalformedEventError
from human_loop_reviews.aws.calls import (
    ATTEMPTS_TO_ASSUME_ROLE,
    CALLS_PER_EVENT,
    max_call_seconds,
)
from human_loop_reviews.contract import MIN_TIMEOUT_SECONDS
from human_loop_reviews.functions import review_handler
from human_loop_reviews.settle import Settler
from tests.unit.conftest import BUCKET, ENVIRONMENT, World, ended_loop, sample_output


@pytest.fixture
def handled(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Make the entry point use the world: settings and clients come from the environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    review_handler.create_services.cache_clear()
    return world


@pytest.fixture
def failed_url(handled: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of the dead-letter queue in the settings."""
    url: str = handled.sqs.create_queue(QueueName="failed")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", url)
    monkeypatch.setenv("MAX_RECEIVES", "3")
    return url


def message(message_id: str, body: Any, *, receives: int = 1) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    attributes = {"ApproximateReceiveCount": str(receives)}
    return {
        "messageId": message_id,
        "body": text,
        "attributes": attributes,
        "eventSource": "aws:sqs",
    }


class Context:
    """What Lambda tells the function."""

    def __init__(self, *remaining: int) -> None:
        self._remaining = list(remaining)

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining.pop(0) if self._remaining else 1000 * MIN_TIMEOUT_SECONDS


def handle(*records: dict[str, Any]) -> list[str]:
    """Handle a batch; return the ids of the messages that SQS delivers again."""
    response = review_handler.handle({"Records": list(records)}, Context())
    assert response is not None
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def failed_messages(world: World, url: str) -> list[tuple[str, str, str]]:
    """Return body, error code and error message of what is in the dead-letter queue."""
    received = world.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return [
        (
            each["Body"],
            each["MessageAttributes"]["ErrorCode"]["StringValue"],
            each["MessageAttributes"]["ErrorMessage"]["StringValue"],
        )
        for each in received.get("Messages", ())
    ]


def test_single_event_is_settled(handled: World) -> None:
    assert review_handler.handle(ended_loop("Stopped"), Context()) is None
    assert len(handled.ledger()) == 1


def test_single_malformed_event_raises(handled: World) -> None:
    with pytest.raises(MalformedEventError):
        review_handler.handle({"detail": {}}, Context())
    assert handled.ledger() == []


def test_batch_reports_only_what_was_not_settled(
    handled: World, caplog: pytest.LogCaptureFixture
) -> None:
    records = [
        message("good", ended_loop("Stopped")),
        message("no-json", "{"),
        message("malformed", {}),
        message("no-output-yet", ended_loop("Completed")),
        message("nested", "[" * 100_000),
        message("good-too", ended_loop("Failed", humanLoopArn="arn:2", output_key=None)),
    ]
    with caplog.at_level(logging.ERROR):
        response = review_handler.handle({"Records": records}, Context())
    assert response == {
        "batchItemFailures": [
            {"itemIdentifier": each} for each in ("no-json", "malformed", "no-output-yet", "nested")
        ]
    }
    assert len(handled.ledger()) == 2
    assert "message: body: expected an event as JSON" in caplog.text
    assert "there is no object" in caplog.text


def test_message_that_ends_the_function_does_not_keep_the_others_from_being_settled(
    handled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS delivers such a batch again as a whole, here always in the same order."""
    settle = Settler.settle

    def settle_or_end(settler: Settler, event: Any) -> None:
        if event["detail"]["humanLoopName"] == "ends the function":
            raise SystemExit
        settle(settler, event)

    monkeypatch.setattr(Settler, "settle", settle_or_end)
    names = ["ends the function", *(f"loop-{number}" for number in range(9))]
    events = [
        ended_loop("Stopped", output_key=None, humanLoopName=name, humanLoopArn=f"arn:{name}")
        for name in names
    ]
    for receives in range(1, 31):
        with pytest.raises(SystemExit):
            handle(*(message(str(n), event, receives=receives) for n, event in enumerate(events)))
    assert len(handled.ledger()) == 9


def test_batch_is_settled_in_its_order_at_first(handled: World) -> None:
    events = [
        ended_loop("Stopped", output_key=None, humanLoopArn=f"arn:{number}") for number in range(9)
    ]
    handle(*(message(str(number), event) for number, event in enumerate(events)))
    arns = [each["resources"][0] for each in handled.outcomes()]
    assert arns == [f"arn:{number}" for number in range(9)]


def test_record_that_is_no_message_raises(handled: World) -> None:
    assert handled.ledger() == []
    with pytest.raises(MalformedEventError, match="messageId"):
        review_handler.handle({"Records": [{"body": "{}"}]}, Context())


# With a dead-letter queue


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ("{", "MalformedEventError", "message: body: expected an event as JSON"),
        ({"detail": {}}, "MalformedEventError", "event: source: expected aws.sagemaker or"),
        ("[" * 100_000, "MalformedEventError", "message: body: expected an event as JSON"),
    ],
)
def test_event_that_no_retry_can_settle_is_sent_at_once(
    handled: World, failed_url: str, body: Any, code: str, reason: str
) -> None:
    record = message("broken", body)
    assert handle(record, message("good", ended_loop("Stopped"))) == []
    ((sent, error_code, error_message),) = failed_messages(handled, failed_url)
    assert (sent, error_code) == (record["body"], code)
    assert error_message.startswith(reason)
    assert len(handled.ledger()) == 1


def test_unreadable_output_is_sent_at_once(handled: World, failed_url: str) -> None:
    handled.put_output("output.json", "nonsense")
    record = message("unreadable", ended_loop())
    assert handle(record) == []
    ((sent, code, reason),) = failed_messages(handled, failed_url)
    assert (sent, code) == (record["body"], "UnreadableOutputError")
    assert reason.endswith("line 1 column 1: expected JSON")


def test_other_errors_are_sent_on_the_last_receive_only(handled: World, failed_url: str) -> None:
    for receives in (1, 2):
        assert handle(message("missing", ended_loop(), receives=receives)) == ["missing"]
    assert failed_messages(handled, failed_url) == []
    for receives in (3, 4):
        assert handle(message("missing", ended_loop(), receives=receives)) == []
        ((_, code, reason),) = failed_messages(handled, failed_url)
        assert code == "OutputNotReadyError"
        assert "there is no object" in reason


def test_error_of_aws_is_sent_with_its_code(handled: World, failed_url: str) -> None:
    uri = {"outputS3Uri": "s3://bucket-of-somebody-else/output.json"}
    assert handle(message("foreign", ended_loop(humanLoopOutput=uri), receives=3)) == []
    ((_, code, _),) = failed_messages(handled, failed_url)
    assert code == "ClientError.NoSuchBucket"


@pytest.mark.parametrize("attributes", [None, {}, {"ApproximateReceiveCount": "many"}])
def test_message_without_a_receive_count_is_delivered_again(
    handled: World, failed_url: str, attributes: Any
) -> None:
    record = message("missing", ended_loop()) | {"attributes": attributes}
    assert handle(record) == ["missing"]
    assert failed_messages(handled, failed_url) == []


def test_message_that_cannot_be_sent_stays_in_its_queue(
    handled: World, failed_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    handled.sqs.delete_queue(QueueUrl=failed_url)
    event = ended_loop("Stopped") | {"time": None}
    assert handle(message("broken", event), message("good", ended_loop("Stopped"))) == ["broken"]
    arn = event["detail"]["humanLoopArn"]
    not_settled, not_sent = [each for each in caplog.records if each.levelname == "ERROR"]
    assert not_settled.getMessage().startswith(f"message of human loop {arn} not settled: ")
    assert not_sent.getMessage().startswith(
        f"message of human loop {arn} not sent to the dead-letter queue: "
    )
    assert vars(not_sent)["humanLoopArn"] == vars(not_settled)["humanLoopArn"] == arn
    assert vars(not_settled)["errorCode"] == "MalformedEventError"
    assert len(handled.ledger()) == 1


def test_message_without_a_body_stays_in_its_queue(
    handled: World, failed_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert handle({"messageId": "empty"}) == ["empty"]
    assert failed_messages(handled, failed_url) == []
    assert "message of an unknown human loop not settled" in caplog.text
    assert handled.ledger() == []


def test_single_event_raises_even_with_a_dead_letter_queue(handled: World, failed_url: str) -> None:
    with pytest.raises(MalformedEventError):
        review_handler.handle({"detail": {}}, Context())
    assert failed_messages(handled, failed_url) == []


def test_client_of_sqs_is_created_only_with_a_dead_letter_queue(
    handled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    created: list[str] = []
    real: Any = boto3.client

    def client(service: str, **options: Any) -> Any:
        created.append(service)
        return real(service, **options)

    monkeypatch.setattr(boto3, "client", client)
    assert review_handler.create_services().dead_letter_queue is None
    assert sorted(created) == ["dynamodb", "events", "s3"]
    assert handled.ledger() == []


@pytest.mark.usefixtures("handled")
def test_event_for_which_too_little_time_is_left_is_not_begun() -> None:
    records = [message(name, ended_loop("Stopped", humanLoopName=name)) for name in ("a", "b", "c")]
    context = Context(1000 * MIN_TIMEOUT_SECONDS - 100, 20_000)

    response = review_handler.handle({"Records": records}, context)

    assert response == {"batchItemFailures": [{"itemIdentifier": "c"}]}


def test_calls_of_one_event_fit_into_half_of_the_shortest_timeout() -> None:
    calls = CALLS_PER_EVENT * max_call_seconds()
    assert calls + max_call_seconds(ATTEMPTS_TO_ASSUME_ROLE) <= MIN_TIMEOUT_SECONDS / 2


@pytest.mark.usefixtures("handled")
def test_every_client_has_the_timeouts_that_were_added_up() -> None:
    services = review_handler.create_services()
    clients = [
        services.settler.s3,
        services.settler.outcome_bus._events,
        services.settler.ledger._table._dynamodb,
        services.settler.a2i_runtime(),
    ]

    for client in clients:
        config = client.meta.config
        attempts = config.retries["total_max_attempts"]
        longest = attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1)
        assert longest == max_call_seconds()


def custom_loop(world: World, flow_definition: str) -> dict[str, Any]:
    """Return the event of a custom task that a reviewer answered."""
    names = {
        "humanLoopName": flow_definition,
        "flowDefinitionArn": (
            f"arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/{flow_definition}"
        ),
    }
    answer = {
        "answerContent": {"town": "Bonn"},
        "submissionTime": "2026-03-14T11:30:02Z",
        "workerId": "w",
    }
    output = {**names, "inputContent": {"town": "Bonn"}, "humanAnswers": [answer]}
    world.put_output(f"{flow_definition}.json", json.dumps(output))
    return ended_loop(
        output_key=f"{flow_definition}.json",
        humanLoopArn=f"arn:aws:sagemaker:eu-west-1:111122223333:human-loop/{flow_definition}",
        **names,
    )


def test_mapping_that_cannot_be_parsed_is_a_dead_letter_and_other_loops_are_settled(
    handled: World, failed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "human_loop_mappings"
    folder.mkdir()
    (folder / "tickets.json").write_text('[{"name": "Town", "path": "town"}]', encoding="utf-8")
    (folder / "claims.json").write_text('[{"name": "Town", "path": "a["}]', encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("MAPPINGS_LAYER", "arn:aws:lambda:eu-west-1:111122223333:layer:Mappings:3")

    claim = custom_loop(handled, "claims")
    assert handle(message("c", claim), message("t", custom_loop(handled, "tickets"))) == []

    ((body, code, reason),) = failed_messages(handled, failed_url)
    assert (json.loads(body), code) == (claim, "UnusableMappingError")
    assert reason.startswith("the mapping of claims in layer arn:aws:lambda:eu-west-1:1111222")
    assert "is not a JMESPath expression" in reason
    (outcome,) = handled.outcomes()
    assert outcome["detail"]["humanLoopName"] == "tickets"
    assert outcome["detail"]["fieldsCorrect"] == 1
    assert len(handled.ledger()) == 1


def test_corrected_documents_are_written_where_the_environment_says(
    handled: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "human_loop_mappings"
    folder.mkdir()
    mapping = [{"name": "Town", "prediction": "town", "answer": "town"}]
    (folder / "tickets.json").write_text(json.dumps(mapping), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("MAPPINGS_LAYER", "arn:aws:lambda:eu-west-1:111122223333:layer:Mappings:3")
    monkeypatch.setenv("CORRECTED_DOCUMENTS", f"s3://{BUCKET}/corrected/")

    review_handler.handle(custom_loop(handled, "tickets"), Context())

    (outcome,) = handled.outcomes()
    uri = outcome["detail"]["correctedDocumentS3Uri"]
    assert uri.startswith(f"s3://{BUCKET}/corrected/tickets/2019/11/14/")
    key = uri.removeprefix(f"s3://{BUCKET}/")
    document = json.loads(handled.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    assert document["document"] == {"town": "Bonn"}


def test_loop_with_a_document_that_cannot_be_written_is_retried_and_then_a_dead_letter(
    handled: World, failed_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRECTED_DOCUMENTS", "s3://documents-that-are-gone/")
    handled.put_output("output.json", sample_output("textract-invoice"))

    assert handle(message("m", ended_loop(), receives=1)) == ["m"]
    assert handle(message("m", ended_loop(), receives=3)) == []

    ((_, code, reason),) = failed_messages(handled, failed_url)
    assert code == "ClientError.NoSuchBucket"
    assert "human-loop/humanloop-nov-14-1, s3://documents-that-are-gone/flowdef-nov-12/" in reason
    assert handled.outcomes() == []
    assert handled.ledger() == []


IMPORT_WITH_SETTING = """
import os, sys
os.environ |= {"AWS_LAMBDA_FUNCTION_NAME": "handler", "AWS_DEFAULT_REGION": "eu-west-1"}
import human_loop_reviews.functions.review_handler
print(*sorted(each for each in sys.modules if "document" in each and "human_loop" in each))
"""


@pytest.mark.parametrize(
    ("setting", "imported"),
    [
        ({}, ""),
        ({"CORRECTED_DOCUMENTS": "s3://b/"}, "human_loop_reviews.aws.document_store"),
    ],
)
def test_cold_start_imports_nothing_for_documents_that_are_not_written(
    setting: dict[str, str], imported: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_WITH_SETTING],
        env={
            **os.environ,
            **ENVIRONMENT,
            **setting,
            "PYTHONPATH": str(Path(review_handler.__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == imported

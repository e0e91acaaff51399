"""A small AWS in memory: the output bucket, the ledger, the bus, and what arrived on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from human_loop_reviews.aws.ledger import Ledger
from human_loop_reviews.aws.outcome_bus import OutcomeBus
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.settings import Settings
from human_loop_reviews.settle import Settler

SAMPLES = Path(__file__).parents[2] / "local" / "samples"
BUCKET = "reviews-of-the-example"
LEDGER_ARN = "arn:aws:dynamodb:eu-west-1:111122223333:table/ledger"

#: The environment variables that the review handler needs.
ENVIRONMENT = {
    "LEDGER_ARN": LEDGER_ARN,
    "LEDGER_RETENTION_DAYS": "400",
    "OUTCOME_BUS": "default",
    "INCLUDE_VALUES": "false",
    "MAX_OUTPUT_BYTES": "1000000",
}


@pytest.fixture(autouse=True)
def _no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@dataclass(frozen=True)
class World:
    settler: Settler
    s3: Any
    dynamodb: Any
    events: Any
    sqs: Any
    outcomes_url: str

    def put_output(self, key: str, content: bytes | str) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def outcomes(self) -> list[dict[str, Any]]:
        """Take the outcome events that arrived since the last call."""
        messages = self.sqs.receive_message(QueueUrl=self.outcomes_url, MaxNumberOfMessages=10)
        return [json.loads(each["Body"]) for each in messages.get("Messages", ())]

    def ledger(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.dynamodb.scan(TableName="ledger")["Items"]
        return items

    def settling(self, **settings: Any) -> Settler:
        """Take the settler, with other settings."""
        return replace(self.settler, settings=replace(self.settler.settings, **settings))


@cache
def _client(service: str) -> Any:
    """Make a client once for all tests: that takes longer than most tests."""
    return boto3.client(service)  # type: ignore[call-overload]


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        s3, dynamodb, events, sqs = map(_client, ("s3", "dynamodb", "events", "sqs"))
        s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        dynamodb.create_table(
            TableName="ledger",
            KeySchema=[
                {"AttributeName": "humanLoopArn", "KeyType": "HASH"},
                {"AttributeName": "creationTime", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "humanLoopArn", "AttributeType": "S"},
                {"AttributeName": "creationTime", "AttributeType": "S"},
                {"AttributeName": "flowDefinitionArn", "AttributeType": "S"},
                {"AttributeName": "endTime", "AttributeType": "S"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "ByFlowDefinition",
                    "KeySchema": [
                        {"AttributeName": "flowDefinitionArn", "KeyType": "HASH"},
                        {"AttributeName": "endTime", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        queue = sqs.create_queue(QueueName="outcomes")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        events.put_rule(
            Name="outcomes",
            EventPattern=json.dumps(
                {"source": ["human-loop-events"], "detail-type": ["Human Review Outcome"]}
            ),
        )
        events.put_targets(
            Rule="outcomes", Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}]
        )
        settings = Settings(
            ledger_arn=LEDGER_ARN,
            ledger_retention_days=400,
            outcome_bus="default",
            disclosure=Disclosure(),
            max_output_bytes=64 * 1024 * 1024,
        )
        settler = Settler(
            settings=settings,
            s3=s3,
            outcome_bus=OutcomeBus(events, "default", ledger_arn=LEDGER_ARN),
            ledger=Ledger(dynamodb, "ledger", timedelta(days=400)),
        )
        yield World(settler, s3, dynamodb, events, sqs, queue)


def sample_output(name: str, **changes: Any) -> str:
    """Return an output of the documented loop."""
    text = (SAMPLES / "outputs" / f"{name}.json").read_text(encoding="utf-8")
    detail = ended_loop()["detail"]
    names = {key: detail[key] for key in ("humanLoopName", "flowDefinitionArn")}
    return json.dumps(json.loads(text) | names | changes)


def ended_loop(
    status: str = "Completed",
    *,
    output_key: str | None = "output.json",
    source: str = "aws.sagemaker",
    time: str | None = None,
    **detail: Any,
) -> dict[str, Any]:
    """Make the event of an ended loop in the documented shape."""
    event: dict[str, Any] = json.loads(
        (SAMPLES / "events" / "documented-event.json").read_text(encoding="utf-8")
    )
    event |= {"source": source, "time": time or event["time"]}
    event["detail"] |= {"humanLoopStatus": status, "humanLoopOutput": None}
    if output_key is not None:
        event["detail"]["humanLoopOutput"] = {"outputS3Uri": f"s3://{BUCKET}/{output_key}"}
    event["detail"] |= detail
    return event


def printed_metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was printed, which is how metrics are emitted."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

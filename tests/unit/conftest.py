"""A small AWS in memory: the output bucket, the ledger, the bus, and what arrived on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.validate import ParamValidator
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


@dataclass
class A2I:
    """What A2I says about human loops. botocore's model checks the answers."""

    described: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The answers of ``DescribeHumanLoop``, by the loop's name."""
    errors: list[str] = field(default_factory=list)
    """The codes of the errors that answer the next requests."""
    asked: list[str] = field(default_factory=list)
    """The names in all requests."""

    def has(self, event: dict[str, Any], **changes: Any) -> None:
        """Let A2I say what an event says, or something else."""
        detail = event["detail"]
        answer = {
            "HumanLoopName": detail["humanLoopName"],
            "HumanLoopArn": detail["humanLoopArn"],
            "FlowDefinitionArn": detail["flowDefinitionArn"],
            "HumanLoopStatus": detail["humanLoopStatus"],
            "CreationTime": datetime.fromisoformat(detail["creationTime"]),
            "FailureCode": detail["failureCode"],
            "FailureReason": detail["failureReason"],
            "HumanLoopOutput": detail["humanLoopOutput"]
            and {"OutputS3Uri": detail["humanLoopOutput"]["outputS3Uri"]},
            **changes,
        }
        self.described[detail["humanLoopArn"].rpartition("/")[2]] = {
            name: value for name, value in answer.items() if value is not None
        }

    def client(self, **options: Any) -> Any:
        """Create a client that asks this A2I."""
        client = boto3.client("sagemaker-a2i-runtime", **options)
        client.meta.events.register("before-call.sagemaker-a2i-runtime", self._answer)
        return client

    def _answer(self, *, model: Any, params: dict[str, Any], **_: Any) -> Any:
        assert model.name == "DescribeHumanLoop"
        name = params["url_path"].rpartition("/")[2]
        self.asked.append(name)
        code = self.errors.pop(0) if self.errors else None
        if code is None and name not in self.described:
            code = "ResourceNotFoundException"
        if code is not None:
            error = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {}}
            return AWSResponse(params["url"], 400, HTTPHeaders(), None), error
        answer = self.described[name]
        report = ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        return AWSResponse(params["url"], 200, HTTPHeaders(), None), answer


@dataclass(frozen=True)
class World:
    settler: Settler
    a2i: A2I
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
        return self.settler._replace(settings=self.settler.settings._replace(**settings))


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
        a2i = A2I()
        settler = Settler(
            settings=settings,
            s3=s3,
            a2i_runtime=a2i.client,
            outcome_bus=OutcomeBus(events, "default", ledger_arn=LEDGER_ARN),
            ledger=Ledger(dynamodb, "ledger", timedelta(days=400)),
        )
        yield World(settler, a2i, s3, dynamodb, events, sqs, queue)


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

"""A deployed stack in memory, and the command line that operates it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast
from urllib.parse import parse_qsl

import boto3
import moto.core.responses
import pytest
import typer.main
import typer.testing
from botocore.awsrequest import AWSRequest, AWSResponse, HeadersDict
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.utils import camelcase_to_underscores
from moto.sqs.models import sqs_backends
from typer.testing import CliRunner, Result

from human_loops_cli.app import app

ACCOUNT = "123456789012"
REGION = "eu-west-1"

Answer = Callable[[Mapping[str, Any]], tuple[int, Mapping[str, str], bytes]]

# What is computed for each run or request is the same each time, and takes a third of a test.
vars(typer.testing)["_get_command"] = cache(typer.main.get_command)
vars(moto.core.responses)["camelcase_to_underscores"] = cache(camelcase_to_underscores)

#: The queues of a deployment with buffered delivery.
QUEUES = (
    "DeadLetterQueue",
    "HandlerQueue",
    "HandlerQueueDeadLetterQueue",
    "Queue",
    "QueueDeadLetterQueue",
)

STACK_ARN = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/HumanLoops/1"


@pytest.fixture(autouse=True)
def _no_real_account(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nothing = str(tmp_path_factory.getbasetemp() / "no-such-file")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "COLUMNS", "HUMAN_LOOPS_STACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", nothing)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", nothing)
    # In memory there is one server, and nothing comes by waiting.
    monkeypatch.setattr("human_loops_cli.dead_letters.dead_letter_queues._SECONDS_TO_WAIT", 0)
    monkeypatch.setattr("human_loops_cli.dead_letters.redrive._SECONDS_BETWEEN_LOOKS", 0)


def run(*arguments: str, **options: Any) -> Result:
    """Run the command line."""
    return CliRunner().invoke(app, list(arguments), **options)


def run_json(*arguments: str, status: int = 0) -> Any:
    """Run the command line, and return the JSON that it prints."""
    result = run(*arguments, "--json")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Answer], None]:
    """Answer requests that moto does not know. botocore checks them, and reads the answers."""

    functions: dict[str, Answer] = {}
    moto: Any = BotocoreStubber.__call__

    def send(
        stubber: BotocoreStubber, event_name: str, request: AWSRequest, **options: Any
    ) -> AWSResponse | None:
        function = functions.get(event_name.removeprefix("before-send."))
        if function is None:
            return cast("AWSResponse | None", moto(stubber, event_name, request, **options))
        body = request.body.read() if hasattr(request.body, "read") else request.body
        status, headers, content = function(_parameters(body or b"{}"))
        raw = io.BytesIO(content)
        raw.stream = lambda *_, **__: iter([content])  # type: ignore[attr-defined]
        named = HeadersDict({"x-amzn-requestid": "1", **headers})
        return AWSResponse(str(request.url), status, cast("Any", named), raw)

    monkeypatch.setattr(BotocoreStubber, "__call__", send)
    return functions.__setitem__


@dataclass
class Function:
    """A Lambda function that fails on some loops."""

    fails_on: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, event: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        self.events.append(dict(event))
        if event["detail"]["humanLoopName"] in self.fails_on:
            error = {"errorType": "MalformedEventError", "errorMessage": "expected a status"}
            return 200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps(error).encode()
        return 200, {}, b"null"

    @property
    def loops(self) -> list[str]:
        return [event["detail"]["humanLoopName"] for event in self.events]


@cache
def client(service: str) -> Any:
    """Make a client once for all tests: that takes longer than most tests."""
    return boto3.client(service)  # type: ignore[call-overload]


class Stack:
    """A deployed stack in memory."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.sqs = client("sqs")
        self.sns = client("sns")
        self.dynamodb = client("dynamodb")
        self.cloudwatch = client("cloudwatch")
        self.events = client("events")
        self.rules: list[str] = []
        self.layers: list[str] = []
        self.outputs = {"HandlerName": "handler", "LedgerTableName": "ledger"}
        for name in QUEUES:
            self.outputs[f"{name}Url"] = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.dynamodb.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=_key("humanLoopArn", "creationTime"),
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("humanLoopArn", "creationTime", "flowDefinitionArn", "endTime")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "ByFlowDefinition",
                    "KeySchema": _key("flowDefinitionArn", "endTime"),
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        self.alarms: list[str] = []
        self.add_alarm("FailedLoops")

    def add_alarm(self, name: str, *actions: str) -> None:
        """Add an alarm to the stack."""
        self.alarms.append(name)
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmActions=list(actions),
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            EvaluationPeriods=1,
            Threshold=1,
            MetricName="TriggeredRules",
            Namespace="AWS/Events",
            Period=300,
            Statistic="Sum",
        )

    def describe(self, request: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        """Answer DescribeStacks: this stack, and one of somebody else."""
        if request.get("StackName", "HumanLoops") != "HumanLoops":
            message = f"Stack with id {request['StackName']} does not exist"
            return _xml_error("ValidationError", message)
        strangers = [] if "StackName" in request else [_stack_xml("Strangers", {"Url": "u"})]
        stacks = "".join([_stack_xml("HumanLoops", self.outputs), *strangers])
        return _xml("DescribeStacks", f"<Stacks>{stacks}</Stacks>")

    def list_resources(self, _: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        """Answer ListStackResources."""
        resources = {"ledger": "AWS::DynamoDB::Table"}
        resources |= dict.fromkeys(self.alarms, "AWS::CloudWatch::Alarm")
        resources |= dict.fromkeys(self.rules, "AWS::Events::Rule")
        resources |= dict.fromkeys(self.layers, "AWS::Lambda::LayerVersion")
        members = "".join(
            f"<member><PhysicalResourceId>{name}</PhysicalResourceId>"
            f"<ResourceType>{kind}</ResourceType></member>"
            for name, kind in resources.items()
        )
        return _xml(
            "ListStackResources", f"<StackResourceSummaries>{members}</StackResourceSummaries>"
        )

    def add_rule(
        self, *targets: str, name: str = "StatusChange", flow_definition: str | None = None
    ) -> None:
        """Add a rule to the stack, or targets to a rule."""
        pattern: dict[str, Any] = {"source": ["human-loop-events"]}
        if flow_definition is not None:
            pattern["detail"] = {"flowDefinitionArn": [{"suffix": f"/{flow_definition}"}]}
        self.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        self.events.put_targets(
            Rule=name, Targets=[{"Id": str(hash(each)), "Arn": each} for each in targets]
        )
        self.rules = sorted({*self.rules, name})

    def url(self, queue: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=queue)["QueueUrl"])

    def put(self, queue: str, loop: str, **attributes: str) -> str:
        """Put a message about a loop into a queue."""
        return self.put_body(queue, json.dumps(event(loop)), **attributes)

    def put_body(self, queue: str, body: str, **attributes: str) -> str:
        answer = self.sqs.send_message(
            QueueUrl=self.url(queue),
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )
        return str(answer["MessageId"])

    def put_of_rule(self, loop: str, target: str, **attributes: str) -> str:
        """Put a message that EventBridge could not deliver."""
        return self.put(
            "DeadLetterQueue",
            loop,
            RULE_ARN=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StatusChange",
            TARGET_ARN=target,
            ERROR_CODE="NO_PERMISSIONS",
            ERROR_MESSAGE="not authorized",
            **attributes,
        )

    def put_of_function(self, loop: str) -> str:
        """Put a message that Lambda gave up on."""
        return self.put(
            "DeadLetterQueue",
            loop,
            RequestID="5c5a8b9e",
            ErrorCode="200",
            ErrorMessage="OutputNotReadyError",
        )

    def loops_in(self, queue: str) -> list[str]:
        """Return the loops of all messages of a queue, hidden or not."""
        messages = self.messages(queue)
        return sorted(json.loads(each.body)["detail"]["humanLoopName"] for each in messages)

    def messages(self, queue: str) -> list[Any]:
        """Return moto's own list of the messages of a queue."""
        messages: list[Any] = sqs_backends[ACCOUNT][REGION].queues[queue]._messages
        return messages

    def hidden_in(self, queue: str) -> int:
        answer = self.sqs.get_queue_attributes(
            QueueUrl=self.url(queue), AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])

    def let_time_pass(self) -> None:
        """Show everything that is hidden, as SQS does after the visibility timeout."""
        for queue in QUEUES:
            for message in self.messages(queue):
                message.change_visibility(0)


def event(loop: str, status: str = "Completed") -> dict[str, Any]:
    """Make an event in the shape that A2I sends."""
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker A2I HumanLoop Status Change",
        "detail": {
            "flowDefinitionArn": f"{arn}:flow-definition/invoices",
            "humanLoopArn": f"{arn}:human-loop/{loop}",
            "humanLoopName": loop,
            "humanLoopStatus": status,
        },
    }


def flow_definitions(
    answers: Callable[[str, Answer], None],
    *names: str,
    path: str = "s3://reviews/a2i",
    key: str | None = None,
) -> None:
    """Let A2I know flow definitions, and no others."""

    def described(name: str) -> dict[str, Any]:
        return {
            "FlowDefinitionName": name,
            "FlowDefinitionArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:flow-definition/{name}",
            "FlowDefinitionStatus": "Active",
            "CreationTime": 1,
            "OutputConfig": {"S3OutputPath": path, **({"KmsKeyId": key} if key else {})},
        }

    def listed(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        summaries = [described(name) for name in names]
        return 200, {}, json.dumps({"FlowDefinitionSummaries": summaries}).encode()

    def describe(request: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        name = request["FlowDefinitionName"]
        if name not in names:
            error = {"__type": "ResourceNotFound", "message": f"{name} does not exist"}
            return 400, {}, json.dumps(error).encode()
        return 200, {}, json.dumps(described(name)).encode()

    answers("sagemaker.ListFlowDefinitions", listed)
    answers("sagemaker.DescribeFlowDefinition", describe)


@pytest.fixture
def stack(answers: Callable[[str, Answer], None]) -> Iterator[Stack]:
    function = Function()
    answers("lambda.Invoke", function)

    def unknown(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        error = {"__type": "InvalidAction", "message": "not known here"}
        return 400, {}, json.dumps(error).encode()

    answers("sqs.ListMessageMoveTasks", unknown)
    with mock_aws():
        stack = Stack(function)
        answers("cloudformation.DescribeStacks", stack.describe)
        answers("cloudformation.ListStackResources", stack.list_resources)
        flow_definitions(answers, "invoices")
        yield stack


def _parameters(body: bytes | str) -> Mapping[str, Any]:
    """Return the parameters in a request as JSON, or in one of the query protocol."""
    text = body.decode() if isinstance(body, bytes) else body
    if text.startswith("{"):
        parameters: Mapping[str, Any] = json.loads(text)
        return parameters
    return dict(parse_qsl(text))


def _key(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _stack_xml(name: str, outputs: Mapping[str, str]) -> str:
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in outputs.items()
    )
    return (
        f"<member><StackName>{name}</StackName><StackId>{STACK_ARN}</StackId>"
        f"<CreationTime>2026-03-14T09:12:44Z</CreationTime><StackStatus>CREATE_COMPLETE"
        f"</StackStatus><Outputs>{members}</Outputs></member>"
    )


def _xml(operation: str, result: str) -> tuple[int, Mapping[str, str], bytes]:
    inner = f"<{operation}Result>{result}</{operation}Result>"
    text = f"<{operation}Response>{inner}</{operation}Response>"
    return 200, {}, text.encode()


def _xml_error(code: str, message: str) -> tuple[int, Mapping[str, str], bytes]:
    text = (
        f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        "</ErrorResponse>"
    )
    return 400, {}, text.encode()

"""What functions and the command line called in an emulator, and the permissions that takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.emulator import PROJECT, Emulator
from tests.permissions.account import PARTITION, Account
from tests.permissions.evaluator import Request
from tests.permissions.service_calls import by_role

#: In `PYTHONPATH`, this folder makes the functions and the command line record their calls.
RECORDER = str(Path(__file__).with_name("recorder"))

COMMAND_LINE = "human-loops"

KEPT_CALLS = PROJECT / "build" / "aws-calls.jsonl"

#: IAM's names, where they are not those of the API.
_PREFIXES = {"monitoring": "cloudwatch"}
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}

#: Actions for which AWS defines no resource.
_WITHOUT_RESOURCE = {
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:PutMetricData",
    "sagemaker:ListFlowDefinitions",
    "sagemaker:ListHumanLoops",
    "states:SendTaskFailure",
    "states:SendTaskHeartbeat",
    "states:SendTaskSuccess",
}


@dataclass(frozen=True)
class Call:
    """A call of AWS."""

    caller: str
    """The function's name, or `COMMAND_LINE`."""
    service: str
    operation: str
    parameters: Mapping[str, Any]

    @property
    def action(self) -> str:
        """The action that it takes."""
        action = f"{_PREFIXES.get(self.service, self.service)}:{self.operation}"
        return _ACTIONS.get(action, action)


def read_calls(emulator: Emulator) -> list[Call]:
    """Return the different calls that were recorded in an emulator so far."""
    file = _recording(emulator)
    recorded = file.read_text().splitlines() if file.exists() else []
    lines = dict.fromkeys(json.dumps({**json.loads(each), "process": None}) for each in recorded)
    return [
        Call(each["caller"], each["service"], each["operation"], each["parameters"])
        for each in map(json.loads, lines)
    ]


def keep_calls(emulator: Emulator) -> Path:
    """Keep the recorded calls beyond the emulator's end; return where."""
    file = _recording(emulator)
    KEPT_CALLS.parent.mkdir(exist_ok=True)
    KEPT_CALLS.write_text(file.read_text() if file.exists() else "")
    return KEPT_CALLS


def _recording(emulator: Emulator) -> Path:
    return emulator.folder / "aws-calls.jsonl"


def requests_of(call: Call, account: Account, *, role: str, session: str) -> Iterator[Request]:
    """Yield what a call asks of AWS, and the same calls that must be denied."""
    keys, strangers = _condition_keys(call)
    for resource in resources_of(call, account):
        yield from by_role(account, str(call), role, session, call.action, resource, **keys)
        for why, other in strangers.items():
            yield account.request(
                f"{why}: {call}", session, call.action, resource, other, role=role,
                must_be_allowed=False,
            )  # fmt: skip
    if call.operation == "StartMessageMoveTask":
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
        source, destination = call.parameters["SourceArn"], call.parameters["DestinationArn"]
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
            yield from by_role(account, str(call), role, session, action, source)
        yield from by_role(account, str(call), role, session, "sqs:SendMessage", destination)


def follow_up(call: Call) -> Call | None:
    """Return the call that a function makes after a refusal, which the emulator never gives."""
    match call.operation, call.parameters:
        case "GetObject", {"Bucket": bucket, "Key": key}:
            parameters = {"Bucket": bucket, "Prefix": key}
            return Call(call.caller, call.service, "ListObjectsV2", parameters)
    return None


def resources_of(call: Call, account: Account) -> list[str]:
    """Return the ARNs of what a call concerns."""

    def arn(service: str, name: str) -> str:
        return f"arn:{PARTITION}:{service}:{account.region}:{account.id}:{name}"

    if call.action in _WITHOUT_RESOURCE:
        return ["*"]
    match call.service, call.parameters:
        case "cloudformation", {"StackName": name}:
            return [name if name.startswith("arn:") else arn("cloudformation", f"stack/{name}/id")]
        case "dynamodb", {"RequestItems": tables}:
            return [arn("dynamodb", f"table/{table}") for table in tables]
        case "dynamodb", {"TableName": table, "IndexName": index}:
            return [arn("dynamodb", f"table/{table}/index/{index}")]
        case "dynamodb", {"TableName": table}:
            return [arn("dynamodb", f"table/{table}")]
        case "events", {"Entries": entries}:
            buses = {entry.get("EventBusName", "default") for entry in entries}
            return [arn("events", f"event-bus/{bus.rpartition('/')[2]}") for bus in buses]
        case "events", {"Rule": rule, "EventBusName": bus}:
            return [arn("events", _rule(bus, rule))]
        case "events", {"Name": rule, "EventBusName": bus}:
            return [arn("events", _rule(bus, rule))]
        case "events", {"Name": bus}:
            return [arn("events", f"event-bus/{bus.rpartition('/')[2]}")]
        case "lambda", {"FunctionName": name}:
            return [name if name.startswith("arn:") else arn("lambda", f"function:{name}")]
        case "monitoring", {"AlarmNames": names}:
            return [arn("cloudwatch", f"alarm:{name}") for name in names]
        case "s3", {"Bucket": bucket, "Key": key}:
            return [f"arn:{PARTITION}:s3:::{bucket}/{key}"]
        case "s3", {"Bucket": bucket}:
            return [f"arn:{PARTITION}:s3:::{bucket}"]
        case "sagemaker", {"FlowDefinitionArn": flow_definition}:
            return [flow_definition]
        case "sagemaker", {"FlowDefinitionName": name}:
            return [arn("sagemaker", f"flow-definition/{name}")]
        case "sagemaker", {"HumanLoopName": name}:
            return [arn("sagemaker", f"human-loop/{name}")]
        case "sns", {"TopicArn": topic}:
            return [topic]
        case "sqs", {"SourceArn": queue}:
            return [queue]
        case "sqs", {"QueueUrl": url}:
            return [arn("sqs", url.rpartition("/")[2])]
        case "sqs", {"QueueName": name}:
            return [arn("sqs", name)]
    raise AssertionError(f"{call}: say here which resource that concerns")


def _rule(bus: str, rule: str) -> str:
    """Return a rule as its ARN names it, which leaves the default bus out."""
    return f"rule/{rule}" if bus == "default" else f"rule/{bus.rpartition('/')[2]}/{rule}"


def _condition_keys(call: Call) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the condition keys of a call, and others with which it must be denied."""
    match call.action, call.parameters:
        case "events:PutEvents", {"Entries": entries}:
            keys = {
                "events:source": sorted({entry["Source"] for entry in entries}),
                "events:detail-type": sorted({entry["DetailType"] for entry in entries}),
            }
            return keys, {
                "another source": {**keys, "events:source": ["another"]},
                "another source too": {
                    **keys,
                    "events:source": [*keys["events:source"], "another"],
                },
                "another detail type": {**keys, "events:detail-type": ["another"]},
                "no source": {"events:detail-type": keys["events:detail-type"]},
                "no detail type": {"events:source": keys["events:source"]},
            }
        case "s3:ListBucket", {"Prefix": prefix}:
            return {"s3:prefix": prefix}, {"no prefix": {}}
    return {}, {}

"""docs/cli-policy.json allows what each command does, and nothing that none does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from human_loops_cli.errors import ExitStatus
from tests.cli.conftest import ACCOUNT, REGION, Answer, Stack, flow_definitions, run
from tests.cli.outputs import output
from tests.cli.test_republish import (
    Republished,
    function_configuration,
    give_mappings,
    loop_arn,
    settled,
)
from tests.cli.test_verify import arn, compose, states
from tests.cli.thresholds.reviewed import good_and_bad
from tests.tables.parquet_files import sample_outcomes

DOCS = Path(__file__).parents[2] / "docs"
STATEMENTS: dict[str, dict[str, Any]] = {
    each["Sid"]: each for each in json.loads((DOCS / "cli-policy.json").read_text())["Statement"]
}

#: What is not named after the operation.
ACTIONS = {
    "monitoring": "cloudwatch",
    "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}

#: Services use the caller's permission for a key, without a call by the command.
OF_KEYS = {"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The actions of all calls of AWS."""
    actions: set[str] = set()
    make: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]

    def note(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        service = client.meta.service_model.signing_name
        action = f"{ACTIONS.get(service, service)}:{operation}"
        if action == "s3:DeleteObject" and "VersionId" in parameters:
            action = "s3:DeleteObjectVersion"
        actions.add(ACTIONS.get(action, action))
        return make(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", note)
    return actions


def allowed(*statements: str) -> set[str]:
    return {action for each in statements for action in STATEMENTS[each]["Action"]}


def of_row(command: str) -> set[str]:
    """Return the actions of the statements that the table in docs/cli.md has for a command."""
    rows = [line.split("|") for line in (DOCS / "cli.md").read_text().splitlines()]
    (cell,) = (row[2] for row in rows if len(row) == 4 and row[1].strip().startswith(command))
    return allowed(*(name for name in STATEMENTS if f"`{name}`" in cell))


def check(calls: set[str], documented: set[str], *, not_made: frozenset[str] = frozenset()) -> None:
    assert calls <= documented, "calls that the policy does not allow"
    assert documented - calls - OF_KEYS == not_made, "permissions that no call needs"


COMMON = allowed("Stack")


def test_listing_and_redriving_messages(stack: Stack, calls: set[str]) -> None:
    stack.put_of_function("of-function")
    topic = stack.sns.create_topic(Name="Topic")["TopicArn"]
    stack.add_rule(arn("sqs", "Queue"), topic)
    stack.put_of_rule("of-queue", arn("sqs", "Queue"))
    stack.put_of_rule("of-topic", topic)
    stack.put("QueueDeadLetterQueue", "moved")
    calls.clear()
    assert run("dead-letters", "list").exit_code == 0
    check(calls, of_row("`dead-letters list`") | COMMON)
    assert run("dead-letters", "redrive").exit_code == 0
    # The emulation has no move tasks: SQS is asked for them first.
    missing = frozenset({"sqs:StartMessageMoveTask"})
    check(calls, of_row("`dead-letters redrive`") | COMMON, not_made=missing)


def test_deleting_messages(stack: Stack, calls: set[str], tmp_path: Path) -> None:
    stack.put_of_function("of-function")
    calls.clear()
    file = str(tmp_path / "deleted.jsonl")
    arguments = ("delete", "--queue", "DeadLetterQueue", "-o", file)
    assert run("dead-letters", *arguments, "--dry-run").exit_code == 0
    assert run("dead-letters", *arguments).exit_code == 0
    uncounted = frozenset({"sqs:GetQueueAttributes"})
    check(calls, of_row("`dead-letters delete`") | COMMON, not_made=uncounted)


def test_forwarding_messages_of_a_spoke_again(stack: Stack, calls: set[str]) -> None:
    stack.events.create_event_bus(Name="reviews-hub")
    stack.add_rule(arn("events", "event-bus/reviews-hub"))
    stack.put_of_rule("of-hub", arn("events", "event-bus/reviews-hub"))
    calls.clear()
    assert run("dead-letters", "redrive").exit_code == 0
    assert allowed("DeadLettersForward") <= calls
    assert calls <= of_row("of a spoke: `dead-letters redrive`") | COMMON


def test_status(stack: Stack, answers: Callable[[str, Answer], None], calls: set[str]) -> None:
    flow_definitions(answers, "invoices")
    stack.add_rule(arn("sqs", "Queue"), flow_definition="invoices")
    stack.outputs["StatusChangeRuleName"] = "StatusChange"
    calls.clear()
    run("status")
    run("status", "--flow", "invoices")
    check(calls, of_row("`status`") | COMMON)
    assert stack


def test_republishing(
    stack: Stack, answers: Callable[[str, Answer], None], calls: set[str], tmp_path: Path
) -> None:
    ledger = Republished(stack)
    boto3.client("events").create_event_bus(Name="outcomes")
    give_mappings(answers, tmp_path, {"tickets": [{"name": "Town", "path": "town"}]}, "outcomes")
    ledger.record(settled("invoice-1"))
    ledger.change("invoice-1", "REMOVE verdictCounts")
    calls.clear()
    assert run("outcomes", "republish", "--all").exit_code == 0
    assert run("outcomes", "republish", "--loop", loop_arn("invoice-1")).exit_code == 0
    # Only where S3 refuses to read an object that does not exist.
    check(calls, of_row("`outcomes republish`") | COMMON, not_made=frozenset({"s3:ListBucket"}))


def test_downloading(
    stack: Stack, answers: Callable[[str, Answer], None], calls: set[str], tmp_path: Path
) -> None:
    ledger = Republished(stack)
    give_mappings(answers, tmp_path, {"tickets": [{"name": "Town", "path": "town"}]})
    ledger.record(settled("invoice-1"))
    ledger.change("invoice-1", "REMOVE verdictCounts")
    calls.clear()
    assert run("outcomes", "download", "--all").exit_code == 0
    assert run("outcomes", "download", "--loop", loop_arn("invoice-1")).exit_code == 0
    check(calls, of_row("`outcomes download`") | COMMON, not_made=frozenset({"s3:ListBucket"}))


@pytest.mark.parametrize("command", ["report", "thresholds"])
def test_comparing_with_the_ledger(
    stack: Stack,
    answers: Callable[[str, Answer], None],
    calls: set[str],
    tmp_path: Path,
    command: str,
) -> None:
    ledger = Republished(stack)
    answers("lambda.GetFunctionConfiguration", lambda _: function_configuration())
    source = tmp_path / "outcomes.json"
    source.write_text(json.dumps(ledger.record(settled("invoice-1"))))
    flow = ("--flow", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:flow-definition/invoices")
    calls.clear()
    for limits in ((), flow):
        run(command, str(source), "--ledger", "--json", *limits)
    # An outcome is compared with what the ledger has, and never completed from its output.
    of_outputs = frozenset({"s3:GetObject", "s3:ListBucket", "lambda:GetLayerVersion"})
    check(calls, of_row("`report --ledger`") | COMMON, not_made=of_outputs)


def test_resending(stack: Stack, answers: Callable[[str, Answer], None], calls: set[str]) -> None:
    stack.outputs["ReconcilerName"] = "reconciler"
    answers("lambda.Invoke", lambda _: (200, {}, b'{"resent": [], "notResent": {}}'))
    assert run("resend", "a").exit_code == 0
    check(calls, of_row("`resend`") | COMMON)


@pytest.mark.parametrize(
    "command", [("review",), ("mapping", "suggest"), ("export", "--format", "jsonl")]
)
def test_reviewing(stack: Stack, calls: set[str], command: tuple[str, ...]) -> None:
    boto3.client("s3").create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    boto3.client("s3").put_object(
        Bucket="bucket",
        Key="output.json",
        Body=json.dumps(output("loop", "Billing", field="guess")),
    )
    calls.clear()
    assert run(*command, "s3://bucket/").exit_code == 0
    check(calls, allowed("Review"))
    assert stack


def test_reporting(
    stack: Stack, calls: set[str], tmp_path: Path, answers: Callable[[str, Answer], None]
) -> None:
    boto3.client("s3").create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    (outcome, *_) = sample_outcomes()
    boto3.client("s3").put_object(Bucket="bucket", Key="o.json", Body=json.dumps(outcome))
    report = str(tmp_path / "report.html")
    calls.clear()
    assert run("report", "s3://bucket/", "-o", report).exit_code == 0
    # The size of an object is looked up, with the permission to read it.
    check(calls - {"s3:HeadObject"}, allowed("Review"))
    calls.clear()
    answers("athena.StartQueryExecution", lambda _: json_answer({"QueryExecutionId": "1"}))
    answers("athena.StopQueryExecution", lambda _: json_answer({}))
    answers("athena.GetQueryExecution", interrupt)
    assert run("report", "--athena", "archive").exit_code == ExitStatus.INTERRUPTED
    unread = frozenset({"athena:GetQueryResults"})
    check(calls, allowed("Archive"), not_made=unread)
    assert stack


def test_finding_thresholds(
    stack: Stack, calls: set[str], answers: Callable[[str, Answer], None]
) -> None:
    boto3.client("s3").create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    lines = "".join(f"{json.dumps(each)}\n" for each in good_and_bad(50))
    boto3.client("s3").put_object(Bucket="bucket", Key="o.jsonl", Body=lines)
    calls.clear()
    assert run("thresholds", "s3://bucket/").exit_code == 0
    check(calls - {"s3:HeadObject"}, allowed("Review"))
    calls.clear()
    answers("athena.StartQueryExecution", lambda _: json_answer({"QueryExecutionId": "1"}))
    answers("athena.StopQueryExecution", lambda _: json_answer({}))
    answers("athena.GetQueryExecution", interrupt)
    assert run("thresholds", "--athena", "archive").exit_code == ExitStatus.INTERRUPTED
    check(calls, allowed("Archive"), not_made=frozenset({"athena:GetQueryResults"}))
    assert stack


def json_answer(body: Any) -> tuple[int, Mapping[str, str], bytes]:
    return 200, {}, json.dumps(body).encode()


def interrupt(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
    raise KeyboardInterrupt


def test_configuring(stack: Stack, answers: Callable[[str, Answer], None], calls: set[str]) -> None:
    flow_definitions(answers, "invoices")
    assert run("configure").exit_code == 0
    check(calls, allowed("Configure", "ConfigureBuckets"))
    assert stack


def test_verifying(
    stack: Stack,
    answers: Callable[[str, Answer], None],
    calls: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With links broken without a cause, so that all causes are looked for."""
    composed = compose(stack, monkeypatch)
    composed.add_handler(answers, bus="outcomes")
    composed.events.create_event_bus(Name="outcomes")
    composed.delivers, composed.handles = False, True
    key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
    composed.sns.set_topic_attributes(
        TopicArn=composed.topic, AttributeName="KmsMasterKeyId", AttributeValue=key
    )
    stack.put("Queue", "invoice-1")
    stack.put("DeadLetterQueue", "invoice-2")
    calls.clear()
    links = composed.verify("--alerts", status=1)
    assert states(links) == {
        "flow definition invoices": "ok",
        **dict.fromkeys(("event bus", "handler", "ledger", "alerts"), "ok"),
        **dict.fromkeys(("topic", "outcome", "alarm"), "broken"),
        "queue": "unknown",
    }
    calls.discard("dynamodb:PutItem")  # of the handler
    # Flow definitions are listed only if the rule names none.
    unlisted = frozenset({"sagemaker:ListFlowDefinitions"})
    check(calls, of_row("`verify`") | COMMON | {"kms:DescribeKey"}, not_made=unlisted)

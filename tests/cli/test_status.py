"""``human-loops status``: what the ledger, the queues and the alarms say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.cli.conftest import ACCOUNT, REGION, Answer, Stack, flow_definitions, run, run_json

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


def record(
    stack: Stack,
    loop: str,
    *,
    flow: str = "invoices",
    status: str = "Completed",
    days_ago: float = 1,
) -> None:
    """Put the outcome of a loop into the ledger."""
    end = datetime.now(UTC) - timedelta(days=days_ago)
    item = {
        "humanLoopArn": f"{ARN}:human-loop/{loop}",
        "creationTime": "2026-03-14T09:12:44.318Z",
        "humanLoopName": loop,
        "humanLoopStatus": status,
        "flowDefinitionArn": f"{ARN}:flow-definition/{flow}",
        "endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
    }
    if status == "Failed":
        item |= {"failureCode": "Expired", "failureReason": f"nobody took {loop}"}
    stack.dynamodb.put_item(
        TableName="ledger", Item={name: {"S": value} for name, value in item.items()}
    )


def counts(health: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {
        (row["flowDefinitionArn"].rpartition("/")[2], row["humanLoopStatus"]): row["count"]
        for row in health["loops"]
    }


@pytest.fixture
def full(stack: Stack) -> Stack:
    record(stack, "invoice-1")
    record(stack, "invoice-2", status="Failed")
    record(stack, "claim-1", flow="claims", status="Stopped")
    record(stack, "old", days_ago=30)
    return stack


def test_loops_are_counted_by_flow_definition_and_status(full: Stack) -> None:
    assert full.outputs
    health = run_json("status")
    assert counts(health) == {
        ("invoices", "Completed"): 1,
        ("invoices", "Failed"): 1,
        ("claims", "Stopped"): 1,
    }
    assert health["ledgerItemsRead"] == 4
    assert counts(run_json("status", "--days", "60"))["invoices", "Completed"] == 2


@pytest.mark.parametrize("flow", ["invoices", f"{ARN}:flow-definition/invoices"])
def test_one_flow_definition_is_queried_without_reading_the_others(full: Stack, flow: str) -> None:
    assert full.outputs
    health = run_json("status", "--flow", flow)
    assert counts(health) == {("invoices", "Completed"): 1, ("invoices", "Failed"): 1}
    assert health["ledgerItemsRead"] == 2


def test_last_failures_have_their_reasons_and_the_latest_is_first(stack: Stack) -> None:
    for number in range(12):
        record(stack, f"loop-{number}", status="Failed", days_ago=1 + number / 10)
    failures = run_json("status")["failures"]
    assert [each["humanLoopName"] for each in failures] == [f"loop-{n}" for n in range(10)]
    assert failures[0]["failureReason"] == "nobody took loop-0"


def test_healthy_stack_has_status_0(full: Stack) -> None:
    assert full.outputs
    assert run("status").exit_code == 0


def test_dead_letters_are_counted_and_give_status_1(full: Stack) -> None:
    full.put_of_function("mine")
    health = run_json("status", status=1)
    assert health["deadLetters"] == {
        "DeadLetterQueue": 1,
        "HandlerQueueDeadLetterQueue": 0,
        "QueueDeadLetterQueue": 0,
    }


def test_alarm_gives_status_1(full: Stack) -> None:
    full.cloudwatch.set_alarm_state(
        AlarmName="FailedLoops", StateValue="ALARM", StateReason="1 loop failed"
    )
    (alarm,) = run_json("status", status=1)["alarms"]
    assert (alarm["name"], alarm["state"], alarm["reason"]) == (
        "FailedLoops",
        "ALARM",
        "1 loop failed",
    )


def test_alarms_are_those_of_the_construct_that_the_prefix_names(full: Stack) -> None:
    topics = {name: full.sns.create_topic(Name=name)["TopicArn"] for name in ("First", "Claims")}
    full.add_alarm("OfFirst", topics["First"])
    full.add_alarm("OfClaims", topics["Claims"])
    full.add_alarm("OfBoth", *topics.values())
    full.outputs["AlertsTopicArn"] = topics["First"]
    alone = {each["name"] for each in run_json("status")["alarms"]}
    full.outputs |= {f"Claims{name}": value for name, value in full.outputs.items()}
    full.outputs["ClaimsAlertsTopicArn"] = topics["Claims"]

    first = {each["name"] for each in run_json("status")["alarms"]}
    claims = {each["name"] for each in run_json("status", "--prefix", "Claims")["alarms"]}

    # One without an action may be about anything in the stack.
    assert alone == {"FailedLoops", "OfFirst", "OfClaims", "OfBoth"}
    assert first == {"FailedLoops", "OfFirst", "OfBoth"}
    assert claims == {"FailedLoops", "OfClaims", "OfBoth"}


def test_handler_errors_are_summed(full: Stack) -> None:
    full.cloudwatch.put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": name,
                "Value": value,
                "Dimensions": [{"Name": "FunctionName", "Value": "handler"}],
            }
            for name, value in (("Errors", 2), ("Errors", 1), ("Invocations", 40))
        ],
    )
    health = run_json("status")
    assert (health["handlerErrors"], health["handlerInvocations"]) == (3, 40)


def test_tables_for_people(full: Stack) -> None:
    assert full.outputs
    result = run("status")
    for text in (
        "Loops that ended in the last 7 days",
        "nobody took invoice-2",
        "Items of the ledger read: 4",
        "Handler: errors unknown, CloudWatch has no data",
    ):
        assert text in result.stdout


def test_what_is_wrong_is_first_and_the_rest_is_one_line_unless_it_is_asked_for(
    full: Stack,
) -> None:
    full.put_of_function("mine")
    lines = run("status").stdout.splitlines()
    assert lines[0].startswith("Dead-letter messages")
    assert lines[-1] == "In order: 2 of 3 dead-letter queues, 1 of 1 alarms. --all lists them."
    assert not any("QueueDeadLetterQueue" in line or "FailedLoops" in line for line in lines)
    everything = run("status", "--all").stdout
    assert "FailedLoops" in everything
    assert "Empty dead-letter queues: HandlerQueueDeadLetterQueue, Queue" in everything


def test_alarm_without_data_is_counted(full: Stack) -> None:
    full.cloudwatch.set_alarm_state(
        AlarmName="FailedLoops", StateValue="INSUFFICIENT_DATA", StateReason="new"
    )
    assert "1 of 1 alarms (1 without data)" in run("status").stdout


@pytest.mark.parametrize("flow", ["invocies", f"{ARN}:flow-definition/invocies"])
def test_flow_definition_that_neither_the_ledger_nor_a2i_knows_is_an_error(
    full: Stack, flow: str, answers: Callable[[str, Answer], None]
) -> None:
    assert full.outputs
    flow_definitions(answers, "invoices", "claims")
    result = run("status", "--flow", flow)
    assert result.exit_code == 2
    assert (
        "invocies is known here (did you mean invoices?)\nKnown flow definitions: claims, inv"
        in (result.stderr)
    )


@pytest.mark.parametrize("flow", ["new", "deleted"])
def test_flow_definition_without_loops_in_the_time_is_no_error(
    full: Stack, flow: str, answers: Callable[[str, Answer], None]
) -> None:
    flow_definitions(answers, "new")
    record(full, "old-loop", flow="deleted", days_ago=30)
    assert run_json("status", "--flow", flow)["loops"] == []


def test_flow_definitions_that_may_not_be_listed_are_not_named(
    full: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert full.outputs
    refuse(monkeypatch, "ListFlowDefinitions")
    result = run("status", "--flow", "other")
    assert result.exit_code == 2
    assert "the credentials may not list them" in result.stderr


def test_watching_repeats_until_ctrl_c(full: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert full.outputs
    slept: list[int] = []

    def sleep(seconds: int) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("human_loops_cli.commands.status.time.sleep", sleep)
    result = run("status", "--watch", "--interval", "5")
    assert result.exit_code == 0
    assert slept == [5, 5]
    assert result.stdout.count("Items of the ledger read: 4") == 2


@pytest.mark.parametrize(
    ("operation", "part", "others"),
    [
        ("dynamodb.Scan", "ledger ledger", ("alarms", "deadLetters")),
        ("sqs.GetQueueAttributes", "DeadLetterQueue", ("alarms", "loops")),
        ("cloudwatch.DescribeAlarms", "alarms", ("deadLetters", "loops")),
        ("cloudformation.ListStackResources", "alarms", ("deadLetters", "loops")),
        ("cloudwatch.GetMetricStatistics", "metrics of handler", ("alarms", "loops")),
        ("eventbridge.DescribeRule", "flow definitions", ("alarms", "loops")),
    ],
)
def test_part_that_cannot_be_read_is_named_and_the_others_are_shown(
    full: Stack, monkeypatch: pytest.MonkeyPatch, operation: str, part: str, others: tuple[str, str]
) -> None:
    full.outputs["StatusChangeRuleName"] = "StatusChange"
    refuse(monkeypatch, operation.partition(".")[2])
    health = run_json("status", status=1)
    assert "not authorized" in health["unread"][part]
    assert all(health[each] is not None for each in others)
    assert f"Cannot be read: {part}: " in run("status").stdout


def test_ledger_that_was_deleted_hides_nothing_else(full: Stack) -> None:
    full.put_of_function("mine")
    full.dynamodb.delete_table(TableName="ledger")
    health = run_json("status", status=1)
    assert "ResourceNotFoundException" in health["unread"]["ledger ledger"]
    assert health["loops"] is None
    assert health["deadLetters"]["DeadLetterQueue"] == 1
    assert [each["name"] for each in health["alarms"]] == ["FailedLoops"]


def test_flow_definition_that_a2i_does_not_know_is_named(
    full: Stack, answers: Callable[[str, Answer], None]
) -> None:
    full.outputs["StatusChangeRuleName"] = "StatusChange"
    flow_definitions(answers, "invoices")
    full.add_rule(f"arn:aws:sqs:{REGION}:{ACCOUNT}:Queue", flow_definition="invoices")
    assert run_json("status")["unknownFlowDefinitions"] == []
    full.add_rule(f"arn:aws:sqs:{REGION}:{ACCOUNT}:Queue", flow_definition="invocies")
    arn = f"{ARN}:flow-definition/invocies"
    assert run_json("status", status=1)["unknownFlowDefinitions"] == [arn]
    assert f"A2I does not know the flow definition {arn}" in run("status").stdout


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """Refuse an operation."""
    call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def answer(client: BaseClient, name: str, parameters: Any) -> Any:
        if name == operation:
            message = f"not authorized: {name}"
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, name)
        return call(client, name, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)

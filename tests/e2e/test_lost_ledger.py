"""The section of the runbook for a ledger that was deleted, command by command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.a2i_server import A2IServer, Loop
from local.cases import human_loop_event
from local.command_line import CommandLine
from local.deployment import EmulatedStack
from local.emulator import Emulator
from local.observer import Observer
from local.sending import send_event
from local.waiting import wait_until
from tests.e2e.aws_commands import AwsCommands, commands_of
from tests.e2e.conftest import RECONCILED_FLOW_DEFINITION

CREATED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


@pytest.fixture(scope="module")
def stack(stacks: Mapping[str, EmulatedStack]) -> EmulatedStack:
    return stacks["reconciled"]


@pytest.mark.full
def test_lost_ledger_is_restored_and_nothing_is_missing(
    emulator: Emulator, a2i: A2IServer, stack: EmulatedStack
) -> None:
    observer, human_loops = Observer(emulator, stack), CommandLine(emulator, stack)
    table, dynamodb = stack["LedgerTableName"], emulator.client("dynamodb")
    a2i.flow_definitions.add(RECONCILED_FLOW_DEFINITION)
    aws = AwsCommands(emulator, LEDGER_TABLE=table, RECONCILER_NAME=stack["ReconcilerName"])
    aws.run('aws lambda invoke --function-name "$RECONCILER_NAME" reconciled.json')
    send_event(emulator, ended("ledger-before"))
    assert wait_until(lambda: recorded(observer, "ledger-before"))

    with pytest.raises(dynamodb.exceptions.ClientError, match="protect"):
        dynamodb.delete_table(TableName=table)
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)

    health = human_loops.json("status", status=1)
    assert "ResourceNotFoundException" in health["unread"][f"ledger {table}"]
    assert health["alarms"], "the other parts are shown"
    # The handler fails on an event meanwhile, and A2I's event about another loop is lost.
    emulator.client("sqs").send_message(
        QueueUrl=stack["DeadLetterQueueUrl"],
        MessageBody=json.dumps(ended("ledger-meanwhile")),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in {"RequestID": "1", "ErrorCode": "200", "ErrorMessage": "m"}.items()
        },
    )
    lost = a2i.add(
        Loop("ledger-lost", RECONCILED_FLOW_DEFINITION, "Stopped", creation_time=CREATED)
    )

    ran = [run(line, aws, human_loops) for line in commands_of("operations.md", "LostLedger")]

    assert ran.count("aws") >= 8
    assert ran.count("human-loops") == 1
    assert aws.files["reconciled.json"]["recoveredLoops"] == [lost.arn]
    loops = ("ledger-before", "ledger-meanwhile", "ledger-lost")
    assert wait_until(lambda: all(recorded(observer, loop) for loop in loops))
    restored = dynamodb.describe_table(TableName=table)["Table"]
    assert restored["DeletionProtectionEnabled"]
    assert [each["IndexName"] for each in restored["GlobalSecondaryIndexes"]] == [
        "ByFlowDefinition"
    ]
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] == "ENABLED"
    recovery = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    human_loops.json("resend", lost.arn)


def run(line: str, aws: AwsCommands, human_loops: CommandLine) -> str:
    """Run a command of the documentation, and return its program."""
    if line.startswith("human-loops "):
        human_loops.text(*shlex.split(line)[1:])
        return "human-loops"
    if "aws " not in line:
        assert line.startswith("LEDGER_TABLE="), line
        return "variable"
    aws.run(line)
    return "aws"


def ended(loop: str) -> dict[str, Any]:
    event = human_loop_event(loop, RECONCILED_FLOW_DEFINITION, "Failed", failure_code="Expired")
    return {**event, "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def recorded(observer: Observer, loop: str) -> bool:
    return bool(observer.observe(loop).records)

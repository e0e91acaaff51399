"""The key, ledger and output bucket of a deleted stack, in a new deployment as documented."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from ruamel.yaml import YAML

from local.a2i_server import A2IServer, Loop
from local.deployment import EmulatedStack, deploy
from local.emulator import ACCOUNT, REGION, Emulator
from local.mailbox import Mailbox
from local.sending import send
from local.waiting import wait_until
from tests.e2e.aws_commands import DOCS
from tests.e2e.conftest import AGAIN, DELETED, RETAINED_FLOW_DEFINITION
from tests.e2e.test_buffered_delivery import claim, settled
from tests.e2e.test_reconciler import ENDED, NOTHING, Account
from tests.infrastructure.templates import IDENTITY_POLICIES, listed

_SECTION = "\n### Use retained resources again\n"


@pytest.fixture(scope="module")
def deleted(emulator: Emulator, stacks: Mapping[str, EmulatedStack], a2i: A2IServer) -> Account:
    """The reconciler and the targets of a stack, which the test deletes."""
    assert stacks, "the emulator is bootstrapped"
    a2i.flow_definitions.add(RETAINED_FLOW_DEFINITION)
    deployment = {"flow_definitions": [RETAINED_FLOW_DEFINITION], "output_bucket": {}}
    account = Account(emulator, deploy(emulator, {DELETED: deployment})[DELETED])
    assert account.reconcile() == NOTHING
    return account


@pytest.mark.full
def test_retained_key_ledger_and_bucket_are_used_by_a_new_deployment(
    emulator: Emulator, deleted: Account, a2i: A2IServer
) -> None:
    cloudformation, dynamodb, kms = (
        emulator.client(each) for each in ("cloudformation", "dynamodb", "kms")
    )
    stack = deleted.observer.stack
    table, bucket = stack["LedgerTableName"], stack["OutputBucketName"]
    resources = cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
    (key,) = (
        each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::KMS::Key"
    )
    earlier = claim(deleted.observer, "retained-earlier", RETAINED_FLOW_DEFINITION)
    send(emulator, [earlier])
    assert wait_until(lambda: bool(deleted.observer.ledger()))
    recorded = deleted.observer.ledger()

    delete(emulator, stack.name)
    lost = a2i.add(
        Loop("retained-meanwhile", RETAINED_FLOW_DEFINITION, "Stopped", creation_time=ENDED)
    )

    (event,) = Mailbox(emulator, stack["QueueUrl"]).collect()
    description = dynamodb.describe_table(TableName=table)["Table"]
    assert description["DeletionProtectionEnabled"]
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "Enabled"

    documented = documented_deployment(
        table=description["TableArn"], bucket=bucket, key=metadata["Arn"]
    )
    # The emulator gives the queues of a stack of the same name the names of the retained ones.
    again = deploy(
        emulator, {AGAIN: {**documented, "flow_definitions": [RETAINED_FLOW_DEFINITION]}}
    )[AGAIN]

    account = Account(emulator, again)
    assert (again["LedgerTableName"], again["OutputBucketName"]) == (table, bucket)
    assert again["OutputKeyArn"] == metadata["Arn"]
    assert granted(emulator, again, description["TableArn"]) >= {
        "dynamodb:PutItem",
        "dynamodb:Query",
    }
    assert granted(emulator, again, bucket) == {"s3:GetObject", "s3:ListBucket"}
    assert granted(emulator, again, key) >= {
        "kms:Decrypt through s3",
        "kms:Decrypt through dynamodb",
    }
    assert admitted_by(kms, key) >= warned_of(emulator), "the policy of the key lacks something"
    assert account.observer.ledger() == recorded

    emulator.client("lambda").invoke(FunctionName=again["HandlerName"], Payload=event)
    assert account.observer.ledger() == recorded
    assert account.observer.observe(earlier.loop).outcomes == [], "it is not settled again"
    later = claim(account.observer, "retained-later", RETAINED_FLOW_DEFINITION)
    send(emulator, [later])
    assert settled(account.observer, later)
    assert account.observer.observe(later.loop).differences(later) == []

    # The ledger also has what the reconciler knows, so it does not begin again.
    assert account.reconcile()["missingLoops"] == 1
    assert account.reconcile()["recoveredLoops"] == [lost.arn]
    assert account.await_records("retained-meanwhile", 1)


def documented_deployment(*, table: str, bucket: str, key: str) -> Mapping[str, Any]:
    """Return the deployment in the documentation, with resources of the emulator."""
    section = (DOCS / "deploying.md").read_text(encoding="utf-8").split(_SECTION)[1]
    block = section.split("```yaml\n")[1].split("```")[0]
    account, region = "444455556666", "eu-west-1"
    for documented, value in {
        "humanloops-prod-outputbucket-1abcdefgh": bucket,
        f"arn:aws:dynamodb:{region}:{account}:table/HumanLoops-prod-Ledger-1ABC": table,
        f"arn:aws:kms:{region}:{account}:key/11111111-1111-1111-1111-111111111111": key,
        f'"{account}"': f'"{ACCOUNT}"',
        region: REGION,
    }.items():
        assert documented in block
        block = block.replace(documented, value)
    deployment: Mapping[str, Any] = YAML(typ="safe").load(block)["deployments"]["prod"]
    return deployment


def granted(emulator: Emulator, stack: EmulatedStack, resource: str) -> set[str]:
    """Return the actions on a resource that the policies of a stack's roles allow."""
    cloudformation = emulator.client("cloudformation")
    template = cloudformation.get_template(StackName=stack.name)["TemplateBody"]
    resources = (json.loads(template) if isinstance(template, str) else template)["Resources"]
    return {
        f"{action}{_through(statement)}"
        for each in resources.values()
        if each["Type"] in IDENTITY_POLICIES
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if resource in json.dumps(statement["Resource"])
        for action in listed(statement["Action"])
    }


def _through(statement: Mapping[str, Any]) -> str:
    service = statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService")
    return f" through {service.partition('.')[0]}" if service else ""


def warned_of(emulator: Emulator) -> set[tuple[str, str]]:
    """Return the services and actions that the last synthesis asks a key's owner to allow."""
    printed = (emulator.folder / "cdk-deploy.log").read_text()
    warnings = re.findall(r"The policy of key .*? it must allow (\S+) ([\w:, ]+);", printed)
    assert warnings
    return {(service, action) for service, actions in warnings for action in actions.split(", ")}


def admitted_by(kms: Any, key: str) -> set[tuple[str, str]]:
    """Return the services that the policy of a key admits, with their actions."""
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    return {
        (service, action)
        for statement in policy["Statement"]
        for service in listed(statement["Principal"].get("Service", []))
        for action in listed(statement["Action"])
    }


def delete(emulator: Emulator, stack: str) -> None:
    """Delete a stack, without what it retains."""
    cloudformation = emulator.client("cloudformation")
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    cloudformation.delete_stack(StackName=stack)

    def deleted() -> bool:
        (now,) = cloudformation.describe_stacks(StackName=described["StackId"])["Stacks"]
        return bool(now["StackStatus"] == "DELETE_COMPLETE")

    assert wait_until(deleted)

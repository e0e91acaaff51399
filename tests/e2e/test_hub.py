"""A hub with a spoke in another account and Region, and one in its own."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from local.a2i_server import A2IServer, Loop
from local.cases import Case, human_loop_event, output_uri
from local.command_line import CommandLine
from local.deployment import EmulatedStack
from local.emulator import ACCOUNT, REGION, Emulator
from local.observer import Observer
from local.samples import OutputSample
from local.sending import send, send_event
from local.waiting import wait_until
from tests.e2e.conftest import FORWARDED_FLOW_DEFINITION, SPOKE_ACCOUNT, SPOKE_REGION
from tests.e2e.test_cli import put

PLACES = [(SPOKE_ACCOUNT, SPOKE_REGION), (ACCOUNT, REGION)]

each_place = pytest.mark.parametrize(("account", "region"), PLACES)


@pytest.fixture
def spoke(account: str, emulator: Emulator, other_account: Emulator) -> Emulator:
    return emulator if account == ACCOUNT else other_account


def settled(observer: Observer, loop: str) -> bool:
    return wait_until(lambda: bool(observer.observe(loop).records))


@each_place
def test_review_of_a_spoke_is_settled_in_the_hub(
    account: str, region: str, spoke: Emulator, hub: Observer
) -> None:
    loop = f"audit-{account}"
    case = Case(
        shows="a forwarded review",
        event=human_loop_event(
            loop,
            FORWARDED_FLOW_DEFINITION,
            "Completed",
            output_uri=output_uri(loop, FORWARDED_FLOW_DEFINITION),
            account=account,
            region=region,
        ),
        sample=OutputSample.named("textract-invoice"),
    )
    send(spoke, [case])
    assert settled(hub, loop)
    assert hub.observe(loop).differences(case) == []
    dimension = f"{account}/{region}/{FORWARDED_FLOW_DEFINITION}"
    assert wait_until(
        lambda: any(
            line.startswith("{") and json.loads(line).get("FlowDefinition") == dimension
            for line in hub.handler_log()
        )
    )


@each_place
def test_alert_of_the_hub_names_account_and_region(
    account: str, region: str, spoke: Emulator, hub: Observer
) -> None:
    loop = f"failed-audit-{account}"
    send_event(
        spoke,
        human_loop_event(loop, FORWARDED_FLOW_DEFINITION, "Failed", account=account, region=region),
    )
    assert wait_until(lambda: bool(hub.observe(loop).alerts))
    (alert,) = hub.observe(loop).alerts
    assert f"Account and Region: {account} {region}" in alert
    assert f"https://{region}.console.aws.amazon.com/a2i/" in alert


def test_event_that_did_not_reach_the_hub_is_forwarded_again(
    other_account: Emulator, stacks: Mapping[str, EmulatedStack], hub: Observer, a2i: A2IServer
) -> None:
    stack = stacks["spoke"]
    event = human_loop_event(
        "lost-audit",
        FORWARDED_FLOW_DEFINITION,
        "Failed",
        account=SPOKE_ACCOUNT,
        region=SPOKE_REGION,
    )
    # The hub asks A2I about it, in the account of the spoke.
    a2i.add(
        Loop(
            "lost-audit",
            FORWARDED_FLOW_DEFINITION,
            "Failed",
            account=SPOKE_ACCOUNT,
            region=SPOKE_REGION,
        )
    )
    rule = f"arn:aws:events:{SPOKE_REGION}:{SPOKE_ACCOUNT}:rule/{stack['StatusChangeRuleName']}"
    put(
        other_account,
        stack["DeadLetterQueueUrl"],
        event,
        RULE_ARN=rule,
        TARGET_ARN=stack["HubEventBusArn"],
        ERROR_CODE="NO_PERMISSIONS",
    )

    (report,) = CommandLine(other_account, stack).json("dead-letters", "redrive")

    assert report["redriven"] == 1
    assert settled(hub, "lost-audit")
    (record,) = hub.observe("lost-audit").records
    assert (record["eventSource"], record["humanLoopStatus"]) == ("human-loop-events", "Failed")


def test_output_in_another_account_is_out_of_reach_without_its_role(
    emulator: Emulator, other_account: Emulator, hub: Observer
) -> None:
    """The emulator separates accounts, so the review above was read with the role."""
    assert hub
    other_account.client("s3").put_object(Bucket="human-loop-outputs", Key="theirs", Body=b"x")
    listing = emulator.client("s3").list_objects_v2(Bucket="human-loop-outputs", Prefix="theirs")
    assert listing["KeyCount"] == 0

"""A hub with a spoke in another account and Region, and one in its own."""

from __future__ import annotations

import json

import pytest

from local.cases import Case, human_loop_event, output_uri
from local.emulator import ACCOUNT, REGION, Emulator
from local.rehearsal import send, send_event
from local.samples import OutputSample
from local.waiting import wait_until
from local.witness import Witness
from tests.e2e.conftest import FORWARDED_FLOW_DEFINITION, SPOKE_ACCOUNT, SPOKE_REGION

SECONDS_TO_SETTLE = 30
PLACES = [(SPOKE_ACCOUNT, SPOKE_REGION), (ACCOUNT, REGION)]

each_place = pytest.mark.parametrize(("account", "region"), PLACES)


@pytest.fixture
def spoke(account: str, emulator: Emulator, other_account: Emulator) -> Emulator:
    return emulator if account == ACCOUNT else other_account


def settled(witness: Witness, loop: str) -> bool:
    return wait_until(lambda: bool(witness.trace(loop).records), seconds=SECONDS_TO_SETTLE)


@each_place
def test_review_of_a_spoke_is_settled_in_the_hub(
    account: str, region: str, spoke: Emulator, hub: Witness
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
    assert hub.trace(loop).differences(case) == []
    dimension = f"{account}/{region}/{FORWARDED_FLOW_DEFINITION}"
    assert wait_until(
        lambda: any(
            line.startswith("{") and json.loads(line).get("FlowDefinition") == dimension
            for line in hub.handler_log()
        ),
        seconds=SECONDS_TO_SETTLE,
    )


@each_place
def test_alert_of_the_hub_names_account_and_region(
    account: str, region: str, spoke: Emulator, hub: Witness
) -> None:
    loop = f"failed-audit-{account}"
    send_event(
        spoke,
        human_loop_event(loop, FORWARDED_FLOW_DEFINITION, "Failed", account=account, region=region),
    )
    assert wait_until(lambda: bool(hub.trace(loop).alerts), seconds=SECONDS_TO_SETTLE)
    (alert,) = hub.trace(loop).alerts
    assert f"Account and Region: {account} {region}" in alert
    assert f"https://{region}.console.aws.amazon.com/a2i/" in alert


def test_output_in_another_account_is_out_of_reach_without_its_role(
    emulator: Emulator, other_account: Emulator, hub: Witness
) -> None:
    """The emulator separates accounts, so the review above was read with the role."""
    assert hub
    other_account.client("s3").put_object(Bucket="human-loop-outputs", Key="theirs", Body=b"x")
    listing = emulator.client("s3").list_objects_v2(Bucket="human-loop-outputs", Prefix="theirs")
    assert listing["KeyCount"] == 0

"""A hub and a spoke: two buses, and the output read with the spoke's role."""

from __future__ import annotations

import json

from local.cases import Case, human_loop_event, output_uri
from local.emulator import ACCOUNT, REGION, Emulator
from local.rehearsal import send, send_event
from local.samples import OutputSample
from local.waiting import wait_until
from local.witness import Witness
from tests.e2e.conftest import FORWARDED_FLOW_DEFINITION

SECONDS_TO_SETTLE = 30


def audit(loop: str) -> Case:
    uri = output_uri(loop, FORWARDED_FLOW_DEFINITION)
    return Case(
        shows="a forwarded review",
        event=human_loop_event(loop, FORWARDED_FLOW_DEFINITION, "Completed", output_uri=uri),
        sample=OutputSample.named("textract-invoice"),
    )


def settled(witness: Witness, loop: str) -> bool:
    return wait_until(lambda: bool(witness.trace(loop).records), seconds=SECONDS_TO_SETTLE)


def test_review_of_a_spoke_is_settled_in_the_hub(emulator: Emulator, hub: Witness) -> None:
    case = audit("audit-1")
    send(emulator, [case])
    assert settled(hub, case.loop)
    assert hub.trace(case.loop).differences(case) == []


def test_metrics_of_the_hub_name_account_and_region(emulator: Emulator, hub: Witness) -> None:
    case = audit("audit-2")
    send(emulator, [case])
    assert settled(hub, case.loop)
    dimension = f"{ACCOUNT}/{REGION}/{FORWARDED_FLOW_DEFINITION}"
    assert wait_until(
        lambda: any(
            line.startswith("{") and json.loads(line).get("FlowDefinition") == dimension
            for line in hub.handler_log()
        ),
        seconds=SECONDS_TO_SETTLE,
    )


def test_alert_of_the_hub_names_account_and_region(emulator: Emulator, hub: Witness) -> None:
    send_event(emulator, human_loop_event("audit-3", FORWARDED_FLOW_DEFINITION, "Failed"))
    assert wait_until(lambda: bool(hub.trace("audit-3").alerts), seconds=SECONDS_TO_SETTLE)
    (alert,) = hub.trace("audit-3").alerts
    assert f"Account and Region: {ACCOUNT} {REGION}" in alert

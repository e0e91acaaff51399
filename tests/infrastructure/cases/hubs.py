"""Cases of hubs, which receive the events of other accounts."""

from __future__ import annotations

from typing import Any

from aws_cdk import App, Stack

from human_loop_events import (
    FlowDefinitions,
    HumanLoopEvents,
    HumanLoopHub,
)
from stacks.create_stacks import create_stacks
from stacks.deployments_file import read_deployments
from tests.infrastructure.cases.case import (
    ACCOUNT,
    REGION,
    Case,
    in_stack,
)

SPOKE_ACCOUNT = "444455556666"


SPOKE_REGION = "us-east-1"


#: The deployments of a hub and a spoke in another account and Region.
HUB_AND_SPOKE: dict[str, dict[str, Any]] = {
    "invoices": {
        "account": SPOKE_ACCOUNT,
        "region": SPOKE_REGION,
        "hub": "people",
        "flow_definitions": ["invoices", "claims"],
        "output": {
            "bucket": "example-output",
            "prefix": "reviews/",
            "encryption_key": f"arn:aws:kms:{SPOKE_REGION}:{SPOKE_ACCOUNT}:key/"
            "00000000-0000-0000-0000-000000000001",
        },
        "alert_emails": ["ml-oncall@example.com"],
    },
    "people": {"account": ACCOUNT, "region": REGION, "admits": [SPOKE_ACCOUNT]},
}


def _hub_and_spoke(app: App) -> Stack:
    hub, _ = create_stacks(app, read_deployments(HUB_AND_SPOKE))
    return hub


def _hub_of_an_organization(stack: Stack) -> None:
    hub = HumanLoopHub(stack, "Hub", organization_id="o-a1b2c3d4e5")
    arns = [
        f"arn:aws:sagemaker:{SPOKE_REGION}:{account}:flow-definition/claims"
        for account in (SPOKE_ACCOUNT, "777788889999")
    ]
    loops = HumanLoopEvents(
        stack, "HumanLoops", event_bus=hub, flow_definitions=FlowDefinitions.from_arns(*arns)
    )
    loops.alert_on_low_agreement(0.9)


#: Cases whose review handler reads outputs with the roles of spokes.
HUBS = frozenset({"hub-and-spoke", "hub-of-an-organization"})


CASES = (
    Case("hub-and-spoke", _hub_and_spoke),
    Case("hub-of-an-organization", in_stack(_hub_of_an_organization), {}),
)

"""`hub` and `admits` in `deployments`: a hub and its spokes, or an error that says what to do."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from human_loop_events import HumanLoopHub, HumanLoopSpoke
from stacks.create_stacks import create_stacks
from stacks.deployment import ConfigurationError, read_deployments
from stacks.human_loop_stack import HumanLoopStack
from stacks.spoke_stack import SpokeStack
from tests.infrastructure.cases import (
    ACCOUNT,
    HUB_AND_SPOKE,
    REGION,
    SPOKE_ACCOUNT,
    SPOKE_REGION,
    new_app,
    synthesize,
)

HUB, SPOKE = HUB_AND_SPOKE["people"], HUB_AND_SPOKE["invoices"]
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/reviews-hub"


def _faults(**deployments: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        create_stacks(new_app(), read_deployments(deployments))
    return str(error.value).splitlines()


def _without(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def test_hub_comes_before_its_spokes_whatever_the_order() -> None:
    for order in (["people", "invoices"], ["invoices", "people"]):
        context = {name: HUB_AND_SPOKE[name] for name in order}
        hub, spoke = create_stacks(new_app(), read_deployments(context))

        assert isinstance(hub, HumanLoopStack)
        assert isinstance(spoke, SpokeStack)
        assert (hub.stack_name, spoke.stack_name) == ("HumanLoops-people", "HumanLoops-invoices")


def test_outputs_say_what_other_apps_and_the_command_line_need() -> None:
    templates = synthesize("hub-and-spoke").templates

    hub, spoke = (templates[f"HumanLoops-{name}"]["Outputs"] for name in ("people", "invoices"))
    assert {"HubEventBusArn", "LedgerTableName", "HandlerName"} <= hub.keys()
    assert not {"OutputBucketName", "ReconcilerName"} & hub.keys()
    assert spoke.keys() == {
        "AlertsTopicArn",
        "DeadLetterQueueUrl",
        "HubEventBusArn",
        "OutputRoleArn",
        "StatusChangeRuleName",
    }


def test_spoke_of_a_hub_in_another_app_has_the_arn_of_its_bus() -> None:
    (stack,) = create_stacks(new_app(), read_deployments({"invoices": {**SPOKE, "hub": BUS}}))

    rules = Template.from_stack(stack).find_resources("AWS::Events::Rule")
    assert [rule["Properties"]["Targets"][0]["Arn"] for rule in rules.values()] == [BUS]


def test_hub_admits_an_organization() -> None:
    people = {**HUB, "admits": "o-a1b2c3d4e5"}
    hub, _ = create_stacks(new_app(), read_deployments({"people": people, "invoices": SPOKE}))

    assert "o-a1b2c3d4e5" in str(Template.from_stack(hub).find_resources("AWS::Events::EventBus"))


def test_hub_may_name_the_flow_definitions_of_its_spokes() -> None:
    arn = f"arn:aws:sagemaker:{SPOKE_REGION}:{SPOKE_ACCOUNT}:flow-definition/claims"

    create_stacks(new_app(), read_deployments({"people": {**HUB, "flow_definitions": [arn]}}))


def test_account_of_the_hub_may_have_a_spoke_too() -> None:
    spoke = {**_without(SPOKE, "output_key_arn"), "account": ACCOUNT, "region": REGION}

    assert len(create_stacks(new_app(), read_deployments({"people": HUB, "own": spoke}))) == 2


FAULTS: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "a typing error": (
        {"people": HUB, "invoices": {**SPOKE, "hub": "peopel"}},
        "invoices.hub: there is no deployment 'peopel' (did you mean people?); expected one with "
        "admits, or the ARN of a hub's event bus",
    ),
    "no hub": (
        {"people": _without(HUB, "admits"), "invoices": SPOKE},
        "invoices.hub: people is no hub: expected a deployment with admits",
    ),
    "itself": (
        {"invoices": {**SPOKE, "hub": "invoices"}},
        "invoices.hub: invoices is no hub: expected a deployment with admits",
    ),
    "a chain": (
        {"people": HUB, "middle": {**HUB, "hub": "people"}},
        "middle.hub: EventBridge forwards an event once, so a hub cannot be a spoke of people; "
        "expected either admits or hub",
    ),
    "an account that is not admitted": (
        {"people": {**HUB, "admits": ["777788889999"]}, "invoices": SPOKE},
        "invoices.hub: people does not admit account 444455556666; expected it in its admits",
    ),
    "an organization that is none": (
        {"people": {**HUB, "admits": "all"}},
        "people.admits: expected for a hub: a list of account ids of 12 digits in quotes, or the "
        "id of an organization such as o-a1b2c3d4e5, which may forward their events, got 'all'",
    ),
    "an empty list": (
        {"people": {**HUB, "admits": []}},
        "people.admits: expected for a hub: a list of account ids of 12 digits in quotes, or the "
        "id of an organization such as o-a1b2c3d4e5, which may forward their events, got []",
    ),
    "a spoke in any account": (
        {"people": HUB, "invoices": {"hub": "people", "output_bucket": "example-output"}},
        "invoices.account: a hub or a spoke needs account and region, got none",
    ),
    "a hub in any account": (
        {"people": {"admits": ["444455556666"]}},
        "people.account: a hub or a spoke needs account and region, got none",
    ),
    "a spoke without a bucket": (
        {
            "people": HUB,
            "invoices": _without(SPOKE, "output_bucket", "output_prefix", "output_key_arn"),
        },
        "invoices.output_bucket: a spoke needs the bucket in the flow definitions' S3OutputPath, "
        "which the hub may read; got none",
    ),
    "a hub with a bucket": (
        {"people": {**HUB, "output_bucket": "example-output"}},
        "people.output_bucket: a hub reads the outputs of its spokes, got 'example-output'",
    ),
    "a setting of the hub in a spoke": (
        {"people": HUB, "invoices": {**SPOKE, "include_values": True}},
        "invoices.include_values: a spoke only forwards events; expected this key in the hub's "
        "deployment",
    ),
    "two spokes of one place": (
        {"people": HUB, "invoices": SPOKE, "claims": SPOKE},
        "claims.hub: invoices is a spoke of people in account 444455556666 and us-east-1 already, "
        "and the role that the hub takes would have the same name; expected one spoke with all "
        "flow definitions, and outputs in one bucket",
    ),
    "another partition": (
        {
            "people": HUB,
            "invoices": {**_without(SPOKE, "output_key_arn"), "region": "cn-north-1"},
        },
        "invoices.hub: people is in partition aws, and EventBridge forwards within aws-cn only",
    ),
}


@pytest.mark.parametrize(("deployments", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_fault_is_named_with_what_to_do(deployments: dict[str, dict[str, Any]], fault: str) -> None:
    assert _faults(**deployments) == [f"context deployments.{fault}"]


def test_hub_with_another_fault_is_not_said_to_be_missing() -> None:
    (fault,) = _faults(people={**HUB, "alert_format": "HTML"}, invoices=SPOKE)

    assert fault.startswith("context deployments.people.alert_format: ")


def test_arn_that_is_no_bus_is_refused_with_the_name_of_the_deployment() -> None:
    (fault,) = _faults(invoices={**SPOKE, "hub": "arn:aws:sns:eu-west-1:111122223333:hub"})

    assert fault.startswith("deployment invoices: hub: expected a HumanLoopHub of the app, or")


def test_long_names_of_hubs_are_told_apart() -> None:
    names = [f"a-hub-of-which-the-name-is-too-long-for-{each}" for each in ("roles", "users")]
    stacks = create_stacks(new_app(), read_deployments(dict.fromkeys(names, HUB)))

    buses = [
        bus["Properties"]["Name"]
        for stack in stacks
        for bus in Template.from_stack(stack).find_resources("AWS::Events::EventBus").values()
    ]
    assert len(set(buses)) == 2
    assert max(map(len, buses)) <= 40


DOCS = Path(__file__).parents[2] / "docs"


def test_configuration_in_the_documentation_is_accepted() -> None:
    page = (DOCS / "many-accounts.md").read_text(encoding="utf-8")
    example, local = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    deployments = {
        **json.loads(f"{{{example}}}")["deployments"],
        **json.loads(f"{{{local}}}"),
    }

    stacks = create_stacks(new_app(), read_deployments(deployments))

    assert [each.stack_name.removeprefix("HumanLoops-") for each in stacks] == [
        "people",
        "invoices-local",
        "invoices",
        "claims",
    ]


def test_every_parameter_is_documented() -> None:
    reference = (DOCS / "reference.md").read_text(encoding="utf-8")
    for construct in (HumanLoopHub, HumanLoopSpoke):
        _, _, section = reference.partition(f"## `{construct.__name__}`")
        section = section.partition("\n## ")[0]
        names = list(inspect.signature(construct.__init__).parameters)[3:]
        assert len(names) >= 3
        assert [name for name in names if f"`{name}`" not in section] == []

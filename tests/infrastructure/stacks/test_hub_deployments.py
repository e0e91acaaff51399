"""`hub` and `admits` in `deployments`: a hub and its spokes, or an error that says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from stacks.create_stacks import create_stacks
from stacks.deployments_file import read_deployments
from stacks.faults import ConfigurationError
from stacks.human_loop_stack import HumanLoopStack
from stacks.spoke_stack import SpokeStack
from tests.infrastructure.cases import ACCOUNT, REGION, new_app, synthesize
from tests.infrastructure.cases.hubs import HUB_AND_SPOKE, SPOKE_ACCOUNT, SPOKE_REGION

HUB, SPOKE = HUB_AND_SPOKE["people"], HUB_AND_SPOKE["invoices"]
OUTPUT = {"bucket": "example-output"}
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


def test_hub_can_archive_the_outcomes_of_all_its_spokes() -> None:
    people = {**HUB, "outcome_archive": {"enabled": True}}
    hub, _ = create_stacks(new_app(), read_deployments({"people": people, "invoices": SPOKE}))

    rules = Template.from_stack(hub).find_resources("AWS::Events::Rule")
    (rule,) = (each for key, each in rules.items() if "OutcomeArchive" in key)
    assert "account" not in rule["Properties"]["EventPattern"]


def test_account_of_the_hub_may_have_a_spoke_too() -> None:
    spoke = {**SPOKE, "output": OUTPUT, "account": ACCOUNT, "region": REGION}

    assert len(create_stacks(new_app(), read_deployments({"people": HUB, "own": spoke}))) == 2


def test_spoke_has_what_a_deployment_says() -> None:
    (stack,) = create_stacks(
        new_app(),
        read_deployments(
            {
                "invoices": {
                    **SPOKE,
                    "hub": BUS,
                    "statuses": ["Completed"],
                    "event_bus": "human-loops",
                    "alerts": {"runbook": "https://wiki.example.com/loops", "ok_actions": True},
                    "alert_on_silence": {"days": 3},
                    "delivery": {"retry_attempts": 20},
                    "tags": {"team": "claims"},
                    "termination_protection": True,
                    "permissions_boundary": "developers",
                }
            }
        ),
    )

    template = Template.from_stack(stack)
    (rule,) = template.find_resources("AWS::Events::Rule").values()
    assert rule["Properties"]["EventPattern"]["detail"]["humanLoopStatus"] == ["Completed"]
    assert "human-loops" in str(rule["Properties"]["EventBusName"])
    (target,) = rule["Properties"]["Targets"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 20
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    assert any("Silence" in logical_id for logical_id in alarms)
    for alarm in alarms.values():
        assert "https://wiki.example.com/loops#" in str(alarm["Properties"]["AlarmDescription"])
        assert alarm["Properties"]["OKActions"]
    for role in template.find_resources("AWS::IAM::Role").values():
        assert "policy/developers" in str(role["Properties"]["PermissionsBoundary"])
    assert stack.tags.tag_values() == {"team": "claims"}
    assert stack.termination_protection


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
        "people.admits: expected a list of account ids of 12 digits in quotes, with at least one, "
        "or the id of an organization such as o-a1b2c3d4e5, got 'all'",
    ),
    "an empty list": (
        {"people": {**HUB, "admits": []}},
        "people.admits: expected a list of account ids of 12 digits in quotes, with at least one, "
        "or the id of an organization such as o-a1b2c3d4e5, got []",
    ),
    "a spoke in any account": (
        {"people": HUB, "invoices": {"hub": "people", "output": OUTPUT}},
        "invoices.account: a hub or a spoke needs account and region, got none",
    ),
    "a hub in any account": (
        {"people": {"admits": ["444455556666"]}},
        "people.account: a hub or a spoke needs account and region, got none",
    ),
    "a spoke without a bucket": (
        {"people": HUB, "invoices": _without(SPOKE, "output")},
        "invoices.output: a spoke needs the bucket in the flow definitions' S3OutputPath, "
        "which the hub may read; got none",
    ),
    "a hub with a bucket": (
        {"people": {**HUB, "output": OUTPUT}},
        "people.output: a hub reads the outputs of its spokes, got bucket 'example-output'",
    ),
    "a hub with another bus": (
        {"people": {**HUB, "event_bus": "human-loops"}},
        "people.event_bus: a hub creates its event bus; expected no event_bus, got 'human-loops'",
    ),
    "a hub with a reconciler": (
        {"people": {**HUB, "reconciler": {"schedule": "30 minutes"}}},
        "people.reconciler.schedule: a hub has no reconciler, because A2I lists the human loops of "
        "an account and Region only there; expected this key in a deployment beside the spoke",
    ),
    "a hub with callbacks": (
        {"people": {**HUB, "callbacks": True}},
        "people.callbacks: a hub cannot start or look up the human loops of other accounts; "
        "expected callbacks in a deployment beside the spoke",
    ),
    "a setting of the hub in a spoke": (
        {"people": HUB, "invoices": {**SPOKE, "handler": {"include_values": True}}},
        "invoices.handler: a spoke only forwards events; expected this key in the hub's deployment",
    ),
    "an outcome archive in a spoke": (
        {"people": HUB, "invoices": {**SPOKE, "outcome_archive": {"enabled": True}}},
        "invoices.outcome_archive: a spoke only forwards events; expected this key in the hub's "
        "deployment",
    ),
    "alerts on failures in a spoke": (
        {"people": HUB, "invoices": {**SPOKE, "alerts": {"failure_threshold": 2}}},
        "invoices.alerts.failure_threshold: a spoke only forwards events; expected this key in the "
        "hub's deployment",
    ),
    "how topics are reached in a spoke": (
        {"people": HUB, "invoices": {**SPOKE, "delivery": {"authorize_using_role": False}}},
        "invoices.delivery.authorize_using_role: a spoke only forwards events; expected this key "
        "in the hub's deployment",
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
            "invoices": {**SPOKE, "output": OUTPUT, "region": "cn-north-1", "event_bus": "a2i"},
        },
        "invoices.hub: people is in partition aws, and EventBridge forwards within aws-cn only",
    ),
}


@pytest.mark.parametrize(("deployments", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_fault_is_named_with_what_to_do(deployments: dict[str, dict[str, Any]], fault: str) -> None:
    assert _faults(**deployments) == [f"deployments.{fault}"]


def test_hub_with_another_fault_is_not_said_to_be_missing() -> None:
    (fault,) = _faults(people={**HUB, "alerts": {"alert_format": "HTML"}}, invoices=SPOKE)

    assert fault.startswith("deployments.people.alerts.alert_format: ")


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


DOCS = Path(__file__).parents[3] / "docs"


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

"""The template without assets: small, self-contained, and set by its parameters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from stacks.events_template import MAX_TEMPLATE_BYTES, EventsStack, events_template
from tests.infrastructure.events.pattern_cases import (
    DOCUMENTED_EVENT,
    event,
    flow_definition,
    matches,
)
from tests.infrastructure.nag import findings
from tests.infrastructure.templates import all_references
from tests.infrastructure.test_cfn_lint import FROM_CDK, lint_rules

PAGE = (Path(__file__).parents[3] / "docs" / "template.md").read_text(encoding="utf-8")

#: Values of each parameter that CloudFormation must take, and those that it must refuse.
VALUES = {
    "FlowDefinitionNames": (
        ["", "invoices", "a", "a--b", "x" * 63, "invoices,claims", "a,b,c"],
        [
            ",",
            "a,",
            ",a",
            "a,,b",
            "a, b",
            "Invoices",
            "-a",
            "a-",
            'a"',
            "a b",
            "x" * 64,
            flow_definition("invoices"),
        ],
    ),
    "AlertEmail": (["", "ml-oncall@example.com"], ["a", "a@b", "a b@example.com", "a@b.c d"]),
    "Runbook": (["", "docs/operations.md", "https://example.com/r"], ["our wiki", "a\tb"]),
}


_FIFTY_NAMES = ",".join(f"flow-{number:011}" for number in range(50))


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return events_template()


def _resolved(value: Any, names: str) -> Any:
    """Evaluate the functions in a pattern for a value of FlowDefinitionNames."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return delimiter.join(_resolved(part, names) for part in _resolved(parts, names))
        case {"Fn::Split": [delimiter, text]}:
            return _resolved(text, names).split(delimiter)
        case {"Fn::If": ["AllFlowDefinitions", yes, no]}:
            return _resolved(no if names else yes, names)
        case {"Ref": "FlowDefinitionNames"}:
            return names
    return value


def _pattern(template: dict[str, Any], rule: str, names: str) -> dict[str, Any]:
    (resource,) = (
        each
        for logical_id, each in template["Resources"].items()
        if each["Type"] == "AWS::Events::Rule" and logical_id[:-8] == f"Events{rule}"
    )
    pattern: dict[str, Any] = json.loads(_resolved(resource["Properties"]["EventPattern"], names))
    return pattern


def test_template_is_the_accepted_one(
    template: dict[str, Any], snapshot: SnapshotAssertion
) -> None:
    assert template == snapshot(extension_class=JSONSnapshotExtension)


def test_template_fits_into_a_request(template: dict[str, Any]) -> None:
    written = json.dumps(template, indent=1)

    assert 10_000 < len(written.encode()) < MAX_TEMPLATE_BYTES


def test_page_tells_size_and_parameters(template: dict[str, Any]) -> None:
    kilobytes = round(len(json.dumps(template, indent=1).encode()) / 1000)

    assert f"{kilobytes} KB, below the {MAX_TEMPLATE_BYTES:,} bytes" in PAGE
    assert [name for name in template["Parameters"] if f"| `{name}` |" not in PAGE] == []


def test_template_needs_no_assets_and_no_bootstrap_stack(template: dict[str, Any]) -> None:
    written = json.dumps(template)

    assert "Rules" not in template
    assert (
        re.search(r"BootstrapVersion|cdk-hnb659fds|AssetParameters|[0-9a-f]{64}", written) is None
    )
    assert "AWS::Lambda::Function" not in written
    assert {
        "AWS::Events::Rule",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::CloudWatch::Alarm",
    } <= {each["Type"] for each in template["Resources"].values()}


def test_template_is_the_same_each_time(template: dict[str, Any]) -> None:
    assert json.dumps(events_template()) == json.dumps(template)


def test_every_parameter_is_described_grouped_and_used(template: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    used = set(all_references(template["Resources"])) | set(all_references(template["Conditions"]))

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(parameters)
    assert set(parameters) <= used
    for name, parameter in parameters.items():
        assert parameter["Description"].endswith(".")
        assert parameter["ConstraintDescription"].startswith("expected ")
        assert "Default" in parameter
        assert ("AllowedPattern" in parameter) == (name in VALUES)
    assert parameters["FailedLoopsThreshold"]["MinValue"] == 1


@pytest.mark.parametrize("name", VALUES)
def test_pattern_of_a_parameter_takes_what_is_right(name: str, template: dict[str, Any]) -> None:
    pattern = template["Parameters"][name]["AllowedPattern"]
    right, wrong = VALUES[name]

    assert [each for each in right if not re.fullmatch(pattern, each)] == []
    assert [each for each in wrong if re.fullmatch(pattern, each)] == []


@pytest.mark.parametrize(
    ("names", "matched"),
    [("", True), ("invoices", True), ("claims,invoices", True), ("invoice,claims", False)],
)
@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped", "InProgress"])
def test_rules_match_the_named_flow_definitions_or_all(
    names: str, matched: bool, status: str, template: dict[str, Any]
) -> None:
    ended = event(humanLoopStatus=status, flowDefinitionArn=flow_definition("invoices"))

    changed = matches(_pattern(template, "StatusChange", names), ended)
    failed = matches(_pattern(template, "Failed", names), ended)

    assert changed == (matched and status != "InProgress")
    assert failed == (matched and status == "Failed")


def test_documented_event_is_matched(template: dict[str, Any]) -> None:
    assert matches(_pattern(template, "StatusChange", ""), DOCUMENTED_EVENT)


def test_fifty_names_of_sixteen_characters_fit_into_a_pattern(template: dict[str, Any]) -> None:
    pattern = _pattern(template, "StatusChange", _FIFTY_NAMES)

    assert len(json.dumps(pattern, separators=(",", ":"))) <= 2048


def test_template_has_no_findings() -> None:
    app = App(analytics_reporting=False)
    stack = EventsStack(app, "HumanLoopEvents")
    template = app.synth().get_stack_by_name(Stack.of(stack).stack_name).template

    assert findings(app) == set()
    assert lint_rules(json.dumps(template)) <= set(FROM_CDK)

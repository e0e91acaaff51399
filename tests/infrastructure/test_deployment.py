"""The context `deployments` becomes stacks, or an error that says where in it the mistake is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from human_loop_events import FieldMapping, FlowDefinitions
from stacks.deployment import Deployment
from tests.infrastructure.pattern_cases import flow_definition


def test_without_configuration_there_is_one_deployment_with_defaults() -> None:
    (deployment,) = Deployment.from_context(None)

    assert deployment == Deployment()
    assert deployment.stack_name == "HumanLoops"
    assert deployment.flow_definitions_matched == FlowDefinitions.any()


def test_each_entry_is_a_deployment() -> None:
    context = {
        "dev": {},
        "prod-eu": {"account": "111122223333", "region": "eu-west-1", "statuses": ["Failed"]},
    }

    dev, prod = Deployment.from_context(context)

    assert (dev.stack_name, prod.stack_name) == ("HumanLoops-dev", "HumanLoops-prod-eu")
    assert prod.statuses == ("Failed",)


def test_context_of_the_command_line_is_json() -> None:
    context = {"dev": {"flow_definitions": ["invoices"], "include_values": True}}

    assert Deployment.from_context(json.dumps(context)) == Deployment.from_context(context)


@pytest.mark.parametrize(
    ("values", "matched"),
    [
        (["invoices", "claims"], FlowDefinitions.named("invoices", "claims")),
        ([flow_definition("invoices")], FlowDefinitions.arns(flow_definition("invoices"))),
        ([], FlowDefinitions.any()),
    ],
)
def test_flow_definitions_are_names_or_arns(values: list[str], matched: FlowDefinitions) -> None:
    (deployment,) = Deployment.from_context({"dev": {"flow_definitions": values}})

    assert deployment.flow_definitions_matched == matched


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ("{not json", "context deployments: expected JSON, got '{not json'"),
        ({}, "context deployments: expected an object with an entry for each deployment"),
        ([], "context deployments: expected an object with an entry for each deployment"),
        ("[1]", "context deployments: expected an object with an entry for each deployment"),
        (
            {"my prod": {}},
            "context deployments: expected a name of letters, digits and hyphens, got 'my prod'",
        ),
        ({"prod": None}, "context deployments.prod: expected an object, got None"),
        ({"prod": "x"}, "context deployments.prod: expected an object, got 'x'"),
        (
            {"prod": {"flow_definition": ["x"]}},
            "context deployments.prod.flow_definition: unknown; expected one of account, region",
        ),
        ({"prod": {"name": "x"}}, "context deployments.prod.name: unknown"),
    ],
)
def test_configuration_of_the_wrong_shape_is_refused(context: Any, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Deployment.from_context(context)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("account", 111122223333, "12 digits in quotes"),
        ("account", "1234", "12 digits in quotes"),
        ("region", "Ireland", "a Region such as eu-west-1"),
        ("flow_definitions", "invoices", "a list of names, or one of ARNs"),
        ("flow_definitions", [""], "a list of names, or one of ARNs"),
        ("flow_definitions", [1], "a list of names, or one of ARNs"),
        ("statuses", ["InProgress"], "a list of Completed, Failed, Stopped"),
        ("statuses", "Failed", "a list of Completed, Failed, Stopped"),
        ("output_bucket", "s3://reviews", "a bucket's name"),
        ("output_prefix", "reviews/*", "a key prefix such as reviews/"),
        ("output_prefix", None, "a key prefix such as reviews/"),
        ("output_key_arn", "alias/reviews", "a KMS key's ARN"),
        ("handler_delivery", "buffered", "DIRECT or BUFFERED"),
        ("include_values", "yes", "true or false"),
        ("alert_format", "slack", "TEXT, JSON or CHAT"),
        ("alert_format", [], "TEXT, JSON or CHAT"),
        ("alert_emails", "a@example.com", "a list of e-mail addresses"),
        ("alert_emails", ["a at example.com"], "a list of e-mail addresses"),
        ("failed_loops_threshold", 0, "a whole number from 1"),
        ("failed_loops_threshold", 1.5, "a whole number from 1"),
        ("failed_loops_threshold", True, "a whole number from 1"),
    ],
)
def test_value_that_is_wrong_is_refused_with_its_place(
    field: str, value: Any, expected: str
) -> None:
    shown = tuple(value) if isinstance(value, list) else value

    with pytest.raises(
        ValueError,
        match=re.escape(f"context deployments.prod.{field}: expected {expected}, got {shown!r}"),
    ):
        Deployment.from_context({"prod": {field: value}})


@pytest.mark.parametrize("half", [{"account": "111122223333"}, {"region": "eu-west-1"}])
def test_account_and_region_go_together(half: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"deployments\.prod: account and region go together"):
        Deployment.from_context({"prod": half})


def test_mappings_are_those_of_the_constructs() -> None:
    entry: dict[str, Any] = {"name": "Category", "prediction": "guess", "answer": "category.label"}

    (deployment,) = Deployment.from_context({"dev": {"mappings": {"tickets": [entry]}}})

    assert deployment.field_mappings == {"tickets": [FieldMapping(**entry)]}


@pytest.mark.parametrize(
    ("mappings", "says"),
    [
        ([], "deployments.dev.mappings: expected an object with a list of objects"),
        ({"tickets": {}}, "deployments.dev.mappings: expected an object with a list of objects"),
        ({"tickets": [{"name": "a"}]}, r"deployments.dev.mappings.tickets\[0\]: .*'prediction'"),
        (
            {"tickets": [{"name": "a", "prediction": "b", "answer": "c["}]},
            r"deployments.dev.mappings.tickets\[0\]: .*'c\[' is not a JMESPath",
        ),
    ],
)
def test_wrong_mapping_is_named(mappings: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _ = Deployment.from_context({"dev": {"mappings": mappings}})[0].field_mappings

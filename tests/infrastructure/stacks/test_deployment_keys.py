"""A deployment can say what the constructs can do, by the same names, and the docs say so."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import jsonschema
import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_s3 as s3
from ruamel.yaml import YAML

from docs_tools.deployment_docs import (
    REFERENCE,
    SCHEMA,
    deployment_schema,
    key_table,
    with_table,
)
from human_loop_events import (
    Alerts,
    AlertsSettings,
    CorrectedDocuments,
    Delivery,
    DeliverySettings,
    HandlerDelivery,
    HumanLoopEvents,
    Ledger,
    OutcomeArchiveSettings,
    OutputBucketSettings,
    OutputLocation,
    Reconciler,
    ReconcilerSettings,
    ReviewHandler,
    ReviewHandlerSettings,
)
from stacks import deployment_keys as configured
from stacks.deployment import Deployment
from stacks.deployment_keys import Keys
from stacks.deployments_file import read_deployments
from stacks.faults import ConfigurationError, fields_within
from stacks.values import as_duration
from tests.infrastructure.cases import new_app

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
KEYS = [name for name, _ in fields_within(Deployment)]
NAMES = {key.rpartition(".")[2] for key in KEYS}

_VPC = dict.fromkeys(("vpc", "vpc_subnets", "security_groups"), "vpc, for both functions")

#: What a deployment leaves out, or says elsewhere, by model: the parameter and why.
ELSEWHERE: dict[type[Keys], dict[str, str]] = {
    configured.Handler: _VPC,
    configured.Reconciler: _VPC,
    configured.HandlerDelivery: {
        "function_timeout": "for a function of one's own, which only the constructs take"
    },
    configured.Alerts: {},
    configured.Delivery: {},
    configured.Archive: {},
    configured.OutcomeArchive: {},
    configured.Output: {"flow_definitions": "those of FurtherOutput, and the others of output"},
    configured.OutputBucket: {},
    configured.CorrectedDocuments: {},
    configured.ExistingLedger: {"encryption_key": "the key of the table, not of a new one"},
    configured.Silence: {},
    configured.LowAgreement: {},
    Deployment: {},
}

#: What a model has beyond the parameters, and why.
BEYOND: dict[type[Keys], set[str]] = {
    configured.Output: {"encrypted_by_s3"},  # acknowledges a warning
    configured.CorrectedDocuments: {"encrypted_by_s3"},  # acknowledges a warning
    configured.Reconciler: {"enabled"},  # reconciler=False
    configured.HandlerDelivery: {"buffered"},  # HandlerDelivery.buffered()
    configured.OutcomeArchive: {"enabled"},  # outcome_archive=None
    configured.ExistingLedger: {"arn", "encryption_key"},  # table=Table.from_table_attributes(…)
    Deployment: {
        *("name", "account", "region", "tags", "termination_protection", "permissions_boundary"),
        *("alert_emails", "alert_on_silence", "alert_on_low_agreement", "vpc"),
        *("admits", "hub"),  # HumanLoopHub as event_bus, HumanLoopSpoke
        # add_archive(…), add_callbacks(), add_dashboard(), output=OutputBucketSettings(…)
        *("archive", "callbacks", "dashboard", "output_bucket"),
        "further_outputs",  # output=[OutputLocation(…), …]
    },
}


def _parameters(function: Callable[..., Any]) -> set[str]:
    return {
        name
        for name in inspect.signature(function).parameters
        if name not in ("self", "cls", "scope", "construct_id")
    }


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (configured.Handler, set(get_type_hints(ReviewHandlerSettings))),
        (configured.Alerts, set(get_type_hints(AlertsSettings))),
        (configured.Delivery, set(get_type_hints(DeliverySettings))),
        (configured.Reconciler, set(get_type_hints(ReconcilerSettings))),
        (configured.HandlerDelivery, _parameters(HandlerDelivery.buffered)),
        (configured.Archive, _parameters(HumanLoopEvents.add_archive)),
        (configured.OutcomeArchive, set(get_type_hints(OutcomeArchiveSettings))),
        (configured.Output, _parameters(OutputLocation)),
        (configured.CorrectedDocuments, _parameters(CorrectedDocuments)),
        (configured.OutputBucket, set(get_type_hints(OutputBucketSettings))),
        (configured.ExistingLedger, _parameters(Ledger.__init__) - {"table"}),
        (configured.Silence, _parameters(HumanLoopEvents.alert_on_silence)),
        (configured.LowAgreement, _parameters(HumanLoopEvents.alert_on_low_agreement)),
        (Deployment, _parameters(HumanLoopEvents.__init__)),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
def test_every_parameter_is_a_key_of_the_same_name(model: type[Keys], names: set[str]) -> None:
    keys = set(model.model_fields) - BEYOND.get(model, set())

    assert names
    assert all(ELSEWHERE[model].values())
    assert keys == names - ELSEWHERE[model].keys()


#: Settings in the runbook that are no keys, and why.
NOT_IN_A_DEPLOYMENT = {
    "failure_codes": "a parameter of on_failed, which adds a target in an app of one's own",
}


def test_runbook_recommends_no_setting_that_a_deployment_lacks() -> None:
    runbook = (DOCS / "operations.md").read_text(encoding="utf-8")
    settings = {
        name
        for construct in (Alerts, Delivery, HumanLoopEvents, Ledger, ReviewHandler, Reconciler)
        for called, method in inspect.getmembers(construct, inspect.isfunction)
        if called == "__init__" or not called.startswith("_")
        for name in _parameters(method)
    } | _parameters(HandlerDelivery.buffered)
    code = " ".join(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", runbook, flags=re.DOTALL)))
    named = {name for name in settings if re.search(rf"(?<![\w$-]){name}(?![\w(-])", code)}

    assert named >= {"failure_threshold", "max_output_size", "memory_size", "schedule"}
    assert named - NAMES == NOT_IN_A_DEPLOYMENT.keys()


def test_schema_of_the_docs_is_that_of_the_definition() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == deployment_schema(), "make schema"


def test_table_of_the_docs_is_that_of_the_definition() -> None:
    reference = REFERENCE.read_text(encoding="utf-8")

    assert with_table(reference) == reference, "make schema"
    leaves = [key for key in KEYS if not any(each.startswith(f"{key}.") for each in KEYS)]
    assert len(leaves) > 50
    assert [key for key in leaves if f"| `{key}` |" not in key_table()] == []


def _keys_of(schema: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> set[str]:
    keys = set()
    for name, value in schema["properties"].items():
        keys.add(f"{prefix}{name}")
        within = definitions.get(value.get("$ref", "").rpartition("/")[2], {})
        if "properties" in within:
            keys |= _keys_of(within, definitions, f"{prefix}{name}.")
    return keys


def test_schema_knows_every_key_and_tells_what_it_does() -> None:
    schema = deployment_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    definitions = schema["$defs"]

    assert _keys_of(definitions["Deployment"], definitions) == set(KEYS)
    objects = [each for each in definitions.values() if "properties" in each]
    assert len(objects) > 10
    for definition in objects:
        assert definition["additionalProperties"] is False
        for value in definition["properties"].values():
            assert re.search(r"Expected: .+\. Default: .+\.$", value["description"])


@pytest.mark.parametrize(
    ("entry", "is_right"),
    [
        ({}, True),
        ({"statuses": ["Failed"], "handler": {"timeout": "5 minutes"}}, True),
        ({"alerts": {"alert_format": "CHAT"}, "tags": {"cost-centre": "1"}}, True),
        ({"reconciler": {"log_retention": "ONE_MONTH"}}, True),
        ({"region": None}, False),
        ({"flow_definitions": []}, False),
        ({"handler": {"timeout": 5}}, False),
        ({"handler": {"memory_size": 128}}, False),
        ({"handler": {"memory": 512}}, False),
        ({"output": {}}, False),
        ({"alerts": {"alert_format": "slack"}}, False),
    ],
)
def test_schema_takes_what_the_app_takes(entry: dict[str, Any], is_right: bool) -> None:
    validator = jsonschema.Draft202012Validator(deployment_schema())
    accepted = True
    try:
        read_deployments({"prod": entry})
    except ConfigurationError:
        accepted = False

    assert accepted == is_right
    assert validator.is_valid({"deployments": {"prod": entry}}) == is_right


def test_yaml_of_the_docs_is_accepted() -> None:
    seen = 0
    for page in DOCS.glob("*.md"):
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            content = YAML(typ="safe", pure=True).load(block)
            if "deployments" in content:
                seen += 1
                jsonschema.validate(content, deployment_schema())
                assert read_deployments(content["deployments"])

    assert seen >= 2


@pytest.mark.parametrize(
    ("model", "construct", "name", "least", "most"),
    [
        (configured.Handler, "handler", "memory_size", 256, 10_240),
        (configured.HandlerDelivery, "handler_delivery", "max_concurrency", 2, 1000),
        (configured.Delivery, "delivery", "retry_attempts", 0, 185),
        (configured.Handler, "handler", "timeout", "2 minutes", "15 minutes"),
        (configured.Delivery, "delivery", "max_event_age", "1 minute", "1 day"),
        (configured.Reconciler, "reconciler", "schedule", "15 minutes", "1 day"),
        (configured.Alerts, "alerts", "failure_period", "1 minute", "1 day"),
    ],
)
def test_bounds_are_those_of_the_constructs(
    model: type[Keys], construct: str, name: str, least: Any, most: Any
) -> None:
    made = _makers()[construct]
    for bound, step in ((least, -1), (most, 1)):
        value: Any = getattr(model.model_validate({name: bound}), name)
        outside = value + (timedelta(minutes=step) if isinstance(value, timedelta) else step)
        made(**{name: _for_cdk(value)})
        with pytest.raises(ValueError, match=name):
            made(**{name: _for_cdk(outside)})
        with pytest.raises(ValueError, match=name):
            model.model_validate({name: outside})


def _for_cdk(value: Any) -> Any:
    return as_duration(value) if isinstance(value, timedelta) else value


def _makers() -> dict[str, Callable[..., object]]:
    def stack() -> Stack:
        return Stack(new_app(), "Stack")

    def reconciler(**settings: Any) -> object:
        scope = stack()
        return Reconciler(
            scope,
            "Reconciler",
            ledger=Ledger(scope, "Ledger"),
            delivery=Delivery(scope, "Delivery"),
            alerts=Alerts(scope, "Alerts"),
            max_open_age=Duration.days(3),
            **settings,
        )

    def handler(**settings: Any) -> object:
        scope = stack()
        bucket = s3.Bucket.from_bucket_name(scope, "Bucket", "reviews")
        return ReviewHandler(scope, "Handler", output=OutputLocation(bucket), **settings)

    return {
        "alerts": lambda **settings: Alerts(stack(), "Alerts", **settings),
        "delivery": lambda **settings: Delivery(stack(), "Delivery", **settings),
        "handler": handler,
        "handler_delivery": HandlerDelivery.buffered,
        "reconciler": reconciler,
    }

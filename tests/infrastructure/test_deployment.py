"""The context `deployments` becomes stacks, or an error with a line for every fault in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from human_loop_events import FieldMapping, FlowDefinitions, TaskMapping
from stacks.deployment import ConfigurationError, Deployment, read_deployments
from tests.infrastructure.cases import ACCOUNT, REGION
from tests.infrastructure.pattern_cases import flow_definition

ROOT = Path(__file__).parents[2]
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"


def _faults(context: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        read_deployments(context)
    return str(error.value).splitlines()


def test_without_configuration_there_is_one_deployment_with_defaults() -> None:
    (deployment,) = read_deployments(None)

    assert deployment == Deployment()
    assert deployment.stack_name == "HumanLoops"
    assert deployment.flow_definitions_matched == FlowDefinitions.any()


def test_each_entry_is_a_deployment() -> None:
    context = {
        "dev": {},
        "prod-eu": {"account": ACCOUNT, "region": REGION, "statuses": ["Failed"]},
    }

    dev, prod = read_deployments(context)

    assert (dev.stack_name, prod.stack_name) == ("HumanLoops-dev", "HumanLoops-prod-eu")
    assert prod.statuses == ["Failed"]


def test_context_of_the_command_line_is_json() -> None:
    context = {"dev": {"flow_definitions": ["invoices"], "include_values": True}}

    assert read_deployments(json.dumps(context)) == read_deployments(context)


@pytest.mark.parametrize(
    ("values", "matched"),
    [
        (["invoices", "claims"], FlowDefinitions.named("invoices", "claims")),
        ([flow_definition("invoices")], FlowDefinitions.arns(flow_definition("invoices"))),
    ],
)
def test_flow_definitions_are_names_or_arns(values: list[str], matched: FlowDefinitions) -> None:
    (deployment,) = read_deployments({"dev": {"flow_definitions": values}})

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
            "context deployments.prod.flow_definition: unknown (did you mean flow_definitions?); "
            "expected one of account, region",
        ),
    ],
)
def test_configuration_of_the_wrong_shape_is_refused(context: Any, says: str) -> None:
    (fault,) = _faults(context)

    assert fault.startswith(says)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("account", 111122223333, "12 digits in quotes"),
        ("account", "1234", "12 digits in quotes"),
        ("region", "Ireland", "a Region such as eu-west-1"),
        ("region", "eu-wst-1", "a Region such as eu-west-1"),
        ("flow_definitions", "invoices", "a list of names, or one of ARNs, with at least one"),
        ("flow_definitions", [""], "a list of names, or one of ARNs, with at least one"),
        ("flow_definitions", [1], "a list of names, or one of ARNs, with at least one"),
        ("flow_definitions", [], "a list of names, or one of ARNs, with at least one"),
        ("statuses", ["InProgress"], "a list of Completed, Failed, Stopped, with at least one"),
        ("statuses", "Failed", "a list of Completed, Failed, Stopped, with at least one"),
        ("statuses", [], "a list of Completed, Failed, Stopped, with at least one"),
        ("output_bucket", "s3://reviews", "the name of the bucket in the flow definitions'"),
        ("output_prefix", "reviews/*", "a key prefix such as reviews/"),
        ("output_prefix", "s3://reviews/a2i/", "a key prefix such as reviews/"),
        ("output_prefix", None, "a key prefix such as reviews/"),
        ("output_key_arn", "alias/reviews", "the ARN of the KMS key of the output"),
        ("handler_delivery", "buffered", "DIRECT or BUFFERED"),
        ("include_values", "yes", "true or false: whether outcomes carry values"),
        ("include_values", 1, "true or false: whether outcomes carry values"),
        ("mappings", [], "for custom tasks: an object by flow definition"),
        ("mappings", {"tickets": 5}, "for custom tasks: an object by flow definition"),
        ("alert_format", "slack", "TEXT, JSON or CHAT"),
        ("alert_format", [], "TEXT, JSON or CHAT"),
        ("alert_emails", "a@example.com", "a list of e-mail addresses, with at least one"),
        ("alert_emails", ["a at example.com"], "a list of e-mail addresses, with at least one"),
        ("alert_emails", [], "a list of e-mail addresses, with at least one"),
        ("runbook", "our wiki", "a path or URL without spaces"),
        ("failed_loops_threshold", 0, "a whole number from 1"),
        ("failed_loops_threshold", 1.5, "a whole number from 1"),
        ("failed_loops_threshold", True, "a whole number from 1"),
    ],
)
def test_value_that_is_wrong_is_refused_with_its_place(key: str, value: Any, expected: str) -> None:
    (fault,) = _faults({"prod": {key: value}})

    assert fault.startswith(f"context deployments.prod.{key}: expected {expected}")
    assert repr(value) in fault


def test_unknown_region_is_refused_with_the_nearest_one() -> None:
    (fault,) = _faults({"prod": {"account": ACCOUNT, "region": "eu-wst-1"}})

    assert "AWS has no such Region (did you mean eu-west-1?)" in fault


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"account": ACCOUNT}, "region: account and region go together, got account='1111"),
        ({"region": REGION}, "account: account and region go together, got account=None"),
        ({"output_prefix": "reviews/"}, "output_prefix: it needs output_bucket, got 'reviews/'"),
        ({"output_key_arn": KEY_ARN}, "output_key_arn: it needs output_bucket"),
        (
            {
                "account": ACCOUNT,
                "region": REGION,
                "output_bucket": "reviews",
                "output_key_arn": KEY_ARN.replace(REGION, "us-east-1"),
            },
            f"output_key_arn: expected an ARN of Region {REGION}, where this is deployed, got arn:",
        ),
        (
            {
                "account": ACCOUNT,
                "region": REGION,
                "flow_definitions": [flow_definition("x").replace(ACCOUNT, "444455556666")],
            },
            f"flow_definitions: expected an ARN of account {ACCOUNT}, where this is deployed",
        ),
        (
            {"flow_definitions": ["invoices", flow_definition("claims")]},
            "flow_definitions: FlowDefinitions.named(): 'arn:aws:sagemaker:",
        ),
        ({"flow_definitions": ["Invoices"]}, "flow_definitions: FlowDefinitions.named(): 'Invo"),
        (
            {"alert_emails": ["a@example.com", "A@example.com"]},
            "alert_emails: expected each address once, got a@example.com repeatedly",
        ),
        (
            {"mappings": {"tickets": {"sampled": "audit"}}},
            "mappings.tickets: expected a list of objects as fields, got None",
        ),
        (
            {"mappings": {"tickets": {"fields": [{"name": "a", "path": "b"}], "sample": "c"}}},
            "mappings.tickets: got an unexpected keyword argument 'sample'",
        ),
        (
            {"mappings": {"tickets": [{"name": "a"}]}},
            "mappings.tickets[0]: FieldMapping 'a': expected prediction and answer, or path",
        ),
        (
            {"mappings": {"tickets": [{"name": "a", "prediction": "b", "answer": "c["}]}},
            "mappings.tickets[0]: FieldMapping 'a': answer='c[' is not a JMESPath expression",
        ),
    ],
)
def test_contradiction_is_refused(entry: dict[str, Any], says: str) -> None:
    (fault,) = _faults({"prod": entry})

    assert fault.startswith(f"context deployments.prod.{says}")


def test_all_faults_are_reported_at_once() -> None:
    faults = _faults(
        {"dev": {"account": 1, "regoin": REGION}, "prod": {"output_prefix": "reviews/"}}
    )

    assert [fault.split(":")[0] for fault in faults] == [
        "context deployments.dev.account",
        "context deployments.dev.regoin",
        "context deployments.prod.output_prefix",
    ]


def test_mappings_are_those_of_the_constructs() -> None:
    entry: dict[str, Any] = {"name": "Category", "prediction": "guess", "answer": "category.label"}

    (deployment,) = read_deployments({"dev": {"mappings": {"tickets": [entry]}}})

    assert deployment.task_mappings == {"tickets": [FieldMapping(**entry)]}


def test_mapping_can_say_how_loops_are_sampled() -> None:
    entry: dict[str, Any] = {"name": "Category", "path": "category.label"}
    task = {"fields": [entry], "sampled": "audit"}

    (deployment,) = read_deployments({"dev": {"mappings": {"tickets": task}}})

    assert deployment.task_mappings == {
        "tickets": TaskMapping(fields=[FieldMapping(**entry)], sampled="audit")
    }


@pytest.mark.parametrize(
    ("deployments", "says"),
    [
        ({"prod": {"region": "nowhere"}}, "error: context deployments.prod.region: expected"),
        (
            # What only the constructs find out.
            {
                "prod": {
                    "flow_definitions": ["invoices"],
                    "mappings": {"claims": [{"name": "a", "prediction": "b", "answer": "c"}]},
                }
            },
            "error: deployment prod: mappings['claims']: no such flow definition; expected one of",
        ),
    ],
)
def test_wrong_configuration_ends_with_one_message_and_status_1(
    deployments: dict[str, Any], says: str, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps({"deployments": deployments}),
            "CDK_OUTDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert re.search(rf"^{re.escape(says)}", run.stderr, re.MULTILINE)
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.glob("*.template.json"))

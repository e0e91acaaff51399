"""Flow definitions that write to several buckets, in one construct."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from human_loop_events import FlowDefinitions, HumanLoopEvents, HumanLoopSpoke, OutputLocation
from stacks.create_stacks import create_stacks
from stacks.deployments_file import read_deployments
from stacks.faults import ConfigurationError
from tests.infrastructure.cases import ACCOUNT, REGION, new_app

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"


def location(stack: Stack, bucket: str, *names: str, **values: Any) -> OutputLocation:
    flow_definitions = FlowDefinitions.from_names(*names) if names else None
    imported = stack.node.try_find_child(bucket) or s3.Bucket.from_bucket_name(
        stack, bucket, bucket
    )
    return OutputLocation(imported, flow_definitions=flow_definitions, **values)  # type: ignore[arg-type]


def two(stack: Stack) -> list[OutputLocation]:
    return [
        location(stack, "lending", "claims", prefix="reviews/"),
        location(stack, "sales", "invoices", encryption_key=kms.Key.from_key_arn(stack, "K", KEY)),
    ]


NAMES = FlowDefinitions.from_names("claims", "invoices")


def readable(template: Template) -> dict[str, str]:
    """Return the statements of each output policy."""
    return {
        name: json.dumps(each["Properties"]["PolicyDocument"]["Statement"])
        for name, each in template.find_resources("AWS::IAM::ManagedPolicy").items()
        if "OutputPolicy" in name
    }


def test_handler_reads_each_flow_definition_where_it_writes_and_nowhere_else() -> None:
    stack = Stack(new_app(), "Loops")
    HumanLoopEvents(stack, "Loops", flow_definitions=NAMES, output=two(stack))
    first, second = readable(Template.from_stack(stack)).values()
    assert "lending/reviews/claims/*" in first
    assert "sales/invoices/*" in second
    assert "sales" not in first
    assert KEY not in first
    assert KEY in second
    assert "claims" not in second


def test_consumer_gets_all_locations_and_outputs_name_them() -> None:
    stack = Stack(new_app(), "Loops")
    loops = HumanLoopEvents(stack, "Loops", flow_definitions=NAMES, output=two(stack))
    loops.grant_read_output(iam.Role(stack, "R", assumed_by=iam.AccountRootPrincipal()))
    loops.add_outputs()
    template = Template.from_stack(stack)
    paths = {
        name: each["Value"] for name, each in template.find_outputs("*").items() if "S3Out" in name
    }
    assert paths == {
        "S3OutputPath": "s3://lending/reviews/",
        "S3OutputPath2": "s3://sales/",
    }
    assert template.find_outputs("OutputKeyArn2")
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    assert "sales/invoices/*" in json.dumps(policy)
    assert "lending/reviews/claims/*" in json.dumps(policy)
    assert len(loops.output_locations) == 2
    with pytest.raises(ValueError, match="there are 2 output locations; expected output_locations"):
        _ = loops.output


def test_location_without_flow_definitions_is_that_of_all_of_the_construct() -> None:
    stack = Stack(new_app(), "Loops")
    outputs = [location(stack, "lending", "claims"), location(stack, "sales")]
    HumanLoopEvents(stack, "Loops", flow_definitions=NAMES, output=outputs)
    _, second = readable(Template.from_stack(stack)).values()
    assert "sales/claims/*" in second
    assert "sales/invoices/*" in second


def test_spoke_lets_the_hub_read_all_locations() -> None:
    stack = Stack(new_app(), "Spoke")
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/reviews-hub"
    HumanLoopSpoke(stack, "Spoke", hub=bus, flow_definitions=NAMES, output=two(stack))
    assert len(readable(Template.from_stack(stack))) == 2


@pytest.mark.parametrize(
    ("outputs", "flow_definitions", "says"),
    [
        ([], NAMES, "output: expected OutputLocation(bucket, prefix=…), or a list of them, got []"),
        (["s3://b"], NAMES, "output: expected OutputLocation(…) or a list with OutputLocation(…)"),
        (
            [("bucket", "claims"), ("bucket", "invoices")],
            NAMES,
            "output: s3://bucket/ is there twice",
        ),
        (
            [("sales", "claims"), ("lending", "tickets")],
            NAMES,
            "'tickets' writes to one of the locations, b",
        ),
        (
            [("sales", "claims"), ("lending", "claims")],
            NAMES,
            "'invoices' writes to none of the locations",
        ),
        (
            [("sales", "claims"), ("lending", "invoices")],
            None,
            "the construct matches all of the account",
        ),
    ],
)
def test_locations_that_some_loop_does_not_have_are_refused(
    outputs: list[Any], flow_definitions: FlowDefinitions | None, says: str
) -> None:
    stack = Stack(new_app(), "Loops")
    made = [location(stack, *each) if isinstance(each, tuple) else each for each in outputs]
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared below
        HumanLoopEvents(stack, "Loops", flow_definitions=flow_definitions, output=made)
    assert says in str(error.value)


def deployment(**changes: Any) -> dict[str, Any]:
    return {
        "prod": {
            "account": ACCOUNT,
            "region": REGION,
            "flow_definitions": ["claims", "invoices"],
            "output": {"bucket": "lending", "prefix": "reviews/"},
            "further_outputs": [
                {"bucket": "sales", "encryption_key": KEY, "flow_definitions": ["invoices"]}
            ],
            **changes,
        }
    }


def test_one_deployment_has_several_outputs() -> None:
    (stack,) = create_stacks(new_app(), read_deployments(deployment()))
    first, second = readable(Template.from_stack(stack)).values()
    assert "lending/reviews/claims/*" in first
    assert "invoices" not in first
    assert "sales/invoices/*" in second
    assert KEY in second


@pytest.mark.parametrize(
    ("flow_definitions", "says"),
    [
        (["tickets"], "further_outputs[0].flow_definitions: 'tickets' is none of flow_definitions"),
        (["claims", "invoices"], "further_outputs: each of flow_definitions writes to one of them"),
    ],
)
def test_further_output_of_other_flow_definitions_is_refused(
    flow_definitions: list[str], says: str
) -> None:
    further = [{"bucket": "sales", "flow_definitions": flow_definitions}]
    with pytest.raises(ConfigurationError) as error:
        read_deployments(deployment(further_outputs=further))
    assert says in str(error.value)

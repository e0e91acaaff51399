"""Managed policies fit IAM's limit with physical names, and one that cannot fit is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from human_loop_events import (
    Delivery,
    FlowDefinitions,
    HumanLoopEvents,
    HumanLoopFilter,
    OutputLocation,
    ReviewHandler,
)
from tests.infrastructure.cases import RECOMMENDED_FLAGS, Synthesized, new_app, synthesize
from tests.infrastructure.cases.resources import create_bucket, create_key
from tests.infrastructure.cases.reviews import MANY_NAMES

MAX_CHARACTERS = 6144

#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICIES_OF_A_ROLE = 10

PARTITION, REGION, ACCOUNT = "aws-us-gov", "ap-southeast-7", "111122223333"

#: The ARN of a resource and the limit of its physical name, which CloudFormation cuts off.
ARNS: dict[str, tuple[str, int]] = {
    "AWS::DynamoDB::GlobalTable": ("dynamodb:{region}:{account}:table/{name}", 255),
    "AWS::DynamoDB::Table": ("dynamodb:{region}:{account}:table/{name}", 255),
    "AWS::Events::EventBus": ("events:{region}:{account}:event-bus/{name}", 256),
    "AWS::Glue::Database": ("glue:{region}:{account}:database/{name}", 255),
    "AWS::KinesisFirehose::DeliveryStream": (
        "firehose:{region}:{account}:deliverystream/{name}",
        64,
    ),
    "AWS::KMS::Key": ("kms:{region}:{account}:key/mrk-{name}", 32),
    "AWS::Logs::LogGroup": ("logs:{region}:{account}:log-group:{name}:*", 512),
    "AWS::Logs::LogStream": ("logs:{region}:{account}:log-stream:{name}", 512),
    "AWS::S3::Bucket": ("s3:::{name}", 63),
    "AWS::SNS::Topic": ("sns:{region}:{account}:{name}", 256),
    "AWS::SQS::Queue": ("sqs:{region}:{account}:{name}", 80),
}


def _deployed(value: Any, resources: Mapping[str, dict[str, Any]], stack_name: str) -> Any:
    """Write what CloudFormation makes of references, with names of realistic length."""
    match value:
        case list():
            return [_deployed(each, resources, stack_name) for each in value]
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_deployed(part, resources, stack_name) for part in parts)
        case {"Ref": "AWS::Partition"}:
            return PARTITION
        case {"Ref": "AWS::Region"}:
            return REGION
        case {"Ref": "AWS::AccountId"}:
            return ACCOUNT
        case {"Ref": logical_id} | {"Fn::GetAtt": [logical_id, "Arn"]}:
            arn, longest = ARNS[resources[logical_id]["Type"]]
            name = f"{stack_name}-{logical_id}-ABCDEFGHIJKL"[:longest]
            if resources[logical_id]["Type"] == "AWS::KMS::Key":
                name = "0123456789abcdef" * 2
            return f"arn:{PARTITION}:" + arn.format(region=REGION, account=ACCOUNT, name=name)
        case dict():
            unknown = [each for each in value if each.startswith("Fn::")]
            assert not unknown, value
            return {name: _deployed(each, resources, stack_name) for name, each in value.items()}
    return value


def _sizes(resources: Mapping[str, dict[str, Any]], stack_name: str) -> dict[str, int]:
    """Return the characters of each managed policy as it is deployed."""
    return {
        logical_id: len(
            json.dumps(
                _deployed(resource["Properties"]["PolicyDocument"], resources, stack_name),
                separators=(",", ":"),
            )
        )
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    }


def test_every_managed_policy_fits(synthesized: Synthesized) -> None:
    sizes = _sizes(synthesized.resources, synthesized.stack_name)

    assert bool(sizes) == (synthesized.name != "composed-without-handler")
    assert all(100 < size <= MAX_CHARACTERS for size in sizes.values()), sizes


def _names(length: int, count: int) -> list[str]:
    return [f"{number:04}".rjust(length, "f")[-length:] for number in range(count)]


def _most_names_in_a_pattern(length: int) -> list[str]:
    names = _names(length, 100)
    while True:
        try:
            loops = HumanLoopFilter(flow_definitions=FlowDefinitions.from_names(*names))
            loops.pattern(detail=loops.tests_excluded)
        except ValueError as error:
            (fitting,) = re.findall(r"the first (\d+) fit", str(error))
            names = names[: int(fitting)]
        else:
            return names


@pytest.mark.parametrize(
    ("length", "prefix", "stack_name", "flags"),
    [*product([4, 20, 63], ["", "reviews/", "p" * 100], ["L", "L" * 128], [RECOMMENDED_FLAGS, {}])],
    ids=lambda value: str(value if isinstance(value, int) else len(value)),
)
@pytest.mark.full
def test_policies_fit_for_the_most_names_that_fit_an_event_pattern(
    length: int, prefix: str, stack_name: str, flags: dict[str, Any]
) -> None:
    stack = Stack(new_app(flags), stack_name)
    names = _most_names_in_a_pattern(length)
    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.from_names(*names),
        output=OutputLocation(
            create_bucket(stack, "Output", create_key(stack, "Key")), prefix=prefix
        ),
    )

    resources = Template.from_stack(stack).to_json()["Resources"]

    sizes = _sizes(resources, stack_name)
    assert len(names) > 20
    assert 3 <= len(sizes) <= 1 + MAX_POLICIES_OF_A_ROLE
    assert max(sizes.values()) <= MAX_CHARACTERS


@pytest.mark.parametrize("stack_name", ["L", "L" * 128], ids=["short stack", "long stack"])
@pytest.mark.parametrize("names", [MANY_NAMES, _names(63, 60)], ids=["20", "63"])
def test_policies_fit_for_60_names(names: list[str], stack_name: str) -> None:
    stack = Stack(new_app(), stack_name)
    ReviewHandler(
        stack,
        "ReviewHandler",
        output=OutputLocation(
            create_bucket(stack, "Output", create_key(stack, "Key")), prefix="reviews"
        ),
        flow_definitions=FlowDefinitions.from_names(*names),
    )

    resources = Template.from_stack(stack).to_json()["Resources"]

    sizes = _sizes(resources, stack_name)
    assert 3 <= len(sizes) <= MAX_POLICIES_OF_A_ROLE
    assert max(sizes.values()) <= MAX_CHARACTERS


def test_names_are_not_split_over_more_policies_than_they_need() -> None:
    sizes = _sizes(synthesize("many-flow-definitions").resources, "Loops")
    reading = [size for logical_id, size in sizes.items() if "OutputPolicy" in logical_id]

    assert len(reading) == 2
    assert max(reading) > MAX_CHARACTERS / 2


@pytest.mark.full
def test_policy_that_cannot_fit_is_refused_with_the_figure() -> None:
    stack = Stack(new_app(), "Loops")
    delivery = Delivery(stack, "Delivery")
    loops = HumanLoopEvents(stack, "HumanLoops", delivery=delivery)
    for number in range(80):
        topic = sns.Topic(stack, f"Topic{number}")
        loops.on_event(f"Rule{number}", target=delivery.topic_target(topic))

    with pytest.raises(
        RuntimeError,
        match=r"policy Loops/Delivery/Policy can have \d,\d{3} characters .* allows 6,144",
    ):
        Template.from_stack(stack)


def test_more_policies_than_a_role_can_have_are_refused_with_the_figure() -> None:
    stack = Stack(new_app(), "Loops")

    output = OutputLocation(
        create_bucket(stack, "Output", create_key(stack, "Key")), prefix="p" * 900
    )
    flow_definitions = FlowDefinitions.from_names(*_names(63, 60))

    with pytest.raises(ValueError, match=r"60 flow definitions takes \d{2} managed policies"):
        ReviewHandler(stack, "ReviewHandler", output=output, flow_definitions=flow_definitions)

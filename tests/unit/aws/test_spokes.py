"""A hub reads each output with the role of the loop's own account, and with no other one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from human_loop_reviews.a2i.event import HumanLoopEvent, parse_event
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.aws.spokes import Spokes
from tests.unit.conftest import ended_loop

HUB = "reviews-hub"


def loop(account: str = "444455556666", region: str = "us-east-1") -> HumanLoopEvent:
    arn = f"arn:aws:sagemaker:{region}:{account}"
    return parse_event(
        ended_loop(
            humanLoopArn=f"{arn}:human-loop/l", flowDefinitionArn=f"{arn}:flow-definition/claims"
        )
    )


class World:
    """STS as botocore's model has it, and the clients that were made."""

    def __init__(self) -> None:
        self.sts = boto3.client("sts")
        self.stubber = Stubber(self.sts)
        self.stubber.activate()
        self.made: list[tuple[str, str]] = []
        self.spokes = Spokes(self.sts, HUB, self._create)

    def _create(self, service: str, credentials: dict[str, Any], region: str) -> str:
        assert service == "s3"
        self.made.append((credentials["AccessKeyId"], region))
        return f"client {len(self.made)}"

    def expect_role(self, role: str, *, minutes: int = 60) -> None:
        self.stubber.add_response(
            "assume_role",
            {
                "Credentials": {
                    "AccessKeyId": "AKIDEXAMPLE00000",
                    "SecretAccessKey": "secret",
                    "SessionToken": "token",
                    "Expiration": datetime.now(UTC) + timedelta(minutes=minutes),
                }
            },
            {"RoleArn": role, "RoleSessionName": "human-loop-reviews"},
        )


def test_role_is_that_of_the_loops_account_and_region() -> None:
    world = World()
    world.expect_role("arn:aws:iam::444455556666:role/reviews-hub-output-us-east-1")
    world.expect_role("arn:aws:iam::777788889999:role/reviews-hub-output-eu-west-1")

    assert world.spokes.s3(loop()) == "client 1"
    assert world.spokes.s3(loop("777788889999", "eu-west-1")) == "client 2"
    assert [region for _, region in world.made] == ["us-east-1", "eu-west-1"]


def test_credentials_are_kept_until_shortly_before_they_expire() -> None:
    world = World()
    role = "arn:aws:iam::444455556666:role/reviews-hub-output-us-east-1"
    world.expect_role(role, minutes=60)
    assert world.spokes.s3(loop()) == world.spokes.s3(loop()) == "client 1"

    world = World()
    world.expect_role(role, minutes=10)
    world.expect_role(role, minutes=60)
    assert (world.spokes.s3(loop()), world.spokes.s3(loop())) == ("client 1", "client 2")


def test_one_role_is_assumed_for_all_clients_of_a_spoke() -> None:
    world = World()
    world.expect_role("arn:aws:iam::444455556666:role/reviews-hub-output-us-east-1")
    spokes = Spokes(world.sts, HUB)
    for _ in range(2):
        assert spokes.s3(loop()).meta.service_model.service_name == "s3"
        a2i = spokes.a2i_runtime(loop()).meta
        assert (a2i.service_model.service_name, a2i.region_name) == (
            "sagemaker-a2i-runtime",
            "us-east-1",
        )
    world.stubber.assert_no_pending_responses()


def test_clients_of_many_spokes_do_not_fill_the_memory() -> None:
    world = World()
    for number in range(40):
        account = f"{number:012}"
        world.expect_role(f"arn:aws:iam::{account}:role/reviews-hub-output-us-east-1")
        world.spokes.s3(loop(account))
    assert len(world.spokes._roles) == 16


def test_missing_role_is_named() -> None:
    world = World()
    world.stubber.add_client_error("assume_role", "AccessDenied", "is not authorized")
    with pytest.raises(CallError) as error:
        world.spokes.s3(loop())
    assert "role arn:aws:iam::444455556666:role/reviews-hub-output-us-east-1 of the spoke" in str(
        error.value
    )


def test_loop_without_an_account_assumes_no_role() -> None:
    event = parse_event(ended_loop(humanLoopArn="arn:aws:sagemaker:x"))
    with pytest.raises(UnreadableOutputError, match="the account and the Region of the spoke"):
        World().spokes.s3(event)


def test_sdk_makes_a_client_for_the_spokes_region() -> None:
    world = World()
    world.expect_role("arn:aws:iam::444455556666:role/reviews-hub-output-us-east-1")
    client = Spokes(world.sts, HUB).s3(loop())
    assert client.meta.region_name == "us-east-1"

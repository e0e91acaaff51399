"""The event of a verification: settled like another, counted nowhere, taken for no human loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from human_loop_reviews.a2i.event import MalformedEventError, parse_event
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import LEDGER_INDEX, VERIFICATION_LOOP_PREFIX
from tests.unit.conftest import World, ended_loop, printed_metrics, sample_output

NAME = f"{VERIFICATION_LOOP_PREFIX}17-ab"
ARN = f"arn:aws:sagemaker:eu-west-1:111122223333:human-loop/{NAME}"


def verification(*, age: timedelta = timedelta(), **changes: Any) -> dict[str, Any]:
    detail = {"humanLoopName": NAME, "humanLoopArn": ARN, "verification": "17-ab", **changes}
    return ended_loop(
        source="human-loop-events",
        time=f"{datetime.now(UTC) - age:%Y-%m-%dT%H:%M:%SZ}",
        creationTime="2026-03-14T09:12:44.318Z",
        **{key: value for key, value in detail.items() if value is not None},
    )


def test_verification_is_published_and_recorded_and_has_no_metrics(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_output("output.json", sample_output("custom-classifier", humanLoopName=NAME))
    world.settler.settle(verification())
    (event,), (item,) = world.outcomes(), world.ledger()
    assert (event["detail"]["verification"], item["verification"]) == ("17-ab", {"S": "17-ab"})
    assert event["detail"]["endTime"]
    assert printed_metrics(capsys) == []


def test_unreadable_verification_has_no_metrics(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_output("output.json", "[]")
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(verification())
    assert printed_metrics(capsys) == []


def test_item_of_a_verification_is_not_in_the_index_and_is_deleted_after_a_day(
    world: World,
) -> None:
    world.settler.settle(verification(humanLoopStatus="Stopped", humanLoopOutput={}))
    (item,) = world.ledger()
    assert "endTime" not in item
    assert world.dynamodb.scan(TableName="ledger", IndexName=LEDGER_INDEX)["Items"] == []
    in_seconds = int(item["expiresAt"]["N"]) - datetime.now(UTC).timestamp()
    assert 23 * 3600 < in_seconds <= 24 * 3600


def test_repeated_event_of_a_verification_that_is_over_ends_quietly(world: World) -> None:
    world.settler.settle(verification(age=timedelta(hours=2)))
    assert world.outcomes() == world.ledger() == []


def test_verification_of_another_stack_is_neither_settled_nor_an_error(world: World) -> None:
    """Its output is removed meanwhile, or is not in this stack's bucket."""
    world.settler.settle(verification(verifiedLedger="ledger-of-another-stack"))
    assert world.outcomes() == world.ledger() == []
    world.put_output("output.json", sample_output("custom-classifier", humanLoopName=NAME))
    world.settler.settle(verification(verifiedLedger="ledger"))
    assert len(world.ledger()) == 1


def test_verified_ledger_of_a_human_loop_is_ignored(world: World) -> None:
    world.settler.settle(ended_loop("Failed", output_key=None, verifiedLedger="another"))
    assert len(world.ledger()) == 1


def test_real_loop_is_settled_however_old_its_event_is(world: World) -> None:
    world.settler.settle(ended_loop("Failed", output_key=None))
    assert len(world.ledger()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"humanLoopArn": "arn:aws:sagemaker:eu-west-1:1:human-loop/invoice-1042"},
        {"humanLoopName": "invoice-1042"},
        {"humanLoopArn": "arn:h/invoice-1042", "humanLoopName": "invoice-1042"},
        {"verification": "another"},
        {"verification": True},
        {"verification": None},
        {"verification": ""},
    ],
)
def test_marker_and_reserved_name_need_each_other(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedEventError, match="verification"):
        parse_event(verification(**changes))


def test_event_of_aws_is_never_a_verification() -> None:
    """Only AWS sends events with its source, and its events have no marker."""
    assert parse_event(ended_loop(verification="17-ab")).verification is None

"""The ledger: one item for each loop, whatever arrives in whichever order."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from human_loop_reviews.a2i.event import HumanLoopEvent, parse_event
from human_loop_reviews.aws import ledger as ledger_module
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.aws.ledger import Ledger, precedence_of
from tests.unit.conftest import World, ended_loop

EARLY, LATE = "2019-11-14T17:49:25Z", "2019-11-14T17:49:26Z"


def loop_of(status: str = "Stopped", source: str = "aws.sagemaker", time: str = EARLY) -> Any:
    return parse_event(ended_loop(status, source=source, time=time))


def outcome_of(loop: HumanLoopEvent, **properties: Any) -> dict[str, Any]:
    return {
        "eventSource": loop.source,
        "humanLoopStatus": loop.status,
        "outcomeId": "an id",
        "outputError": None,
        "outputS3Uri": None,
        "fields": [],
        **properties,
    }


#: From the outcome that every other one replaces to the one that replaces every other one: what
#: nobody confirmed, AWS's events, what A2I confirmed, and AWS's events that A2I confirmed.
ORDER = [
    (loop_of(status, source, time)._replace(confirmed=confirmed), unreadable)
    for confirmed, source, times in (
        (False, "human-loop-events", ("2099-01-01T00:00:00Z",)),
        (False, "aws.sagemaker", (EARLY, LATE)),
        (True, "human-loop-events", (EARLY,)),
        (True, "aws.sagemaker", (EARLY, LATE)),
    )
    for time in times
    for status in ("Failed", "Stopped", "Completed")
    for unreadable in (True, False)
]


def test_precedence_is_authority_then_end_then_status_then_readability() -> None:
    texts = [precedence_of(loop, unreadable=unreadable) for loop, unreadable in ORDER]
    assert texts == sorted(set(texts))


@pytest.mark.parametrize("order", [*itertools.permutations(range(0, len(ORDER), 9))])
def test_order_of_arrival_does_not_matter(world: World, order: Sequence[int]) -> None:
    ledger = world.settler.ledger
    greatest = -1
    for place in order:
        loop, unreadable = ORDER[place]
        error = "unreadable" if unreadable else None
        outcome = outcome_of(loop, outcomeId=str(place), outputError=error)
        assert ledger.record(loop, outcome) is (place > greatest)
        greatest = max(greatest, place)
    (item,) = world.ledger()
    assert item["outcomeId"] == {"S": str(max(order))}


def test_same_outcome_is_recorded_once(world: World) -> None:
    loop, ledger = loop_of(), world.settler.ledger
    assert ledger.record(loop, outcome_of(loop, outcomeId="1"))
    assert not ledger.record(loop, outcome_of(loop, outcomeId="2"))
    assert world.ledger()[0]["outcomeId"] == {"S": "1"}


def test_recorded_outcome_is_found(world: World) -> None:
    loop, ledger = loop_of("Completed"), world.settler.ledger
    assert ledger.find(loop) is None
    ledger.record(loop, outcome_of(loop, outputS3Uri=str(loop.output)))
    entry = ledger.find(loop)
    assert entry is not None
    assert (entry.outcome_id, entry.source, entry.status) == ("an id", loop.source, "Completed")
    assert entry.output_s3_uri == str(loop.output)
    assert entry.is_authoritative
    assert entry.settles(loop)
    assert not entry.unreadable


def test_outcome_of_an_unreadable_output_settles_nothing(world: World) -> None:
    loop, ledger = loop_of("Completed"), world.settler.ledger
    ledger.record(loop, outcome_of(loop, outputError="output.json: expected JSON"))
    entry = ledger.find(loop)
    assert entry is not None
    assert entry.unreadable
    assert not entry.settles(loop)
    assert ledger.record(loop, outcome_of(loop))


def test_item_of_an_earlier_version_is_replaced(world: World) -> None:
    loop, ledger = loop_of(), world.settler.ledger
    old = {"humanLoopArn": loop.human_loop_arn, "creationTime": loop.creation_time_text}
    world.dynamodb.put_item(
        TableName="ledger", Item={name: {"S": text} for name, text in old.items()}
    )
    assert ledger.find(loop) is None
    assert ledger.record(loop, outcome_of(loop))
    assert len(world.ledger()) == 1


# A write whose answer is lost: the SDK writes again, and the condition of that write fails.


@pytest.mark.parametrize(("existing", "recorded"), [("this", True), ("another", False)])
def test_own_write_whose_answer_was_lost_is_recognised(
    monkeypatch: pytest.MonkeyPatch, existing: str, recorded: bool
) -> None:
    monkeypatch.setattr(ledger_module, "token_hex", lambda _: "this")
    client, loop = boto3.client("dynamodb"), loop_of()
    with Stubber(client) as stubber:
        stubber.add_client_error(
            "put_item",
            "ConditionalCheckFailedException",
            modeled_fields={"Item": {"writeId": {"S": existing}}},
            expected_params={
                "TableName": "ledger",
                "Item": ANY,
                "ConditionExpression": ANY,
                "ExpressionAttributeValues": ANY,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        )
        ledger = Ledger(client, "ledger", timedelta(days=1))
        assert ledger.record(loop, outcome_of(loop)) is recorded


def test_every_write_has_an_id_of_its_own(world: World) -> None:
    ids = []
    for time in (EARLY, LATE):
        loop = loop_of(time=time)
        world.settler.ledger.record(loop, outcome_of(loop))
        ids.append(world.ledger()[0]["writeId"]["S"])
    assert len({*ids}) == 2


def test_refusal_of_dynamodb_is_raised() -> None:
    client, loop = boto3.client("dynamodb"), loop_of()
    with Stubber(client) as stubber:
        stubber.add_client_error("put_item", "ThrottlingException")
        with pytest.raises(CallError, match="ThrottlingException"):
            Ledger(client, "ledger", timedelta(days=1)).record(loop, outcome_of(loop))


# What is kept


def test_outcome_is_kept_as_it_is(world: World) -> None:
    field = {"name": "Paid", "verdict": "confirmed"}
    loop = loop_of()
    world.settler.ledger.record(loop, outcome_of(loop, share=1 / 3, none=None, fields=[field]))
    (item,) = world.ledger()
    assert float(item["share"]["N"]) == 1 / 3
    assert item["none"] == {"NULL": True}
    assert item["fields"] == {"L": [{"M": {"name": {"S": "Paid"}, "verdict": {"S": "confirmed"}}}]}
    assert int(item["expiresAt"]["N"]) == 1573753765 + 400 * 86400


def test_what_dynamodb_cannot_hold_is_kept_as_text(world: World) -> None:
    nested: list[object] = []
    for _ in range(100):
        nested = [nested]
    loop = loop_of()
    values = {"predicted": 1e-200, "answers": nested, "consensus": None}
    outcome = outcome_of(
        loop, secondsWorked=[1e300, 10**50, 2.5], fields=[{"name": "Odd", "values": values}]
    )
    world.settler.ledger.record(loop, outcome)
    (item,) = world.ledger()
    assert item["secondsWorked"] == {"L": [{"S": "1e+300"}, {"S": f"1{'0' * 50}"}, {"N": "2.5"}]}
    assert json.loads(item["fields"]["L"][0]["M"]["values"]["S"]) == values


def test_end_in_the_last_year_of_the_calendar_is_recorded(world: World) -> None:
    loop = loop_of(time="9999-12-31T23:59:59Z")
    assert world.settler.ledger.record(loop, outcome_of(loop))

"""What one permission is enough for, and what it is not: the table in docs/security.md."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.callbacks.callbacks import OutcomeNotRecordedError
from human_loop_reviews.functions.review_handler import Services
from tests.unit.callbacks.test_callbacks import Waiting, waiting
from tests.unit.conftest import World, ended_loop, sample_output
from tests.unit.test_reconcile import Reconciled, found, reconciled

__all__ = ["reconciled", "waiting"]  # fixtures

FORGED_STATUSES = ("Completed", "Failed", "Stopped")


def of(loop: Any, status: str, **changes: Any) -> dict[str, Any]:
    """Return an event about a loop of A2I."""
    return ended_loop(
        status,
        **{
            "humanLoopArn": loop.arn,
            "humanLoopName": loop.name,
            "flowDefinitionArn": loop.flow_definition_arn,
            "creationTime": f"{loop.creation_time:%Y-%m-%dT%H:%M:%S}.000Z",
            **changes,
        },
    )


@pytest.mark.parametrize("status", FORGED_STATUSES)
def test_put_events_cannot_end_an_open_loop_or_resume_its_execution(
    waiting: Waiting, status: str
) -> None:
    waiting.start()
    loop = waiting.loop()
    waiting.world.put_output("output.json", sample_output("textract-invoice"))
    event = of(loop, status, source="human-loop-events")
    waiting.world.a2i.has(event, HumanLoopStatus="InProgress")
    waiting.world.settler.settle(event)
    assert waiting.world.outcomes() == waiting.world.ledger() == []
    assert waiting.result is None


def test_put_events_of_an_outcome_resumes_nothing(waiting: Waiting) -> None:
    waiting.start()
    loop = waiting.loop()
    with pytest.raises(OutcomeNotRecordedError, match=loop.arn):
        waiting.resume({"humanLoopArn": loop.arn, "outcomeId": "forged"})
    assert waiting.result is None
    assert waiting.end(loop) == waiting.result


def test_invoke_function_can_settle_an_event_of_aws_and_the_reconciler_corrects_it(
    reconciled: Reconciled,
) -> None:
    loop = reconciled.loop(status="Stopped")
    reconciled.world.settler.settle(of(loop, "Failed", output_key=None))
    assert [item["humanLoopStatus"]["S"] for item in reconciled.outcomes()] == ["Failed"]
    assert reconciled.run() == found(different=1)
    reconciled.run()
    (event,) = reconciled.sent()
    reconciled.describe(loop)
    reconciled.world.settler.settle(event)
    assert [item["humanLoopStatus"]["S"] for item in reconciled.outcomes()] == ["Stopped"]
    reconciled.world.settler.settle(
        of(loop, "Failed", output_key=None, time="2099-01-01T00:00:00Z")
    )
    assert [item["humanLoopStatus"]["S"] for item in reconciled.outcomes()] == ["Stopped"]


def test_invoke_function_cannot_settle_the_output_of_another_loop(world: World) -> None:
    world.put_output("output.json", sample_output("textract-invoice", humanLoopName="another"))
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(ended_loop())
    assert world.outcomes()[0]["detail"]["fields"] == []


def test_send_message_is_as_much_as_invoke_function_and_no_more(world: World) -> None:
    services = Services(settler=world.settler, dead_letter_queue=None, max_receives=0)

    def handle(event: dict[str, Any]) -> bool:
        return services.handle({"messageId": "1", "body": json.dumps(event), "attributes": {}})

    world.a2i.has(ended_loop("Stopped"), HumanLoopStatus="InProgress")
    assert handle(ended_loop("Stopped", source="human-loop-events"))
    assert world.ledger() == []
    assert handle(ended_loop("Stopped"))
    assert len(world.ledger()) == 1


def test_put_item_can_resume_an_execution_with_anything(waiting: Waiting) -> None:
    waiting.start()
    loop = waiting.loop()
    outcome = waiting.settle(loop, "Failed")
    (item,) = waiting.world.ledger()
    forged = {"failureReason": {"S": "forged"}, "precedence": {"S": "9 forged 0 1"}}
    waiting.world.dynamodb.put_item(TableName="ledger", Item=item | forged)
    waiting.resume(outcome)
    assert waiting.result[1] == "forged"


def test_put_object_can_forge_answers_of_ended_loops_only(world: World) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    assert world.ledger() == world.outcomes() == [], "an output alone settles nothing"
    world.settler.settle(ended_loop())
    (event,) = world.outcomes()
    assert event["detail"]["fieldsJudged"] > 0


def test_put_rule_can_read_events_and_settles_nothing(world: World) -> None:
    session = boto3.session.Session(region_name="eu-west-1")
    sqs, events = session.client("sqs"), session.client("events")
    url = sqs.create_queue(QueueName="strangers")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:strangers"
    pattern = {"detail": {"humanLoopStatus": ["Completed"]}}
    events.put_rule(Name="strangers", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="strangers", Targets=[{"Id": "1", "Arn": arn}])
    event = ended_loop(source="human-loop-events")
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
    }
    events.put_events(Entries=[entry])
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["detail"] == event["detail"]
    assert world.ledger() == world.outcomes() == []

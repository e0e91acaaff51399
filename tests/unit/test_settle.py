"""Settling: what is published, recorded and raised for the events of a loop."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from human_loop_reviews.a2i.event import MalformedEventError
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.contract import AWS_SOURCE
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.mapping_files import MappingFiles
from human_loop_reviews.settle import OutputNotReadyError
from tests.examples import examples
from tests.unit.a2i.test_event import JSON
from tests.unit.conftest import LEDGER_ARN, World, ended_loop, printed_metrics, sample_output

TASKS = {
    "textract-invoice": "TextractForms",
    "rekognition-moderation": "RekognitionModeration",
    "custom-classifier": "Custom",
}


@pytest.mark.parametrize(("sample", "task_type"), TASKS.items())
def test_completed_loop_is_reviewed_published_and_recorded(
    world: World, sample: str, task_type: str
) -> None:
    world.put_output("output.json", sample_output(sample))
    world.settler.settle(ended_loop())
    (event,) = world.outcomes()
    assert (event["source"], event["detail-type"]) == ("human-loop-events", "Human Review Outcome")
    assert event["detail"]["taskType"] == task_type
    assert event["detail"]["humanLoopStatus"] == "Completed"
    assert event["resources"] == [event["detail"]["humanLoopArn"], LEDGER_ARN]
    (item,) = world.ledger()
    assert item["taskType"] == {"S": task_type}
    assert (item["eventSource"], item["outputError"]) == ({"S": "aws.sagemaker"}, {"NULL": True})
    assert int(item["expiresAt"]["N"]) == 1573753765 + 400 * 86400


def test_failed_loop_without_reason_is_recorded(world: World) -> None:
    world.settler.settle(ended_loop("Failed", output_key=None))
    (event,), (item,) = world.outcomes(), world.ledger()
    assert event["detail"]["failureReason"] is None
    assert event["detail"]["fields"] == []
    assert item["failureCode"] == {"NULL": True}


def test_failed_loop_with_reason_is_recorded(world: World) -> None:
    world.settler.settle(
        ended_loop("Failed", output_key=None, failureCode="Expired", failureReason='"\n')
    )
    (item,) = world.ledger()
    assert (item["failureCode"], item["failureReason"]) == ({"S": "Expired"}, {"S": '"\n'})


@pytest.mark.parametrize("output", [{"outputS3Uri": ""}, {"outputS3Uri": 5}, "none", []])
def test_failed_loop_is_recorded_whatever_its_output_looks_like(world: World, output: Any) -> None:
    world.settler.settle(ended_loop("Failed", humanLoopOutput=output, failureReason=5))
    (event,), (item,) = world.outcomes(), world.ledger()
    assert event["detail"]["humanLoopStatus"] == "Failed"
    assert (event["detail"]["failureReason"], event["detail"]["ignoredValues"]) == (None, 1)
    assert item["humanLoopStatus"] == {"S": "Failed"}


def test_strange_optional_values_cost_themselves_only(world: World) -> None:
    document = json.loads(sample_output("textract-invoice"))
    document["humanAnswers"][0] |= {"acceptanceTime": 5, "timeSpentInSeconds": -1, "workerId": []}
    world.put_output("output.json", json.dumps(document))
    world.settler.settle(ended_loop())
    (event,) = world.outcomes()
    assert event["detail"]["ignoredValues"] == 3
    assert event["detail"]["verdictCounts"]["corrected"] == 1


def test_stopped_loop_without_an_object_is_recorded(world: World) -> None:
    world.settler.settle(ended_loop("Stopped"))
    (event,) = world.outcomes()
    assert event["detail"]["taskType"] is None
    assert len(world.ledger()) == 1


def test_stopped_loop_with_an_output_is_reviewed(world: World) -> None:
    world.put_output("output.json", sample_output("custom-classifier"))
    world.settler.settle(ended_loop("Stopped"))
    assert world.outcomes()[0]["detail"]["taskType"] == "Custom"


def test_completed_loop_without_an_object_is_tried_again(world: World) -> None:
    with pytest.raises(OutputNotReadyError, match=r"human-loop/humanloop-nov-14-1.*output\.json"):
        world.settler.settle(ended_loop())
    assert world.outcomes() == world.ledger() == []
    world.put_output("output.json", sample_output("custom-classifier"))
    world.settler.settle(ended_loop())
    assert len(world.outcomes()) == len(world.ledger()) == 1


def test_duplicate_changes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        world.settler.settle(ended_loop("Stopped"))
    assert len(world.outcomes()) == len(world.ledger()) == len(printed_metrics(capsys)) == 1


def test_another_start_of_the_same_name_is_another_loop(world: World) -> None:
    world.settler.settle(ended_loop("Stopped"))
    world.settler.settle(ended_loop("Stopped", creationTime="2020-01-01T00:00:00.000Z"))
    assert len(world.ledger()) == 2


# Several events about one loop

EARLY, LATE = "2019-11-14T17:49:25Z", "2019-11-14T17:50:25Z"


def only_item(world: World) -> dict[str, Any]:
    """Return the one item of the ledger, without what differs between writes."""
    (item,) = world.ledger()
    return {name: value for name, value in item.items() if name != "writeId"}


def statuses(world: World) -> list[str]:
    return [each["detail"]["humanLoopStatus"] for each in world.outcomes()]


def test_later_end_replaces_an_earlier_one(world: World) -> None:
    world.settler.settle(ended_loop("Stopped", output_key=None, time=EARLY))
    world.settler.settle(ended_loop("Failed", output_key=None, time=LATE))
    assert statuses(world) == ["Stopped", "Failed"]
    assert only_item(world)["humanLoopStatus"] == {"S": "Failed"}


def test_older_stopped_after_completed_leaves_the_review_in_the_ledger(world: World) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.settler.settle(ended_loop("Completed", time=LATE))
    item = only_item(world)
    world.settler.settle(ended_loop("Stopped", time=EARLY))
    assert statuses(world) == ["Completed"]
    assert only_item(world) == item
    assert item["fieldsJudged"] == {"N": "4"}


def test_event_of_aws_that_a2i_contradicts_changes_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.a2i.has(ended_loop())
    world.settler.settle(ended_loop("Failed", source="human-loop-events"))
    item = only_item(world)
    world.settler.settle(ended_loop("Stopped", time=LATE))
    assert statuses(world) == ["Completed"]
    assert only_item(world) == item
    assert len(printed_metrics(capsys)) == 1


def test_event_of_aws_that_a2i_contradicts_is_replaced(world: World) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.a2i.has(ended_loop())
    world.settler.settle(ended_loop("Stopped", time=LATE))
    world.settler.settle(ended_loop("Stopped", source="human-loop-events"))
    assert statuses(world) == ["Stopped", "Completed"]
    assert only_item(world)["humanLoopStatus"] == {"S": "Completed"}


def test_event_of_aws_gives_a_confirmed_loop_its_end(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.a2i.has(ended_loop())
    world.settler.settle(ended_loop(source="human-loop-events", time=LATE))
    item = only_item(world)
    assert (item["eventSource"], item["recovered"]) == ({"S": "human-loop-events"}, {"BOOL": True})
    world.settler.settle(ended_loop(time=EARLY))
    assert only_item(world)["eventSource"] == {"S": "aws.sagemaker"}
    assert only_item(world)["endTime"] == {"S": EARLY}
    assert "recovered" not in only_item(world)
    assert len(world.outcomes()) == len(printed_metrics(capsys)) == 1


def test_confirmation_of_a_settled_loop_changes_its_precedence_only(world: World) -> None:
    world.settler.settle(ended_loop("Stopped", time=EARLY))
    item = only_item(world)
    world.a2i.has(ended_loop("Stopped"))
    for status in ("Stopped", "Failed"):
        world.settler.settle(ended_loop(status, source="human-loop-events", time=LATE))
    assert statuses(world) == ["Stopped"]
    confirmed = only_item(world)
    assert confirmed.pop("precedence")["S"] > item.pop("precedence")["S"]
    assert confirmed == item


STATUSES = st.sampled_from(["Completed", "Failed", "Stopped"])
EVENTS = st.builds(
    lambda status, source, time: ended_loop(status, source=source, time=time),
    STATUSES,
    st.sampled_from(["aws.sagemaker", "human-loop-events"]),
    st.sampled_from([EARLY, LATE]),
)


def settle_all(world: World, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Settle events in an empty ledger; return the item that is there afterwards."""
    for item in world.ledger():
        key = {name: item[name] for name in ("humanLoopArn", "creationTime")}
        world.dynamodb.delete_item(TableName="ledger", Key=key)
    for event in events:
        try:
            world.settler.settle(event)
        except UnreadableOutputError:
            assert (event["source"], event["detail"]["humanLoopStatus"]) != (AWS_SOURCE, "Failed")
    return only_item(world)


@pytest.mark.parametrize("output", ["readable", "{"])
@given(a2i=STATUSES, events=st.lists(EVENTS, min_size=2, max_size=4), data=st.data())
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_item_is_the_same_for_events_in_any_order_and_number(
    world: World, output: str, a2i: str, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Events that were sent again mean what A2I says, whatever they say."""
    content = sample_output("custom-classifier") if output == "readable" else output
    world.put_output("output.json", content)
    world.a2i.has(ended_loop(a2i))
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=2))
    shuffled = data.draw(st.permutations([*events, *repeated]))
    one, other = settle_all(world, events), settle_all(world, shuffled)
    sources = {event["source"] for event in events}
    if "human-loop-events" not in sources:
        assert one == other
    else:
        # When a loop ended is only known from AWS's event, which another one can have replaced.
        assert says(one) == says(other)
        assert one["humanLoopStatus"] == {"S": a2i}


def says(item: dict[str, Any]) -> dict[str, Any]:
    """Return what an item says about a loop, without its end and without who said it."""
    unknown = {"endTime", "turnaroundSeconds", "recovered", "eventSource", "expiresAt"}
    return {name: value for name, value in item.items() if name not in {*unknown, "precedence"}}


@pytest.mark.full
def test_item_is_the_same_for_every_order_of_all_kinds_of_events(world: World) -> None:
    world.put_output("output.json", sample_output("custom-classifier"))
    world.a2i.has(ended_loop())
    kinds = [
        ended_loop("Stopped", time=EARLY),
        ended_loop("Completed", time=LATE),
        ended_loop("Completed", time=LATE, source="human-loop-events"),
        ended_loop("Failed", time="2019-11-14T18:00:00Z", source="human-loop-events"),
    ]
    items = [settle_all(world, order) for order in itertools.permutations(kinds)]
    assert len(items) == 24
    assert items[0]["humanLoopStatus"] == {"S": "Completed"}
    assert items[0]["eventSource"] == {"S": "aws.sagemaker"}
    assert [item for item in items if item != items[0]] == []


def test_outcome_carries_values_only_if_asked(world: World) -> None:
    world.put_output("output.json", sample_output("custom-classifier"))
    world.settler.settle(ended_loop())
    telling = world.settling(disclosure=Disclosure(include_values=True))
    telling.settle(ended_loop(creationTime="2020-01-01T00:00:00Z"))
    without, with_values = [each["detail"]["fields"] for each in world.outcomes()]
    assert without
    assert all({"name", "verdict"} <= set(field) and "values" not in field for field in without)
    assert all("consensus" in field["values"] for field in with_values)


def test_replayed_event_of_a_settled_loop_changes_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.settler.settle(ended_loop())
    before = world.ledger()
    assert len(world.outcomes()) == 1
    assert printed_metrics(capsys)

    world.settler.settle({**ended_loop(), "replay-name": "second-consumer"})

    assert world.ledger() == before
    assert world.outcomes() == []
    assert printed_metrics(capsys) == []


def test_replayed_event_of_an_unknown_loop_settles_it(world: World) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))

    world.settler.settle({**ended_loop(), "replay-name": "second-consumer"})

    assert len(world.ledger()) == 1


def test_crash_before_the_ledger_publishes_again_with_the_same_id(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any) -> bool:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(type(world.settler.ledger), "record", crash)
        with pytest.raises(TimeoutError):
            world.settler.settle(ended_loop("Stopped"))
    world.settler.settle(ended_loop("Stopped"))
    first, second = world.outcomes()
    assert first["detail"]["outcomeId"] == second["detail"]["outcomeId"]
    assert len(world.ledger()) == 1


# Outputs that cannot be read


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b'{"humanAnswers": 3}'])
def test_unreadable_output_is_published_recorded_and_raised(world: World, content: bytes) -> None:
    world.put_output("output.json", content)
    with pytest.raises(UnreadableOutputError, match="human-loop/humanloop-nov-14-1") as caught:
        world.settler.settle(ended_loop())
    (event,) = world.outcomes()
    assert event["detail"]["outputError"] == str(caught.value)
    assert (event["detail"]["taskType"], event["detail"]["fields"]) == (None, [])
    assert only_item(world)["outputError"] == {"S": str(caught.value)}
    assert only_item(world)["outcomeId"] == {"S": event["detail"]["outcomeId"]}


def test_prediction_that_cannot_be_read_is_recorded_too(world: World) -> None:
    document = json.loads(sample_output("textract-invoice"))
    document["inputContent"]["selectedAiServiceResponse"] = 5
    world.put_output("output.json", json.dumps(document))
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(ended_loop())
    assert "selectedAiServiceResponse" in only_item(world)["outputError"]["S"]


def test_repeated_unreadable_output_is_raised_each_time_and_published_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_output("output.json", "nonsense")
    world.a2i.has(ended_loop())
    for event in (ended_loop(), ended_loop(), ended_loop(source="human-loop-events")):
        with pytest.raises(UnreadableOutputError):
            world.settler.settle(event)
    assert len(world.outcomes()) == len(world.ledger()) == len(printed_metrics(capsys)) == 1


@pytest.mark.parametrize("source", ["aws.sagemaker", "human-loop-events"])
def test_output_that_can_be_read_later_replaces_the_outcome(
    world: World, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    world.put_output("output.json", "nonsense")
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(ended_loop(time=EARLY))
    world.put_output("output.json", sample_output("textract-invoice"))
    world.a2i.has(ended_loop())
    for _ in range(2):
        world.settler.settle(ended_loop(source=source, time=EARLY))
    unreadable, readable = [each["detail"] for each in world.outcomes()]
    assert unreadable["outcomeId"] != readable["outcomeId"]
    item = only_item(world)
    assert (item["outputError"], item["eventSource"]) == ({"NULL": True}, {"S": "aws.sagemaker"})
    assert item["taskType"] == {"S": "TextractForms"}
    assert [("Unreadable" in each, "Completed" in each) for each in printed_metrics(capsys)] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    "resent",
    [
        ended_loop("Failed", source="human-loop-events", time=LATE),
        ended_loop(output_key="other.json", source="human-loop-events", time=LATE),
    ],
    ids=["another status", "another output"],
)
def test_resent_event_that_says_something_else_does_not_replace_an_unreadable_one_of_aws(
    world: World, resent: dict[str, Any]
) -> None:
    world.put_output("output.json", "nonsense")
    world.put_output("other.json", sample_output("textract-invoice"))
    world.a2i.has(ended_loop())
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(ended_loop(time=EARLY))
    item = only_item(world)
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(resent)
    assert says(only_item(world)) == says(item)


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("humanLoopName", "invoice-7", "humanLoopName: expected that of the event"),
        (
            "flowDefinitionArn",
            "arn:aws:sagemaker:us-east-1:111122223333:flow-definition/claims",
            "flowDefinitionArn: expected that of the event",
        ),
    ],
)
def test_output_of_another_loop_is_unreadable(
    world: World, name: str, value: str, place: str
) -> None:
    world.put_output("output.json", sample_output("textract-invoice", **{name: value}))
    with pytest.raises(UnreadableOutputError, match=place):
        world.settler.settle(ended_loop())
    assert world.outcomes()[0]["detail"]["fields"] == []
    assert place in only_item(world)["outputError"]["S"]


def test_output_over_the_limit_is_not_read(world: World) -> None:
    world.put_output("output.json", " " * 101)
    with pytest.raises(UnreadableOutputError, match="expected at most 100 bytes, got 101"):
        world.settling(max_output_bytes=100).settle(ended_loop())


def test_failure_reason_and_field_names_are_told_as_the_settings_say(world: World) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    settler = world.settling(
        disclosure=Disclosure(include_failure_reason=False, hash_field_names=True)
    )
    settler.settle(ended_loop("Failed", failureReason="of Jane Doe", time=EARLY))
    assert "Jane Doe" not in json.dumps(only_item(world))
    settler.settle(ended_loop("Completed", failureReason="of Jane Doe", time=LATE))
    told = json.dumps([world.outcomes(), only_item(world)])
    assert "Invoice Date" not in told
    assert "Jane Doe" not in told
    assert '"field-' in told


def test_error_of_aws_is_raised_and_names_its_loop_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    uri = {"outputS3Uri": "s3://bucket-of-somebody-else/output.json"}
    with pytest.raises(CallError, match="NoSuchBucket"):
        world.settler.settle(ended_loop(humanLoopOutput=uri))
    (record,) = (each for each in caplog.records if each.levelname == "ERROR")
    assert record.getMessage() == (
        "human loop humanloop-nov-14-1 not settled (ClientError.NoSuchBucket): Completed"
    )
    assert "The specified bucket does not exist" in vars(record)["errorMessage"]


def test_one_log_line_without_content_or_identity(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    output = sample_output("textract-invoice")
    world.put_output("output.json", output)
    with caplog.at_level(logging.INFO, logger="human_loop_reviews"):
        world.settler.settle(ended_loop())
    (record,) = (each for each in caplog.records if each.name.startswith("human_loop_reviews"))
    said = json.dumps({k: v for k, v in vars(record).items() if isinstance(v, (str, int))})
    assert record.getMessage() == "human loop humanloop-nov-14-1 settled: Completed"
    document = json.loads(output)
    for answer in document["humanAnswers"]:
        assert answer["workerId"] not in said
    blocks = document["inputContent"]["selectedAiServiceResponse"]["blocks"]
    words = [block["text"] for block in blocks if "text" in block]
    assert words
    assert not [word for word in words if len(word) > 3 and word in said]


@given(JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_settled_or_refused_by_type(world: World, event: Any) -> None:
    with pytest.raises(MalformedEventError):
        world.settler.settle(event)


@given(JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.full
def test_any_json_as_output_is_settled_or_refused_by_type(world: World, output: Any) -> None:
    world.put_output("output.json", json.dumps(output))
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(ended_loop())


class _OtherAccounts:
    """Clients of S3 by account."""

    def __init__(self, s3: Any) -> None:
        self.s3_of_spokes = s3
        self.asked: list[str] = []

    def s3(self, loop: Any) -> Any:
        self.asked.append(loop.account)
        return self.s3_of_spokes


def _of_account(account: str, status: str = "Completed", **detail: Any) -> dict[str, Any]:
    arn = f"arn:aws:sagemaker:us-east-1:{account}"
    names = {"humanLoopArn": f"{arn}:human-loop/l", "humanLoopName": "l"}
    return ended_loop(
        status, flowDefinitionArn=f"{arn}:flow-definition/claims", **{**names, **detail}
    )


def test_hub_reads_outputs_with_the_clients_of_the_spokes(world: World) -> None:
    spokes = _OtherAccounts(world.s3)
    settler = world.settling(hub="hub")._replace(s3=None, spokes=cast("Any", spokes))
    event = _of_account("444455556666")
    names = {key: event["detail"][key] for key in ("humanLoopName", "flowDefinitionArn")}
    world.put_output("output.json", sample_output("custom-classifier", **names))
    settler.settle(event)
    assert spokes.asked == ["444455556666"]
    assert [item["outputError"] for item in world.ledger()] == [{"NULL": True}]


def test_flow_definitions_of_one_name_in_two_accounts_have_metrics_and_items_of_their_own(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    settler = world.settling(hub="hub")
    for account in ("444455556666", "777788889999"):
        settler.settle(_of_account(account, "Failed", humanLoopOutput=None))
    assert [each["FlowDefinition"] for each in printed_metrics(capsys)] == [
        "444455556666/us-east-1/claims",
        "777788889999/us-east-1/claims",
    ]
    assert len(world.ledger()) == 2


@pytest.mark.parametrize(
    ("mappings", "known"),
    [
        ({"claims": "x.category"}, True),
        ({"444455556666/us-east-1/claims": "x.category"}, True),
        ({"777788889999/us-east-1/claims": "x.category"}, False),
        # The more specific one is taken.
        ({"claims": "nothing", "444455556666/us-east-1/claims": "x.category"}, True),
    ],
)
def test_mapping_in_a_hub_is_by_account_region_and_name_or_by_name(
    world: World, tmp_path: Path, mappings: dict[str, str], known: bool
) -> None:
    event = _of_account("444455556666")
    names = {key: event["detail"][key] for key in ("humanLoopName", "flowDefinitionArn")}
    content = json.dumps(
        {
            **names,
            "inputContent": {"x": {"category": "Billing"}},
            "humanAnswers": [
                {
                    "answerContent": {"x": {"category": "Billing"}},
                    "submissionTime": "2026-03-14T11:30:02Z",
                    "workerId": "w",
                }
            ],
        }
    )
    world.put_output("output.json", content)
    for key, path in mappings.items():
        file = tmp_path / f"{key}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([{"name": "Category", "path": path}]), encoding="utf-8")
    files = MappingFiles(tmp_path, source="layer")
    world.settling(hub="hub")._replace(mappings=files).settle(event)
    (outcome,) = world.outcomes()
    assert outcome["detail"]["predictionKnown"] is known


def test_account_cannot_send_the_events_of_another_one_again(world: World) -> None:
    event = {**_of_account("444455556666", "Failed"), "source": "human-loop-events"}
    with pytest.raises(MalformedEventError) as error:
        world.settler.settle({**event, "account": "777788889999"})
    assert str(error.value).endswith(
        "account: expected 444455556666, the account of "
        "arn:aws:sagemaker:us-east-1:444455556666:human-loop/l"
    )
    theirs = "arn:aws:sagemaker:us-east-1:777788889999:flow-definition/claims"
    forged = {**event, "detail": {**event["detail"], "flowDefinitionArn": theirs}}
    with pytest.raises(MalformedEventError, match="account: expected 777788889999, the account of"):
        world.settler.settle({**forged, "account": "444455556666"})
    assert world.ledger() == []
    world.a2i.has(event)
    world.settler.settle({**event, "account": "444455556666"})
    assert len(world.ledger()) == 1


def test_overwritten_output_is_reviewed_again_only_after_its_item_was_deleted(world: World) -> None:
    """The section `Outcomes` of the runbook says so."""
    world.put_output("output.json", sample_output("textract-invoice"))
    world.settler.settle(ended_loop())
    (before,) = world.outcomes()
    world.put_output("output.json", sample_output("rekognition-moderation"))

    world.settler.settle(ended_loop())
    assert world.outcomes() == []

    (item,) = world.ledger()
    key = {name: item[name] for name in ("humanLoopArn", "creationTime")}
    world.dynamodb.delete_item(TableName="ledger", Key=key)
    world.settler.settle(ended_loop())
    (after,) = world.outcomes()
    assert after["detail"]["outcomeId"] != before["detail"]["outcomeId"]

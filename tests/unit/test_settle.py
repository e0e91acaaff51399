from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings

from human_loop_reviews.a2i.event import MalformedEventError
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.settle import OutputNotReadyError
from tests.unit.a2i.test_event import JSON
from tests.unit.conftest import World, ended_loop, printed_metrics, sample_output

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
    assert event["resources"] == [event["detail"]["humanLoopArn"]]
    (item,) = world.ledger()
    assert item["taskType"] == {"S": task_type}
    assert item["settledStatuses"] == {"SS": ["Completed"]}
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


def test_another_end_of_the_same_loop_does_not_hide(world: World) -> None:
    for status in ("Stopped", "Failed", "Stopped", "Failed"):
        world.settler.settle(ended_loop(status, output_key=None))
    assert [each["detail"]["humanLoopStatus"] for each in world.outcomes()] == ["Stopped", "Failed"]
    (item,) = world.ledger()
    assert item["settledStatuses"] == {"SS": ["Failed", "Stopped"]}


def test_outcome_carries_values_only_if_asked(world: World) -> None:
    world.put_output("output.json", sample_output("custom-classifier"))
    world.settler.settle(ended_loop())
    world.settling(include_values=True).settle(ended_loop(creationTime="2020-01-01T00:00:00Z"))
    without, with_values = (each["detail"]["fields"] for each in world.outcomes())
    assert without
    assert all({"name", "verdict"} <= set(field) for field in without)
    assert all("consensus" not in field and "reviewers" not in field for field in without)
    assert all("consensus" in field for field in with_values)


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


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b'{"humanAnswers": 3}'])
def test_unreadable_output_names_the_loop(world: World, content: bytes) -> None:
    world.put_output("output.json", content)
    with pytest.raises(UnreadableOutputError, match="human-loop/humanloop-nov-14-1"):
        world.settler.settle(ended_loop())
    assert world.outcomes() == world.ledger() == []


def test_output_over_the_limit_is_not_read(world: World) -> None:
    world.put_output("output.json", " " * 101)
    with pytest.raises(UnreadableOutputError, match="expected at most 100 bytes, got 101"):
        world.settling(max_output_bytes=100).settle(ended_loop())


def test_error_of_aws_is_raised_and_names_its_loop_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    uri = {"outputS3Uri": "s3://bucket-of-somebody-else/output.json"}
    with pytest.raises(ClientError, match="NoSuchBucket"):
        world.settler.settle(ended_loop(humanLoopOutput=uri))
    (record,) = (each for each in caplog.records if each.levelname == "ERROR")
    assert record.getMessage() == (
        "human loop humanloop-nov-14-1 not settled (NoSuchBucket): Completed"
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
def test_any_json_as_output_is_settled_or_refused_by_type(world: World, output: Any) -> None:
    world.put_output("output.json", json.dumps(output))
    with pytest.raises(UnreadableOutputError):
        world.settler.settle(ended_loop())

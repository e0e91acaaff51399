"""Corrected documents: which loops have one, and in which order it is written and named."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.aws.document_store import DocumentStore
from human_loop_reviews.settle import Settler
from tests.unit.conftest import World, ended_loop, printed_metrics, sample_output
from tests.unit.test_crash_points import recorded

DOCUMENTS = "corrected-documents"
KEY = "corrected/flowdef-nov-12/2019/11/14/17/37/36.740/humanloop-nov-14-1.json"
EARLY, LATE = "2019-11-14T17:49:25Z", "2019-11-14T17:50:25Z"


@dataclass(frozen=True)
class Documented:
    """A world with a handler that writes corrected documents."""

    world: World
    settler: Settler

    def settle(self, event: dict[str, Any] | None = None, sample: str = "textract-invoice") -> None:
        self.world.put_output("output.json", sample_output(sample))
        self.settler.settle(event or ended_loop())

    def documents(self) -> dict[str, bytes]:
        """Return the documents by their keys."""
        listed = self.world.s3.list_objects_v2(Bucket=DOCUMENTS).get("Contents", [])
        return {each["Key"]: self._read(each["Key"]) for each in listed}

    def published(self) -> list[str | None]:
        return [each["detail"]["correctedDocumentS3Uri"] for each in self.world.outcomes()]

    def recorded(self) -> list[dict[str, Any]]:
        return [item["correctedDocumentS3Uri"] for item in self.world.ledger()]

    def _read(self, key: str) -> bytes:
        content: bytes = self.world.s3.get_object(Bucket=DOCUMENTS, Key=key)["Body"].read()
        return content


@pytest.fixture
def documented(world: World) -> Documented:
    world.s3.create_bucket(
        Bucket=DOCUMENTS, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    store = DocumentStore(world.s3, DOCUMENTS, "corrected/")
    return Documented(world, world.settler._replace(documents=store))


def test_document_of_a_reviewed_loop_is_named_by_its_outcome(documented: Documented) -> None:
    documented.settle()
    ((key, content),) = documented.documents().items()
    assert key == KEY
    uri = f"s3://{DOCUMENTS}/{key}"
    assert documented.published() == [uri]
    assert documented.recorded() == [{"S": uri}]
    assert json.loads(content)["fields"]


def test_document_comes_before_the_outcome_and_the_outcome_before_the_ledger(
    documented: Documented,
) -> None:
    documented.world.put_output("output.json", sample_output("textract-invoice"))
    with recorded() as steps:
        documented.settler.settle(ended_loop())
    order = [each for each in steps.names if each.startswith("Put")]
    assert order == ["PutObject", "PutEvents", "PutItem"]


def test_document_of_answers_before_the_stop_is_written(documented: Documented) -> None:
    documented.settle(ended_loop("Stopped"))
    assert len(documented.documents()) == 1


def test_repeated_event_writes_nothing(documented: Documented) -> None:
    documented.settle()
    with recorded() as steps:
        documented.settler.settle(ended_loop())
    assert "PutObject" not in steps.names


def test_retry_writes_the_same_bytes_to_the_same_key(documented: Documented) -> None:
    documented.settle()
    first = documented.documents()
    for item in documented.world.ledger():  # as if the function had ended before the ledger
        key = {name: item[name] for name in ("humanLoopArn", "creationTime")}
        documented.world.dynamodb.delete_item(TableName="ledger", Key=key)
    documented.settle()
    assert documented.documents() == first
    assert len(set(documented.published())) == 1


def test_loop_started_again_under_its_name_has_its_own_document(documented: Documented) -> None:
    documented.settle()
    documented.settle(ended_loop(creationTime="2019-11-14T17:37:36.741Z"))
    assert len(documented.documents()) == len(set(documented.published())) == 2


# Refusals


def test_loop_is_not_settled_until_its_document_is_written(
    documented: Documented, caplog: pytest.LogCaptureFixture
) -> None:
    documented.world.s3.delete_bucket(Bucket=DOCUMENTS)
    with pytest.raises(
        CallError, match=rf"human-loop/humanloop-nov-14-1, s3://{DOCUMENTS}/.*NoSuchB"
    ):
        documented.settle()
    assert "not settled (ClientError.NoSuchBucket)" in caplog.text
    assert documented.published() == []
    assert documented.world.ledger() == []
    documented.world.s3.create_bucket(
        Bucket=DOCUMENTS, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    documented.settle()
    assert len(documented.published()) == len(documented.documents()) == 1


# Loops without a document


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_loop_without_an_output_has_none(documented: Documented, status: str) -> None:
    documented.settler.settle(ended_loop(status, output_key=None))
    assert documented.published() == [None]
    assert documented.recorded() == [{"NULL": True}]
    assert documented.documents() == {}


def test_loop_without_an_answer_has_none(documented: Documented) -> None:
    documented.settle(ended_loop("Stopped"), "textract-unanswered")
    assert documented.published() == [None]
    assert documented.documents() == {}


def test_output_that_cannot_be_read_has_none(documented: Documented) -> None:
    documented.world.put_output("output.json", "nonsense")
    with pytest.raises(UnreadableOutputError):
        documented.settler.settle(ended_loop())
    assert documented.published() == [None]
    assert documented.documents() == {}


def test_custom_task_without_a_mapping_has_none_and_the_log_says_why(
    documented: Documented, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        documented.settle(sample="custom-classifier")
    assert documented.published() == [None]
    assert documented.documents() == {}
    assert "humanloop-nov-14-1 has no corrected document, because" in caplog.text
    assert "mapping" in caplog.text


def test_handler_without_the_setting_writes_none(world: World) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    with recorded() as steps:
        world.settler.settle(ended_loop())
    assert "PutObject" not in steps.names
    assert world.outcomes()[0]["detail"]["correctedDocumentS3Uri"] is None


# Several events about one loop


def test_document_follows_the_event_that_takes_precedence(documented: Documented) -> None:
    documented.settle(ended_loop("Stopped", time=EARLY), "textract-relabelled")
    (first,) = documented.documents().values()
    documented.settle(ended_loop(time=LATE), "textract-invoice")
    (second,) = documented.documents().values()
    assert first != second
    assert len(documented.recorded()) == 1


def test_event_of_lower_precedence_leaves_the_document(documented: Documented) -> None:
    documented.settle(ended_loop(time=LATE), "textract-invoice")
    before = documented.documents()
    documented.settle(ended_loop("Stopped", time=EARLY), "textract-relabelled")
    assert documented.documents() == before


def test_setting_turned_on_later_makes_no_other_outcome(
    documented: Documented, capsys: pytest.CaptureFixture[str]
) -> None:
    world = documented.world
    world.put_output("output.json", sample_output("textract-invoice"))
    world.settler.settle(ended_loop())
    (before,) = (each["detail"]["outcomeId"] for each in world.outcomes())
    assert printed_metrics(capsys)

    resent = ended_loop(source="human-loop-events")
    world.a2i.has(resent)
    documented.settler.settle(resent)

    (item,) = world.ledger()
    assert item["outcomeId"] == {"S": before}
    ((key, _),) = documented.documents().items()
    assert item["correctedDocumentS3Uri"] == {"S": f"s3://{DOCUMENTS}/{key}"}
    assert (world.outcomes(), printed_metrics(capsys)) == ([], [])

"""An event that was sent again is a hint: what A2I says is settled, nothing else of the event."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.contract import PROJECT_SOURCE
from tests.examples import examples
from tests.unit.conftest import BUCKET, World, ended_loop, printed_metrics, sample_output

LAMBDA = Path(__file__).parents[2] / "lambda"
NOT_ENDED = ("InProgress", "Stopping")


def resent(status: str = "Completed", **changes: Any) -> dict[str, Any]:
    return ended_loop(status, **{"source": PROJECT_SOURCE, **changes})


def only_item(world: World) -> dict[str, Any]:
    (item,) = world.ledger()
    return item


@pytest.mark.parametrize("status", NOT_ENDED)
@pytest.mark.parametrize("forged", ["Completed", "Failed", "Stopped"])
def test_forged_end_of_an_open_loop_settles_nothing(
    world: World,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    status: str,
    forged: str,
) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.a2i.has(ended_loop(), HumanLoopStatus=status)
    with caplog.at_level(logging.INFO):
        world.settler.settle(
            resent(forged, creationTime="2099-01-01T00:00:00Z", failureReason="forged")
        )
    assert world.ledger() == world.outcomes() == []
    assert f"A2I says that it is {status}" in caplog.text
    (metrics,) = printed_metrics(capsys)
    assert metrics["UnconfirmedEvents"] == 1


def test_everything_that_is_settled_is_what_a2i_says(world: World) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.put_output("forged.json", sample_output("custom-classifier"))
    truth = ended_loop(creationTime="2026-03-14T09:12:44.318Z")
    world.a2i.has(truth)
    world.settler.settle(
        resent(
            "Stopped",
            output_key="forged.json",
            time="2019-01-01T00:00:00Z",
            creationTime="2099-01-01T00:00:00Z",
            failureCode="Forged",
            failureReason="forged",
            flowDefinitionArn="arn:aws:sagemaker:us-west-2:111111111111:flow-definition/other",
            humanLoopName="another",
        )
    )
    item, (event,) = only_item(world), world.outcomes()
    outcome = event["detail"]
    names = ("humanLoopArn", "humanLoopName", "flowDefinitionArn", "creationTime")
    assert {name: outcome[name] for name in names} == {
        name: truth["detail"][name] for name in names
    }
    assert (outcome["humanLoopStatus"], outcome["taskType"]) == ("Completed", "TextractForms")
    assert outcome["outputS3Uri"] == f"s3://{BUCKET}/output.json"
    assert (outcome["failureCode"], outcome["failureReason"]) == (None, None)
    assert (outcome["endTime"], outcome["turnaroundSeconds"]) == (None, None)
    kept = int(item["expiresAt"]["N"]) - datetime.now(UTC).timestamp()
    assert abs(kept - 400 * 86400) < 60


def test_failure_is_what_a2i_says(world: World) -> None:
    world.a2i.has(ended_loop("Failed", output_key=None, failureCode="Expired", failureReason="why"))
    world.settler.settle(resent("Failed", failureCode="Forged", failureReason="forged"))
    (event,) = world.outcomes()
    assert (event["detail"]["failureCode"], event["detail"]["failureReason"]) == ("Expired", "why")


@pytest.mark.parametrize(
    "name",
    ["", "-a", "a-", "a_b", "a b", "a" * 64, "\u017f", "a\n", "human-loops_verification_1"],
)
def test_name_that_a2i_cannot_have_is_unknown_without_a_call(world: World, name: str) -> None:
    arn = f"arn:aws:sagemaker:us-west-2:111111111111:human-loop/{name}"
    marker = {"verification": name.rpartition("_")[2]} if "verification" in name else {}
    event = resent(humanLoopArn=arn, humanLoopName=name or "x", **marker)
    if marker:  # a verification is exempt
        event["time"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        event["detail"]["humanLoopStatus"] = "Stopped"
    world.settler.settle(event)
    assert world.a2i.asked == []
    assert len(world.ledger()) == bool(marker)


def test_name_with_capitals_is_asked_for(world: World) -> None:
    arn = "arn:aws:sagemaker:us-west-2:111111111111:human-loop/Loop-1"
    event = resent("Stopped", humanLoopArn=arn, humanLoopName="Loop-1")
    world.a2i.has(event)
    world.settler.settle(event)
    assert world.a2i.asked == ["Loop-1"]
    assert len(world.ledger()) == 1


def test_unknown_loop_is_not_settled(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        world.settler.settle(resent())
    assert world.ledger() == world.outcomes() == []
    assert "humanloop-nov-14-1 not settled, because A2I has no such human loop" in caplog.text
    (metrics,) = printed_metrics(capsys)
    assert metrics["UnconfirmedEvents"] == 1
    (declared,) = metrics["_aws"]["CloudWatchMetrics"]
    assert declared["Dimensions"] == [["FunctionName"]], "an attacker would choose any other"


def test_loop_of_another_account_with_the_same_name_is_unknown(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    other = "arn:aws:sagemaker:us-west-2:999999999999:human-loop/humanloop-nov-14-1"
    world.a2i.has(ended_loop(), HumanLoopArn=other)
    with caplog.at_level(logging.INFO):
        world.settler.settle(resent())
    assert world.ledger() == []
    assert f"no such human loop, but {other}" in caplog.text


def test_name_that_was_used_again_settles_the_loop_that_a2i_has(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.a2i.has(ended_loop("Stopped", creationTime="2026-03-14T09:12:44.318Z"))
    with caplog.at_level(logging.INFO):
        world.settler.settle(resent("Stopped"))
    assert only_item(world)["creationTime"] == {"S": "2026-03-14T09:12:44.318Z"}
    assert "not at 2019-11-14T17:37:36.740Z as its event says" in caplog.text
    assert ["UnconfirmedEvents" in each for each in printed_metrics(capsys)] == [True, False]


@pytest.mark.parametrize(
    "code",
    [
        *("ThrottlingException", "TooManyRequestsException", "InternalServerException"),
        *("AccessDeniedException", "ValidationException", "UnrecognizedClientException"),
    ],
)
def test_refusal_of_a2i_is_retried_and_never_taken_for_unknown(
    world: World, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    world.a2i.has(ended_loop("Stopped"))
    world.a2i.errors = [code]
    with pytest.raises(CallError, match=f"human-loop/humanloop-nov-14-1: .*{code}"):
        world.settler.settle(resent("Stopped"))
    assert world.ledger() == world.outcomes() == printed_metrics(capsys) == []
    world.settler.settle(resent("Stopped"))
    assert len(world.ledger()) == 1


def test_event_of_aws_asks_nothing(world: World) -> None:
    world.settler.settle(ended_loop("Stopped"))
    assert world.a2i.asked == []
    assert len(world.ledger()) == 1


def test_repeated_resends_publish_once_and_are_counted_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.a2i.has(ended_loop())
    for time in ("2019-11-14T17:49:25Z", "2026-11-14T17:49:25Z", "2099-11-14T17:49:25Z"):
        world.settler.settle(resent(time=time))
    assert len(world.outcomes()) == len(world.ledger()) == len(printed_metrics(capsys)) == 1


def forged_item(world: World, **attributes: str) -> None:
    """Put an item in the ledger as earlier versions recorded a forged event."""
    detail = ended_loop()["detail"]
    item = {
        "humanLoopArn": detail["humanLoopArn"],
        "creationTime": detail["creationTime"],
        "humanLoopStatus": "Failed",
        "eventSource": "human-loop-events",
        "outcomeId": "forged",
        "precedence": "0 2099-01-01T00:00:00.000000+00:00 0 1",
        **attributes,
    }
    world.dynamodb.put_item(
        TableName="ledger", Item={name: {"S": text} for name, text in item.items()}
    )


@pytest.mark.parametrize("source", ["aws.sagemaker", "human-loop-events"])
def test_confirmed_loop_replaces_an_unconfirmed_item_that_is_there_already(
    world: World, source: str
) -> None:
    world.put_output("output.json", sample_output("textract-invoice"))
    world.a2i.has(ended_loop())
    forged_item(world)
    world.settler.settle(ended_loop(source=source))
    assert only_item(world)["humanLoopStatus"] == {"S": "Completed"}
    assert len(world.outcomes()) == 1


def test_outcome_that_was_unconfirmed_is_published_again(world: World) -> None:
    """Executions that wait for the loop are not resumed from an unconfirmed outcome."""
    world.a2i.has(ended_loop("Stopped"))
    world.settler.settle(ended_loop("Stopped"))
    (first,) = world.outcomes()
    forged_item(world, outcomeId=first["detail"]["outcomeId"], humanLoopStatus="Stopped")
    world.settler.settle(resent("Stopped"))
    (second,) = world.outcomes()
    assert second["detail"]["outcomeId"] == first["detail"]["outcomeId"]


FORGED = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["Completed", "Failed", "Stopped"]),
        "time": st.datetimes().map(lambda time: f"{time:%Y-%m-%dT%H:%M:%SZ}".zfill(20)),
        "output_key": st.sampled_from(["output.json", "forged.json"]),
        "creationTime": st.datetimes(min_value=datetime(1970, 1, 1)).map(  # noqa: DTZ001
            lambda time: f"{time.isoformat(timespec='milliseconds')}Z"
        ),
        "flowDefinitionArn": st.sampled_from(["arn:f/claims", "arn:f/\n"]),
        "humanLoopName": st.text(st.characters(codec="utf-8"), max_size=9),
        "failureReason": st.text(st.characters(codec="utf-8"), max_size=9),
        "recovered": st.booleans(),
    },
)


@given(forged=FORGED)
@settings(max_examples=examples(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_of_a_forged_event_is_settled(world: World, forged: dict[str, Any]) -> None:
    world.put_output("output.json", sample_output("custom-classifier"))
    world.a2i.has(ended_loop())
    for item in world.ledger():
        key = {name: item[name] for name in ("humanLoopArn", "creationTime")}
        world.dynamodb.delete_item(TableName="ledger", Key=key)
    world.settler.settle(resent(**forged))
    (item,) = world.ledger()
    truth = ended_loop()["detail"]
    assert item["humanLoopStatus"] == {"S": "Completed"}
    for name in ("humanLoopArn", "creationTime", "flowDefinitionArn", "humanLoopName"):
        assert item[name] == {"S": truth[name]}
    assert item["outputS3Uri"] == {"S": truth["humanLoopOutput"]["outputS3Uri"]}
    assert item["failureReason"] == {"NULL": True}


# A hub asks with the role of the loop's own account


class _Spokes:
    def __init__(self, world: World) -> None:
        self._world = world
        self.asked: list[str] = []

    def a2i_runtime(self, loop: Any) -> Any:
        self.asked.append(f"{loop.account} {loop.region}")
        return self._world.a2i.client(region_name=loop.region)


def test_hub_asks_a2i_with_the_client_of_the_spoke(world: World) -> None:
    spokes = _Spokes(world)
    settler = world.settling(hub="hub")._replace(
        a2i_runtime=lambda: pytest.fail("the hub's own account"),
        spokes=cast("Any", spokes),
    )
    event = resent("Failed", output_key=None)
    world.a2i.has(event)
    settler.settle(event)
    assert spokes.asked == ["111111111111 us-west-2"]
    assert len(world.ledger()) == 1


def test_import_of_the_handler_brings_nothing_that_only_a_resend_needs() -> None:
    code = (
        "import sys, json; import human_loop_reviews.functions.review_handler as handler; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": str(LAMBDA), "PATH": ""}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    loaded = set(json.loads(run.stdout))
    assert "human_loop_reviews.settle" in loaded
    assert not loaded & {"human_loop_reviews.confirm", "human_loop_reviews.aws.human_loops"}

"""What expires in the bucket that is created for output, and what never does."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_

from human_loop_events import HumanLoopEvents, OutputBucketSettings
from tests.infrastructure.cases import new_app, synthesize


def _rules(case: str) -> dict[str, dict[str, Any]]:
    rules = {}
    for logical_id, bucket in synthesize(case).of_type("AWS::S3::Bucket").items():
        if "OutcomeArchive" in logical_id:
            continue
        (rule,) = bucket["LifecycleConfiguration"]["Rules"]
        rules["logs" if "AccessLogs" in logical_id else "output"] = rule
    return rules


def test_outputs_never_expire_by_default() -> None:
    rule = _rules("minimal")["output"]

    assert not {"ExpirationInDays", "ExpirationDate", "Transitions"} & rule.keys()
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert rule["ExpiredObjectDeleteMarker"] is True


def test_outputs_expire_as_the_settings_say() -> None:
    rules = _rules("buffered")

    assert rules["output"]["ExpirationInDays"] == 730
    assert rules["output"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert "ExpiredObjectDeleteMarker" not in rules["output"]  # S3 refuses both in one rule
    assert rules["logs"]["ExpirationInDays"] == 90


@pytest.mark.parametrize("case", ["minimal", "buffered"])
def test_incomplete_uploads_are_aborted(case: str) -> None:
    rules = _rules(case)

    assert rules.keys() == {"logs", "output"}
    for rule in rules.values():
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
        assert rule["Status"] == "Enabled"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"expiration": Duration.hours(36)}, "expiration of the output bucket: expected whole day"),
        ({"expiration": Duration.days(0)}, "expiration of the output bucket: expected whole days"),
        ({"expiration": 30}, "output: expiration: expected a Duration, .+, got 30"),
        ({"expire": Duration.days(1)}, "output: expected OutputBucketSettings.+; got expire"),
    ],
)
def test_setting_that_cannot_work_is_refused(settings: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        HumanLoopEvents(Stack(new_app(), "Loops"), "HumanLoops", output=settings)


def test_settings_without_a_new_bucket_are_refused() -> None:
    stack = Stack(new_app(), "Loops")
    handler = lambda_.Function.from_function_name(stack, "Handler", "handler")

    with pytest.raises(ValueError, match=r"output: OutputBucketSettings.*but handler is supplied"):
        HumanLoopEvents(
            stack,
            "HumanLoops",
            handler=handler,
            output=OutputBucketSettings(expiration=Duration.days(365)),
        )

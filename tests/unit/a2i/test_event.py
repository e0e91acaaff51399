from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loop_reviews.a2i.event import MalformedEventError, ObjectLocation, parse_event
from human_loop_reviews.contract import (
    HUMAN_LOOP_DETAIL_TYPES,
    HUMAN_LOOP_SOURCES,
    EventSource,
    HumanLoopStatus,
)
from tests.unit.conftest import SAMPLES, ended_loop

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_documented_event_is_read() -> None:
    event = json.loads((SAMPLES / "events" / "documented-event.json").read_text())
    loop = parse_event(event)
    assert loop.status is HumanLoopStatus.COMPLETED
    assert loop.human_loop_name == "humanloop-nov-14-1"
    assert loop.flow_definition == "flowdef-nov-12"
    assert loop.creation_time == datetime(2019, 11, 14, 17, 37, 36, 740000, tzinfo=UTC)
    assert loop.end_time == datetime(2019, 11, 14, 17, 49, 25, tzinfo=UTC)
    assert loop.failure_code is None
    assert loop.output == ObjectLocation(
        "path-specified-in-flow-definition",
        "flowdef-nov-12/2019/11/14/humanloop-nov-14-1/20191114T173736Z/output.json",
    )


@pytest.mark.parametrize("detail_type", HUMAN_LOOP_DETAIL_TYPES)
@pytest.mark.parametrize("source", ["aws.sagemaker", "human-loop-events"])
def test_both_detail_types_and_sources_are_accepted(detail_type: str, source: str) -> None:
    loop = parse_event({**ended_loop(), "detail-type": detail_type, "source": source})
    assert loop.source is EventSource(source)


def test_sources_are_those_of_the_contract() -> None:
    assert (*HUMAN_LOOP_SOURCES, EventSource.OUTPUT) == tuple(EventSource)


def test_output_alone_is_no_source_of_events() -> None:
    with pytest.raises(MalformedEventError, match="source: expected"):
        parse_event({**ended_loop(), "source": EventSource.OUTPUT})


def test_failed_loop_with_null_fields_is_read() -> None:
    loop = parse_event(ended_loop("Failed", output_key=None))
    assert (loop.failure_code, loop.failure_reason, loop.output) == (None, None, None)


def test_failed_loop_with_absent_fields_is_read() -> None:
    event = ended_loop("Failed")
    for name in ("failureCode", "failureReason", "humanLoopOutput", "humanLoopName"):
        del event["detail"][name]
    loop = parse_event(event)
    assert (loop.failure_code, loop.failure_reason, loop.output) == (None, None, None)
    assert loop.human_loop_name == "humanloop-nov-14-1"


def test_unknown_failure_code_partition_and_fields_are_accepted() -> None:
    arn = "arn:aws-us-gov:sagemaker:us-gov-west-1:111122223333:human-loop/Loop-With-Capitals"
    loop = parse_event(
        ended_loop("Failed", failureCode="Novel", failureReason='"', humanLoopArn=arn, extra=[1])
    )
    assert (loop.failure_code, loop.human_loop_arn) == ("Novel", arn)


@pytest.mark.parametrize(
    "written",
    [
        "2019-11-14T17:37:36.740Z",
        "2019-11-14T17:37:36.74Z",
        "2019-11-14T17:37:36.740000+00:00",
        "2019-11-14T18:37:36.740+01:00",
    ],
)
def test_creation_time_identifies_the_loop_however_it_is_written(written: str) -> None:
    loop = parse_event(ended_loop(creationTime=written))
    assert loop.creation_time_text == "2019-11-14T17:37:36.740Z"


def test_time_of_another_zone_becomes_utc_and_naive_time_counts_as_utc() -> None:
    assert parse_event(ended_loop(creationTime="2019-11-14T18:37:36+01:00")).creation_time == (
        parse_event(ended_loop(creationTime="2019-11-14T17:37:36")).creation_time
    )


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"detail-type": "Other"}, "event: detail-type: expected SageMaker A2I"),
        ({"source": "aws.ec2"}, "event: source: expected aws.sagemaker"),
        ({"detail": None}, "event: detail: expected an object, got nothing"),
        ({"time": None}, "human-loop/humanloop-nov-14-1: time: expected text, got nothing"),
        ({"time": "yesterday"}, "time: expected a time such as"),
    ],
)
def test_malformed_event_is_named(broken: dict[str, Any], where: str) -> None:
    with pytest.raises(MalformedEventError, match=where):
        parse_event({**ended_loop(), **broken})


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"humanLoopStatus": "InProgress"}, "humanLoopStatus: expected Completed or Failed"),
        ({"humanLoopStatus": ["Failed"]}, "humanLoopStatus: .* got list"),
        ({"humanLoopArn": ""}, "humanLoopArn: expected text, got empty text"),
        ({"humanLoopArn": "a" * 3000}, "humanLoopArn: expected at most 2048 bytes"),
        ({"flowDefinitionArn": 3}, "flowDefinitionArn: expected text, got int"),
        ({"humanLoopArn": "\ud800"}, "humanLoopArn: expected text, got a lone surrogate"),
        ({"flowDefinitionArn": "a" * 3000}, "flowDefinitionArn: expected at most 2048 bytes"),
        ({"humanLoopOutput": "s3://b/k"}, "humanLoopOutput: expected an object or null, got str"),
        ({"humanLoopOutput": {"outputS3Uri": "http://b/k"}}, "outputS3Uri: expected s3://bucket"),
        ({"humanLoopOutput": None}, "humanLoopOutput: expected an outputS3Uri"),
        ({"humanLoopOutput": {"outputS3Uri": None}}, "expected an outputS3Uri"),
        ({"humanLoopOutput": {"outputS3Uri": ""}}, "expected an outputS3Uri"),
    ],
)
def test_malformed_detail_is_named(broken: dict[str, Any], where: str) -> None:
    with pytest.raises(MalformedEventError, match=where):
        parse_event(ended_loop(**broken))


# No loop is lost for an optional value


@pytest.mark.parametrize(
    "output", [None, {}, {"outputS3Uri": ""}, {"outputS3Uri": 5}, "s3://b/k", [], 5, {"key": "k"}]
)
def test_failed_loop_has_no_output_whatever_the_event_says(output: Any) -> None:
    loop = parse_event(ended_loop("Failed", humanLoopOutput=output))
    assert (loop.output, loop.ignored_values) == (None, 0)


@pytest.mark.parametrize("output", [None, {}, {"outputS3Uri": None}, {"outputS3Uri": ""}])
def test_stopped_loop_may_have_no_output(output: Any) -> None:
    loop = parse_event(ended_loop("Stopped", humanLoopOutput=output))
    assert (loop.output, loop.ignored_values) == (None, 0)


@pytest.mark.parametrize("output", ["s3://b/k", {"outputS3Uri": 5}, {"outputS3Uri": "http://b/k"}])
def test_strange_output_of_a_stopped_loop_costs_the_output_only(output: Any) -> None:
    loop = parse_event(ended_loop("Stopped", humanLoopOutput=output))
    assert (loop.output, loop.ignored_values) == (None, 1)


@pytest.mark.parametrize("name", ["failureCode", "failureReason", "humanLoopName"])
@pytest.mark.parametrize("value", [5, {}, ["text"], True, "\ud800"])
def test_strange_optional_value_counts_as_absent_and_is_counted(name: str, value: Any) -> None:
    loop = parse_event(ended_loop("Failed", **{name: value}))
    assert (loop.failure_code, loop.failure_reason) == (None, None)
    assert loop.human_loop_name == "humanloop-nov-14-1"
    assert loop.ignored_values == 1


@given(JSON)
def test_any_json_is_read_or_refused_by_type(event: Any) -> None:
    with pytest.raises(MalformedEventError):
        parse_event(event)


@given(st.data())
def test_altered_event_never_counts_as_another_status(data: st.DataObject) -> None:
    event = ended_loop(data.draw(st.sampled_from(["Completed", "Failed", "Stopped"])))
    status = event["detail"]["humanLoopStatus"]
    for target in (event, event["detail"]):
        name = data.draw(st.sampled_from(sorted(set(target) - {"humanLoopStatus", "detail"})))
        target[name] = data.draw(JSON)
    with suppress(MalformedEventError):
        assert parse_event(event).status == status

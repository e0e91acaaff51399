"""Filters of jobs know the statuses of SageMaker's API and the fields of its events."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from aws_cdk import Stack
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from human_loop_events import JobFilter, StatusEvents
from tests.infrastructure.cases import new_app, synthesize
from tests.infrastructure.events.pattern_cases import JOB_KINDS

#: How a filter of each kind is made, and the shape with its statuses in the API's model.
FILTERS: dict[str, tuple[Callable[..., JobFilter], str]] = {
    "Training": (JobFilter.training, "TrainingJobStatus"),
    "Processing": (JobFilter.processing, "ProcessingJobStatus"),
    "Transform": (JobFilter.transform, "TransformJobStatus"),
    "Tuning": (JobFilter.hyperparameter_tuning, "HyperParameterTuningJobStatus"),
    "Labeling": (JobFilter.labeling, "LabelingJobStatus"),
    "Pipelines": (JobFilter.pipeline_executions, "PipelineExecutionStatus"),
    "Endpoints": (JobFilter.endpoints, "EndpointStatus"),
}
each_kind = pytest.mark.parametrize("kind", FILTERS)


@pytest.fixture(scope="module")
def model() -> Any:
    return botocore.session.get_session().get_service_model("sagemaker")


@each_kind
def test_statuses_are_those_of_the_api(kind: str, model: Any) -> None:
    make, shape = FILTERS[kind]
    statuses = model.shape_for(shape).enum

    with pytest.raises(ValueError, match=r"statuses: 'Unknown' is not a status .*") as error:
        make(statuses=["Unknown"])

    expected = str(error.value).split("expected one of ")[1].split(", ")
    assert sorted(expected) == sorted(statuses)
    assert make(statuses=statuses).pattern().detail


@each_kind
def test_statuses_of_success_failure_and_stop_are_those_of_the_api(kind: str, model: Any) -> None:
    make, shape = FILTERS[kind]
    every = make()
    ends = (*every.completed_statuses, *every.failed_statuses, *every.stopped_statuses)

    assert set(ends) <= set(model.shape_for(shape).enum)
    assert len(set(ends)) == len(ends)
    assert {status for status in model.shape_for(shape).enum if "Fail" in status} == set(
        every.failed_statuses
    )


@each_kind
def test_pattern_has_the_fields_of_the_event(kind: str) -> None:
    make, _ = FILTERS[kind]
    described = JOB_KINDS[kind]

    pattern = make(name_prefix="invoices", statuses=["Failed"]).pattern()

    assert pattern.source == ["aws.sagemaker"]
    assert pattern.detail_type == [described.detail_type]
    fields = set(pattern.detail or {})
    name = {"Labeling": set(), "Pipelines": {"pipelineArn"}}.get(kind, {described.name})
    assert fields == {described.status} | name
    assert bool(pattern.resources) == (kind == "Labeling")


@each_kind
def test_filter_without_arguments_matches_every_status_of_every_job(kind: str) -> None:
    make, _ = FILTERS[kind]

    pattern = make().pattern()

    assert pattern.detail is None
    assert pattern.resources is None


@each_kind
def test_failed_only_keeps_the_prefix(kind: str) -> None:
    make, _ = FILTERS[kind]

    every = make(name_prefix="invoices-")

    assert every.failed_only() == make(name_prefix="invoices-", statuses=every.failed_statuses)


@each_kind
def test_alert_reads_fields_of_the_event(kind: str) -> None:
    make, _ = FILTERS[kind]
    described = JOB_KINDS[kind]

    failure = make().failure

    assert ("Status", f"$.detail.{described.status}") in failure.lines
    assert failure.reason_path == (described.reason and f"$.detail.{described.reason}")
    assert failure.runbook_section == "FailedJobs"


@pytest.mark.parametrize("prefix", ["", "a*", "a?", "-a", "a_b", "a" * 64, "arn:aws:x", "a b"])
@each_kind
def test_prefix_that_no_name_can_have_is_refused(kind: str, prefix: str) -> None:
    with pytest.raises(ValueError, match="name_prefix: expected the beginning of a name"):
        FILTERS[kind][0](name_prefix=prefix)


@pytest.mark.parametrize(
    ("statuses", "says"),
    [
        (["failed"], "statuses: 'failed' is not a status of a SageMaker"),
        (["FAILED"], "statuses: 'FAILED' is not a status of a SageMaker"),
        ([], "statuses: expected a list such as ['Failed'"),
        ("Failed", "statuses: expected a list such as ['Failed'"),
        ([None], "statuses: expected a list such as ['Failed'"),
    ],
)
@each_kind
def test_wrong_statuses_are_refused(kind: str, statuses: Any, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        FILTERS[kind][0](statuses=statuses)


def test_endpoints_have_no_rule_on_stopped_ones() -> None:
    stack = Stack(new_app(), "Stack")
    endpoints = StatusEvents(stack, "Endpoints", filter=JobFilter.endpoints())

    with pytest.raises(ValueError, match="Endpoint status changes: there is no status for stopped"):
        endpoints.on_stopped("Stopped")


def test_jobs_share_key_queue_and_topic_of_the_human_loops() -> None:
    jobs = synthesize("jobs")

    assert len(jobs.of_type("AWS::KMS::Key")) == 1
    assert len(jobs.of_type("AWS::SNS::Topic")) == 2  # for systems and for people
    assert len(jobs.of_type("AWS::IAM::Role")) == 3  # of the rules and of two functions


def test_further_detail_narrows_a_rule_on_jobs() -> None:
    stack = Stack(new_app(), "Stack")
    jobs = StatusEvents(stack, "Jobs", filter=JobFilter.training(name_prefix="a"))
    jobs.on_completed(
        "Spot",
        target=targets.SqsQueue(sqs.Queue(stack, "Queue")),
        detail={"EnableManagedSpotTraining": [True]},
    )

    (pattern,) = (
        resource["Properties"]["EventPattern"]
        for logical_id, resource in Template.from_stack(stack).to_json()["Resources"].items()
        if "Spot" in logical_id and resource["Type"] == "AWS::Events::Rule"
    )

    assert pattern["detail"] == {
        "EnableManagedSpotTraining": [True],
        "TrainingJobName": [{"prefix": "a"}],
        "TrainingJobStatus": ["Completed"],
    }, json.dumps(pattern)

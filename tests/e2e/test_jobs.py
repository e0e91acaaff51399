"""Training job events in the example app that shares delivery and alerts with human loops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.deployment import EmulatedStack
from local.emulator import ACCOUNT, REGION, Emulator
from local.mailbox import Mailbox
from local.sending import send_event
from local.waiting import wait_until

pytestmark = pytest.mark.full

REASON = 'AlgorithmError: "label" not found in \\data\\train.csv, exit code: 1'


def training_job_event(name: str, status: str, reason: str | None = None) -> dict[str, Any]:
    """Write the event of a training job, as the SageMaker documentation shows it."""
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}"
    detail: dict[str, Any] = {
        "TrainingJobName": name,
        "TrainingJobArn": arn,
        "TrainingJobStatus": status,
        "CreationTime": 1773479564318,
    }
    if reason is not None:
        detail["FailureReason"] = reason
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Training Job State Change",
        "time": "2026-03-14T11:30:05Z",
        "resources": [arn],
        "detail": detail,
    }


@pytest.fixture(scope="module")
def arrived(emulator: Emulator, jobs: EmulatedStack) -> dict[str, list[str]]:
    """What came to each place after four training jobs changed their status."""
    boxes = {
        "alerts": Mailbox.subscribed(emulator, jobs["AlertsTopicArn"]),
        "topic": Mailbox.subscribed(emulator, jobs["TrainingTopicArn"]),
        "queue": Mailbox(emulator, jobs["TrainingQueueUrl"]),
    }
    for event in (
        training_job_event("invoices-1", "InProgress"),
        training_job_event("invoices-1", "Completed"),
        training_job_event("invoices-2", "Failed", REASON),
        training_job_event("claims-1", "Failed", REASON),
    ):
        send_event(emulator, event)
    assert wait_until(lambda: len(boxes["queue"].collect()) >= 3)
    return {name: box.collect() for name, box in boxes.items()}


@pytest.mark.parametrize("place", ["topic", "queue"])
def test_status_changes_of_jobs_with_the_prefix_arrive(
    place: str, arrived: dict[str, list[str]]
) -> None:
    details = [json.loads(message)["detail"] for message in arrived[place]]

    assert sorted((each["TrainingJobName"], each["TrainingJobStatus"]) for each in details) == [
        ("invoices-1", "Completed"),
        ("invoices-1", "InProgress"),
        ("invoices-2", "Failed"),
    ]


def test_failed_job_alerts_with_its_reason(arrived: dict[str, list[str]]) -> None:
    (alert,) = arrived["alerts"]

    assert "A SageMaker Training Job failed." in alert
    assert '"Training Job: invoices-2"' in alert
    assert f"Reason (null or empty: SageMaker gave none): {REASON}" in alert
    assert "human-loops runbook FailedJobs" in alert

"""The filter for status changes of SageMaker jobs, pipeline executions and endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_events as events

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import require_texts
from human_loop_events.events.event_filter import EventFilter, FailureDescription
from human_loop_reviews.contract import AWS_SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _JobType:
    """A type of SageMaker job or resource that has status events.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
    """

    noun: str
    detail_type: str
    status_field: str
    statuses: tuple[str, ...]
    console_page: str
    name_field: str | None
    """The field with the name. None if only an ARN contains it."""
    arn_field: str
    """The field with the ARN: in the detail, or ``resources`` of the event."""
    arn_resource: str
    """The part of the ARN before the name."""
    reason_field: str | None
    completed: tuple[str, ...] = ("Completed",)
    failed: tuple[str, ...] = ("Failed",)
    stopped: tuple[str, ...] = ("Stopped",)
    statuses_in_any_case: bool = False
    """Whether the case of a status in events can differ from the API."""
    remedy: str = "Fix the cause and start it again: SageMaker does not."


_JOB_STATUSES: Final = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")


def _job(noun: str, prefix: str, resource: str, page: str, **changes: Any) -> _JobType:
    """Describe a job type that has a common prefix in its field names, as most have."""
    known: dict[str, Any] = {
        "noun": noun,
        "detail_type": f"SageMaker {noun} State Change",
        "status_field": f"{prefix}Status",
        "statuses": _JOB_STATUSES,
        "console_page": page,
        "name_field": f"{prefix}Name",
        "arn_field": f"{prefix}Arn",
        "arn_resource": resource,
        "reason_field": "FailureReason",
    }
    return _JobType(**{**known, **changes})


_TRAINING: Final = _job(
    "Training Job",
    "TrainingJob",
    "training-job",
    "jobs",
    statuses=(*_JOB_STATUSES, "Deleting"),
)
_PROCESSING: Final = _job("Processing Job", "ProcessingJob", "processing-job", "processing-jobs")
_TRANSFORM: Final = _job("Transform Job", "TransformJob", "transform-job", "transform-jobs")
_TUNING: Final = _job(
    "HyperParameter Tuning Job",
    "HyperParameterTuningJob",
    "hyper-parameter-tuning-job",
    "hyper-tuning-jobs",
    statuses=(*_JOB_STATUSES, "Deleting", "DeleteFailed"),
    failed=("Failed", "DeleteFailed"),
)
_LABELING: Final = _job(
    "Ground Truth Labeling Job",
    "LabelingJob",
    "labeling-job",
    "groundtruth#/labeling-jobs",
    statuses=("Initializing", *_JOB_STATUSES),
    name_field=None,
    arn_field="resources",
    reason_field=None,
)
_PIPELINE: Final = _JobType(
    noun="Model Building Pipeline Execution",
    detail_type="SageMaker Model Building Pipeline Execution Status Change",
    status_field="currentPipelineExecutionStatus",
    statuses=("Executing", "Stopping", "Stopped", "Failed", "Succeeded", "CompletedWithFailures"),
    console_page="pipelines",
    name_field=None,
    arn_field="pipelineArn",
    arn_resource="pipeline",
    reason_field=None,
    completed=("Succeeded",),
    failed=("Failed", "CompletedWithFailures"),
)
_ENDPOINT: Final = _job(
    "Endpoint",
    "Endpoint",
    "endpoint",
    "endpoints",
    statuses=(
        *("OutOfService", "Creating", "Updating", "SystemUpdating", "RollingBack", "InService"),
        *("Deleting", "Failed", "UpdateRollbackFailed"),
    ),
    completed=("InService",),
    failed=("Failed", "UpdateRollbackFailed"),
    stopped=(),
    statuses_in_any_case=True,
    remedy="Fix the cause, and update the endpoint or create it again.",
)


@checks_arguments
@dataclass(frozen=True, slots=True)
class JobFilter(EventFilter):
    """Matches status changes of SageMaker jobs. Make one with `training`, `processing` and so on.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html

    All methods that create a filter have the same parameters. For another kind of event, implement
    `EventFilter`.

    Parameters
    ----------
    name_prefix
        Only jobs with a name that begins with this prefix. Default: all jobs of the account and
        Region.
    statuses
        Only these statuses, as the SageMaker API writes them. Default: all, including those of jobs
        that have not ended.

    Raises
    ------
    ValueError
        If the prefix cannot begin a name, or a status does not exist.

    Examples
    --------
    >>> JobFilter.training(name_prefix="invoices-", statuses=["Failed"]).description
    'SageMaker Training Job status changes of invoices-*'
    """

    _job_type: _JobType
    _name_prefix: str | None = None
    _statuses: Sequence[str] | None = None

    def __post_init__(self) -> None:
        prefix = self._name_prefix
        if prefix is not None and (
            not isinstance(prefix, str)
            or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}", prefix)
        ):
            raise ValueError(
                "name_prefix: expected the beginning of a name, 1 to 63 letters, digits and "
                f"hyphens, got {prefix!r}"
            )
        if self._statuses is not None:
            self._known_statuses(self._statuses)

    @classmethod
    def training(
        cls, *, name_prefix: str | None = None, statuses: Sequence[str] | None = None
    ) -> JobFilter:
        """Match training jobs."""
        return cls(_TRAINING, name_prefix, statuses)

    @classmethod
    def processing(
        cls, *, name_prefix: str | None = None, statuses: Sequence[str] | None = None
    ) -> JobFilter:
        """Match processing jobs."""
        return cls(_PROCESSING, name_prefix, statuses)

    @classmethod
    def transform(
        cls, *, name_prefix: str | None = None, statuses: Sequence[str] | None = None
    ) -> JobFilter:
        """Match batch transform jobs."""
        return cls(_TRANSFORM, name_prefix, statuses)

    @classmethod
    def hyperparameter_tuning(
        cls, *, name_prefix: str | None = None, statuses: Sequence[str] | None = None
    ) -> JobFilter:
        """Match hyperparameter tuning jobs."""
        return cls(_TUNING, name_prefix, statuses)

    @classmethod
    def labeling(
        cls, *, name_prefix: str | None = None, statuses: Sequence[str] | None = None
    ) -> JobFilter:
        """Match Ground Truth labeling jobs. In their events, only the ARN contains the name."""
        return cls(_LABELING, name_prefix, statuses)

    @classmethod
    def pipeline_executions(
        cls, *, name_prefix: str | None = None, statuses: Sequence[str] | None = None
    ) -> JobFilter:
        """Match executions of model building pipelines, by the pipeline's name."""
        return cls(_PIPELINE, name_prefix, statuses)

    @classmethod
    def endpoints(
        cls, *, name_prefix: str | None = None, statuses: Sequence[str] | None = None
    ) -> JobFilter:
        """Match status changes of endpoints, also where an event writes ``IN_SERVICE``."""
        return cls(_ENDPOINT, name_prefix, statuses)

    def failed_only(self) -> JobFilter:
        """Match only the failures of the same jobs."""
        return JobFilter(self._job_type, self._name_prefix, self._job_type.failed)

    @property
    def description(self) -> str:
        """The description of the matched events."""
        of = f" of {self._name_prefix}*" if self._name_prefix else ""
        return f"SageMaker {self._job_type.noun} status changes{of}"

    @property
    def failure(self) -> FailureDescription:
        """What alerts and alarms say about a failure."""
        job_type = self._job_type
        plain = job_type.noun.replace(" ", "")
        reason = None if job_type.reason_field is None else f"$.detail.{job_type.reason_field}"
        arn = (
            "$.resources" if job_type.arn_field == "resources" else f"$.detail.{job_type.arn_field}"
        )
        name = arn if job_type.name_field is None else f"$.detail.{job_type.name_field}"
        lines = [(job_type.noun, name), ("Status", f"$.detail.{job_type.status_field}")]
        if reason is not None:
            lines.append(("Reason (null or empty: SageMaker gave none)", reason))
        return FailureDescription(
            alert=f"{plain}Failed",
            title=f"A SageMaker {job_type.noun} failed",
            text=job_type.remedy,
            lines=tuple(lines),
            reason_path=reason,
            detail_key="job",
            always_present=tuple(
                field
                for field in (job_type.name_field, job_type.arn_field, job_type.status_field)
                if field is not None and field != "resources"
            ),
            # A list cannot identify a thread.
            thread_path="$.id" if arn == "$.resources" else arn,
            resource_paths=(),
            console_path=f"sagemaker/home?region={{region}}#/{job_type.console_page}"
            if "#" not in job_type.console_page
            else f"sagemaker/{job_type.console_page.replace('#', '?region={region}#')}",
            alarm_id=f"Failed{plain}s",
            alarm_text=f"SageMaker reported failures: {job_type.noun}. Read the alert of each. "
            f"{job_type.remedy}",
            runbook_section="FailedJobs",
        )

    @property
    def all_statuses(self) -> tuple[str, ...]:
        """The statuses that the events can have, as the SageMaker API writes them."""
        return self._job_type.statuses

    @property
    def completed_statuses(self) -> tuple[str, ...]:
        """The statuses of success."""
        return self._job_type.completed

    @property
    def failed_statuses(self) -> tuple[str, ...]:
        """The statuses of failure."""
        return self._job_type.failed

    @property
    def stopped_statuses(self) -> tuple[str, ...]:
        """The statuses of jobs that were stopped. Empty for endpoints."""
        return self._job_type.stopped

    def pattern(
        self, *, statuses: Sequence[str] | None = None, detail: Mapping[str, Any] | None = None
    ) -> events.EventPattern:
        """Build the event pattern. See `EventFilter.pattern`."""
        matched: dict[str, Any] = {}
        wanted = self._statuses if statuses is None else statuses
        if wanted is not None:
            matched[self._job_type.status_field] = self._status_matchers(wanted)
        resources = None
        if self._name_prefix is not None:
            if self._job_type.name_field is not None:
                matched[self._job_type.name_field] = [{"prefix": self._name_prefix}]
            elif self._job_type.arn_field == "resources":
                resources = events.Match.any_of(*map(events.Match.wildcard, self._arns()))
            else:
                matched[self._job_type.arn_field] = [{"wildcard": arn} for arn in self._arns()]
        matched |= detail or {}
        return events.EventPattern(
            source=[AWS_SOURCE],
            detail_type=[self._job_type.detail_type],
            detail=matched or None,
            resources=resources,
        )

    def refuse_other_environments(self, stack: Stack) -> None:
        """Accept every stack: job names contain neither an account nor a Region."""

    def _known_statuses(self, statuses: Sequence[str]) -> tuple[str, ...]:
        listed = require_texts("statuses", statuses, example=repr(list(self._job_type.failed)))
        for status in listed:
            if status not in self._job_type.statuses:
                raise ValueError(
                    f"statuses: {status!r} is not a status of a SageMaker "
                    f"{self._job_type.noun}; expected one of {', '.join(self._job_type.statuses)}"
                )
        return listed

    def _status_matchers(self, statuses: Sequence[str]) -> list[Any]:
        known = self._known_statuses(statuses)
        if not self._job_type.statuses_in_any_case:
            return list(known)
        # Endpoint events write IN_SERVICE where the API writes InService.
        in_words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", each) for each in known]
        return [{"equals-ignore-case": each} for each in dict.fromkeys((*in_words, *known))]

    def _arns(self) -> list[str]:
        """Return patterns for the ARNs of the jobs. SageMaker writes some ARNs in lower case."""
        prefix = self._name_prefix or ""
        names = dict.fromkeys((prefix, prefix.lower()))
        return [f"arn:*:{self._job_type.arn_resource}/{name}*" for name in names]

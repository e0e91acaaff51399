"""The human loops that A2I knows, as its API lists and describes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from human_loop_reviews.a2i.event import time_text
from human_loop_reviews.aws.calls import CallError, naming, refusal_code

# The most that both services return at once.
_PAGE_SIZE: Final = 100

_NOT_FOUND: Final = "ResourceNotFoundException"


class FlowDefinitionNotFoundError(LookupError):
    """A flow definition does not exist: not yet, or no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLoop:
    """A human loop as it is listed."""

    arn: str
    """The loop's ARN."""
    name: str
    """The loop's name."""
    flow_definition_arn: str
    """The ARN of its flow definition."""
    status: str
    """Its status."""
    creation_time: datetime
    """When it was created, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedLoop(ListedLoop):
    """A human loop as it is described: all that its event has, except when it ended."""

    failure_code: str | None
    """The code of its failure. None if it did not fail, or A2I does not say."""
    failure_reason: str | None
    """Why it failed. None if it did not fail, or A2I does not say."""
    output_s3_uri: str | None
    """Where its output is. None without one."""

    @property
    def detail(self) -> dict[str, Any]:
        """The detail of the event that A2I sends about the loop, if it has ended."""
        return {
            "creationTime": time_text(self.creation_time),
            "failureCode": self.failure_code,
            "failureReason": self.failure_reason,
            "flowDefinitionArn": self.flow_definition_arn,
            "humanLoopArn": self.arn,
            "humanLoopName": self.name,
            "humanLoopOutput": None
            if self.output_s3_uri is None
            else {"outputS3Uri": self.output_s3_uri},
            "humanLoopStatus": self.status,
        }


class HumanLoops:
    """The human loops and flow definitions of an account and Region.

    Parameters
    ----------
    runtime
        A client of ``sagemaker-a2i-runtime``.
    sagemaker
        A client of ``sagemaker``. None if flow definitions are not listed.
    """

    def __init__(self, runtime: Any, sagemaker: Any | None = None) -> None:
        self._runtime = runtime
        self._sagemaker = sagemaker

    def flow_definitions(self) -> Iterator[Sequence[str]]:
        """Yield the ARNs of all flow definitions by pages.

        Raises
        ------
        CallError
            If SageMaker refuses, or does not answer.
        """
        if self._sagemaker is None:
            raise ValueError("sagemaker: expected a client, to list flow definitions")
        request: dict[str, Any] = {"MaxResults": _PAGE_SIZE}
        while True:
            with naming("the flow definitions"):
                response = self._sagemaker.list_flow_definitions(**request)
            yield [each["FlowDefinitionArn"] for each in response["FlowDefinitionSummaries"]]
            if not response.get("NextToken"):
                return
            request["NextToken"] = response["NextToken"]

    def pages(
        self, flow_definition_arn: str, *, created_after: datetime
    ) -> Iterator[Sequence[ListedLoop]]:
        """Yield the human loops of a flow definition by pages, the first created first.

        Parameters
        ----------
        flow_definition_arn
            The flow definition.
        created_after
            Loops that were created earlier are left out.

        Raises
        ------
        FlowDefinitionNotFoundError
            If there is no such flow definition.
        CallError
            If A2I refuses, or does not answer.
        """
        request: dict[str, Any] = {
            "FlowDefinitionArn": flow_definition_arn,
            "CreationTimeAfter": created_after,
            "SortOrder": "Ascending",
            "MaxResults": _PAGE_SIZE,
        }
        while True:
            try:
                with naming(f"flow definition {flow_definition_arn}"):
                    response = self._runtime.list_human_loops(**request)
            except CallError as error:
                if refusal_code(error.cause) != _NOT_FOUND:
                    raise
                raise FlowDefinitionNotFoundError(flow_definition_arn) from None
            yield [_listed(each, flow_definition_arn) for each in response["HumanLoopSummaries"]]
            if not response.get("NextToken"):
                return
            request["NextToken"] = response["NextToken"]

    def start(
        self,
        flow_definition_arn: str,
        name: str,
        *,
        input_content: str,
        content_classifiers: Sequence[str] = (),
    ) -> None:
        """Start a human loop.

        Parameters
        ----------
        flow_definition_arn, name
            Its flow definition and its name.
        input_content
            Its input as JSON.
        content_classifiers
            What the input is free of, as `ContentClassifiers` of ``StartHumanLoop``.

        Raises
        ------
        CallError
            If A2I does not answer, or refuses: with the code ``ConflictException`` if the name is
            taken.
        """
        request: dict[str, Any] = {
            "HumanLoopName": name,
            "FlowDefinitionArn": flow_definition_arn,
            "HumanLoopInput": {"InputContent": input_content},
        }
        if content_classifiers:
            request["DataAttributes"] = {"ContentClassifiers": list(content_classifiers)}
        with naming(f"human loop {human_loop_arn(flow_definition_arn, name)}"):
            self._runtime.start_human_loop(**request)

    def describe(self, arn: str) -> DescribedLoop | None:
        """Return the human loop with the name in an ARN, None if it was deleted.

        Parameters
        ----------
        arn
            The ARN. The loop that A2I describes can have another one.

        Raises
        ------
        CallError
            If A2I refuses, or does not answer.
        """
        try:
            with naming(f"human loop {arn}"):
                response = self._runtime.describe_human_loop(HumanLoopName=arn.rpartition("/")[2])
        except CallError as error:
            if refusal_code(error.cause) == _NOT_FOUND:
                return None
            raise
        return DescribedLoop(
            arn=response["HumanLoopArn"],
            name=response["HumanLoopName"],
            flow_definition_arn=response["FlowDefinitionArn"],
            status=response["HumanLoopStatus"],
            creation_time=_utc(response["CreationTime"]),
            failure_code=response.get("FailureCode"),
            failure_reason=response.get("FailureReason"),
            output_s3_uri=response.get("HumanLoopOutput", {}).get("OutputS3Uri"),
        )


def flow_definition_arn(name_or_arn: str, function_arn: str) -> str:
    """Return the ARN of a flow definition in the account and Region of a function.

    Examples
    --------
    >>> function = "arn:aws:lambda:eu-west-1:111122223333:function:reconciler"
    >>> flow_definition_arn("invoices", function)
    'arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices'
    """
    if name_or_arn.startswith("arn:"):
        return name_or_arn
    _, partition, _, region, account, _ = function_arn.split(":", 5)
    return f"arn:{partition}:sagemaker:{region}:{account}:flow-definition/{name_or_arn}"


def human_loop_arn(flow_definition_arn: str, name: str) -> str:
    """Return the ARN of a human loop, which listings leave out.

    Examples
    --------
    >>> flow = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"
    >>> human_loop_arn(flow, "invoice-1042")
    'arn:aws:sagemaker:eu-west-1:111122223333:human-loop/invoice-1042'
    """
    return f"{flow_definition_arn.rpartition(':')[0]}:human-loop/{name}"


def _listed(summary: dict[str, Any], flow_definition_arn: str) -> ListedLoop:
    return ListedLoop(
        arn=human_loop_arn(flow_definition_arn, summary["HumanLoopName"]),
        name=summary["HumanLoopName"],
        flow_definition_arn=flow_definition_arn,
        status=summary["HumanLoopStatus"],
        creation_time=_utc(summary["CreationTime"]),
    )


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)

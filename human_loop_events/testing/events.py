"""Sample events of ended human loops in the format of Amazon A2I.

https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html
"""

from __future__ import annotations

from typing import Any

from human_loop_events.testing.sample_loop import (
    ACCOUNT,
    CREATION_TIME,
    END_TIME,
    FLOW_DEFINITION,
    HUMAN_LOOP,
    REGION,
    sagemaker_arn,
)
from human_loop_reviews.contract import AWS_SOURCE, HUMAN_LOOP_DETAIL_TYPES, HumanLoopStatus


def completed_event(
    *,
    human_loop: str = HUMAN_LOOP,
    flow_definition: str = FLOW_DEFINITION,
    output_uri: str | None = None,
    account: str = ACCOUNT,
    region: str = REGION,
    creation_time: str = CREATION_TIME,
    time: str = END_TIME,
    detail_type: str = HUMAN_LOOP_DETAIL_TYPES[0],
) -> dict[str, Any]:
    """Return the event of a Completed human loop.

    Parameters
    ----------
    human_loop, flow_definition
        The names of the human loop and of its flow definition.
    output_uri
        The location of the output. Default: below ``s3://example-reviews/a2i/``, with a key as A2I
        generates it.
    account, region
        The account and Region of the human loop.
    creation_time
        The time when the loop was created: ISO 8601 with milliseconds, in UTC.
    time
        The time when the loop ended: ISO 8601 with whole seconds, in UTC.
    detail_type
        The event's detail type. Default: the one in the current documentation. The first
        documentation of A2I has ``"Amazon Augmented AI HumanLoop Status Change"``.

    Raises
    ------
    ValueError
        If a name is an ARN or empty.

    Examples
    --------
    >>> completed_event(human_loop="claim-7")["detail"]["humanLoopArn"]
    'arn:aws:sagemaker:eu-west-1:111122223333:human-loop/claim-7'
    """
    uri = (
        f"s3://example-reviews/a2i/{flow_definition}/2026/03/14/11/30/02/{human_loop}/output.json"
        if output_uri is None
        else output_uri
    )
    return _event(
        HumanLoopStatus.COMPLETED,
        human_loop,
        flow_definition,
        account=account,
        region=region,
        time=time,
        detail_type=detail_type,
        creationTime=creation_time,
        humanLoopOutput={"outputS3Uri": uri},
    )


def failed_event(
    *,
    failure_code: str | None = "ValidationError",
    failure_reason: str | None = "Task failed to render: [ InvalidParameters ].",
    human_loop: str = HUMAN_LOOP,
    flow_definition: str = FLOW_DEFINITION,
    account: str = ACCOUNT,
    region: str = REGION,
    creation_time: str = CREATION_TIME,
    time: str = END_TIME,
    detail_type: str = HUMAN_LOOP_DETAIL_TYPES[0],
) -> dict[str, Any]:
    """Return the event of a Failed human loop. It has no output.

    Parameters
    ----------
    failure_code
        The code. `FailureCode` has the known codes. A2I can send others or null.
    failure_reason
        The reason. None for null.
    human_loop, flow_definition, account, region, creation_time, time, detail_type
        See `completed_event`.

    Raises
    ------
    ValueError
        If a name is an ARN or empty.

    Examples
    --------
    >>> failed_event(failure_code="Expired", failure_reason=None)["detail"]["failureCode"]
    'Expired'
    """
    return _event(
        HumanLoopStatus.FAILED,
        human_loop,
        flow_definition,
        account=account,
        region=region,
        time=time,
        detail_type=detail_type,
        creationTime=creation_time,
        failureCode=failure_code,
        failureReason=failure_reason,
    )


def stopped_event(
    *,
    output_uri: str | None = None,
    human_loop: str = HUMAN_LOOP,
    flow_definition: str = FLOW_DEFINITION,
    account: str = ACCOUNT,
    region: str = REGION,
    creation_time: str = CREATION_TIME,
    time: str = END_TIME,
    detail_type: str = HUMAN_LOOP_DETAIL_TYPES[0],
) -> dict[str, Any]:
    """Return the event of a Stopped human loop.

    Parameters
    ----------
    output_uri
        The location of the output. Default: no output. A loop that is stopped after reviewers
        answered can have an output.
    human_loop, flow_definition, account, region, creation_time, time, detail_type
        See `completed_event`.

    Raises
    ------
    ValueError
        If a name is an ARN or empty.

    Examples
    --------
    >>> stopped_event()["detail"]["humanLoopStatus"]
    'Stopped'
    """
    return _event(
        HumanLoopStatus.STOPPED,
        human_loop,
        flow_definition,
        account=account,
        region=region,
        time=time,
        detail_type=detail_type,
        creationTime=creation_time,
        humanLoopOutput=None if output_uri is None else {"outputS3Uri": output_uri},
    )


def _event(
    status: HumanLoopStatus,
    human_loop: str,
    flow_definition: str,
    *,
    account: str,
    region: str,
    time: str,
    detail_type: str,
    **detail: Any,
) -> dict[str, Any]:
    loop_arn = sagemaker_arn(
        "human-loop", human_loop, account=account, region=region, parameter="human_loop"
    )
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": detail_type,
        "source": AWS_SOURCE,
        "account": account,
        "time": time,
        "region": region,
        "resources": [loop_arn],
        "detail": {
            "creationTime": None,
            "failureCode": None,
            "failureReason": None,
            "flowDefinitionArn": sagemaker_arn(
                "flow-definition",
                flow_definition,
                account=account,
                region=region,
                parameter="flow_definition",
            ),
            "humanLoopArn": loop_arn,
            "humanLoopName": human_loop,
            "humanLoopOutput": None,
            "humanLoopStatus": status.value,
            **detail,
        },
    }

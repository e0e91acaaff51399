"""The flow definitions of a stack, as A2I knows them."""

from __future__ import annotations

from botocore.exceptions import ClientError

from human_loops_cli.deployments import FlowDefinition, read_flow_definition
from human_loops_cli.session import Session

#: The error code of SageMaker for a flow definition that does not exist.
_NOT_FOUND = "ResourceNotFound"


def find_flow_definition(session: Session, arn: str) -> FlowDefinition | None:
    """Return a flow definition. None if A2I does not know it.

    Parameters
    ----------
    session
        The run.
    arn
        Its ARN, in the account and Region of the run.
    """
    name = arn.rpartition("/")[2]
    try:
        found = read_flow_definition(session.client("sagemaker"), session.client("kms"), name)
    except ClientError as error:
        if error.response["Error"]["Code"] != _NOT_FOUND:
            raise
        return None
    return found if found.arn == arn else None


def active_flow_definitions(session: Session) -> list[str]:
    """Return the ARNs of the active flow definitions of the account and Region."""
    pages = session.client("sagemaker").get_paginator("list_flow_definitions").paginate()
    return [
        each["FlowDefinitionArn"]
        for page in pages
        for each in page["FlowDefinitionSummaries"]
        if each["FlowDefinitionStatus"] == "Active"
    ]


def is_in_environment(session: Session, arn: str) -> bool:
    """Return whether a flow definition is in the account and Region of the stack."""
    return arn.split(":")[3:5] == session.stack.arn.split(":")[3:5]

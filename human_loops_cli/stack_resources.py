"""The resources of the deployed stack, as CloudFormation knows them."""

from __future__ import annotations

from human_loops_cli.session import Session


def physical_ids(session: Session, *types: str) -> list[str]:
    """Return the physical ids of the stack's resources of some types.

    Parameters
    ----------
    session
        The run.
    types
        Types of CloudFormation, such as ``AWS::Events::Rule``.
    """
    pages = session.client("cloudformation").get_paginator("list_stack_resources")
    return [
        resource["PhysicalResourceId"]
        for page in pages.paginate(StackName=session.stack.name)
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] in types and "PhysicalResourceId" in resource
    ]

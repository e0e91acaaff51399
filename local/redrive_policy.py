"""Sets redrive policies and dead-letter queues, which the emulator's CloudFormation leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.emulator import Emulator


def apply_redrive_policies(emulator: Emulator, stack_name: str) -> None:
    """Set the dead-letter queues in a stack's template on its queues and functions.

    In an account, CloudFormation sets them. Without them, no message is moved to a dead-letter
    queue.
    """
    resources: Mapping[str, Any] = _template(emulator, stack_name)["Resources"]
    physical = _physical_ids(emulator, stack_name)
    sqs, functions = emulator.client("sqs"), emulator.client("lambda")

    def queue_arn(reference: Mapping[str, Any]) -> str:
        logical_id, _arn = reference["Fn::GetAtt"]
        answer = sqs.get_queue_attributes(
            QueueUrl=physical[logical_id], AttributeNames=["QueueArn"]
        )
        return str(answer["Attributes"]["QueueArn"])

    for logical_id, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" in properties:
            policy = properties["RedrivePolicy"]
            resolved = {**policy, "deadLetterTargetArn": queue_arn(policy["deadLetterTargetArn"])}
            sqs.set_queue_attributes(
                QueueUrl=physical[logical_id], Attributes={"RedrivePolicy": json.dumps(resolved)}
            )
        if resource["Type"] == "AWS::Lambda::Function" and "DeadLetterConfig" in properties:
            target = queue_arn(properties["DeadLetterConfig"]["TargetArn"])
            functions.update_function_configuration(
                FunctionName=physical[logical_id], DeadLetterConfig={"TargetArn": target}
            )


def _physical_ids(emulator: Emulator, stack_name: str) -> dict[str, str]:
    pages = emulator.client("cloudformation").get_paginator("list_stack_resources")
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages.paginate(StackName=stack_name)
        for resource in page["StackResourceSummaries"]
    }


def _template(emulator: Emulator, stack_name: str) -> Mapping[str, Any]:
    answer = emulator.client("cloudformation").get_template(StackName=stack_name)
    body = answer["TemplateBody"]
    template: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
    return template

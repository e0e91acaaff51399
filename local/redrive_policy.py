"""What the emulator's CloudFormation leaves out of a queue: its redrive policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.emulator import Emulator


def apply_redrive_policies(emulator: Emulator, stack_name: str) -> None:
    """Give each queue of a deployed stack the redrive policy that the stack's template has for it.

    In an account CloudFormation does this. Without it nothing would ever go to dead letters.
    """
    cloudformation, sqs = emulator.client("cloudformation"), emulator.client("sqs")
    resources: Mapping[str, Any] = _template(cloudformation, stack_name)["Resources"]
    urls = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in cloudformation.get_paginator("list_stack_resources").paginate(
            StackName=stack_name
        )
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::SQS::Queue"
    }
    for logical_id, url in urls.items():
        policy = resources[logical_id]["Properties"].get("RedrivePolicy")
        if policy is None:
            continue
        dead_letters, _arn = policy["deadLetterTargetArn"]["Fn::GetAtt"]
        attributes = sqs.get_queue_attributes(
            QueueUrl=urls[dead_letters], AttributeNames=["QueueArn"]
        )
        resolved = {**policy, "deadLetterTargetArn": attributes["Attributes"]["QueueArn"]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(resolved)})


def _template(cloudformation: Any, stack_name: str) -> Mapping[str, Any]:
    body = cloudformation.get_template(StackName=stack_name)["TemplateBody"]
    template: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
    return template

"""The made-up human loop of a verification: its event, its output and its names."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from human_loop_reviews.contract import (
    HUMAN_LOOP_DETAIL_TYPES,
    PROJECT_SOURCE,
    VERIFICATION,
    VERIFICATION_LOOP_PREFIX,
    HumanLoopStatus,
)
from human_loops_cli.inputs import VERIFICATION_FOLDER
from human_loops_cli.stack import DeployedStack
from human_loops_cli.verification.stack_parts import StackParts

_FLOW_DEFINITION: Final = "human-loops-verification"

#: The detail type of an event that only the temporary rules match.
PROBE_DETAIL_TYPE: Final = "Human Loops Verification"

#: The time that a run has for removing its resources. After it, they are left over.
_SECONDS_TO_REMOVE: Final = 120


@dataclass(frozen=True, kw_only=True)
class VerificationLoop:
    """The made-up human loop of a verification. A2I does not know it."""

    verification: str
    """The id of the verification, from which the names derive. It begins with the deadline, after
    which the resources of the verification are left over."""
    stack: DeployedStack
    """The stack."""
    flow_definition_arn: str
    """A flow definition that the rule matches. It need not exist."""
    status: str
    """A status that the rule matches."""
    creation_time: str
    """When it was created."""
    has_output: bool
    """Whether there is a review handler that needs its output."""

    @classmethod
    def create(cls, parts: StackParts, *, seconds: float) -> VerificationLoop:
        """Create a loop that the rule of the stack matches."""
        pattern = {} if parts.rule is None else parts.rule.pattern
        wanted = pattern.get("humanLoopStatus") or list(HumanLoopStatus)
        best = (HumanLoopStatus.COMPLETED, HumanLoopStatus.STOPPED, HumanLoopStatus.FAILED)
        matchers = pattern.get("flowDefinitionArn") or [_FLOW_DEFINITION]
        first = matchers[0]["suffix"].strip("/") if isinstance(matchers[0], dict) else matchers[0]
        deadline = int(time.time() + seconds + _SECONDS_TO_REMOVE)
        now = datetime.now(UTC).replace(tzinfo=None)
        status = next(each.value for each in best if each in wanted)
        return cls(
            verification=f"{deadline}-{secrets.token_hex(3)}",
            stack=parts.stack,
            flow_definition_arn=parts.stack.flow_definition_arn(first),
            status=status,
            creation_time=f"{now.isoformat(timespec='milliseconds')}Z",
            has_output=parts.handler is not None and status == HumanLoopStatus.COMPLETED,
        )

    @property
    def name(self) -> str:
        """The loop's name, which no loop of A2I can have."""
        return f"{VERIFICATION_LOOP_PREFIX}{self.verification}"

    @property
    def arn(self) -> str:
        """The loop's ARN."""
        return loop_arn(self.stack, self.verification)

    def output_key(self) -> tuple[str, str]:
        """Return bucket and key of the output."""
        bucket, folder = output_folder(self.stack, self.flow_definition_arn)
        return bucket, f"{folder}{self.verification}/output.json"

    def output(self) -> bytes:
        """Return an output of A2I: a custom task with one answer."""
        document = {
            "flowDefinitionArn": self.flow_definition_arn,
            "humanLoopName": self.name,
            "inputContent": {"taskObject": "a deployment is verified"},
            "humanAnswers": [{"answerContent": {"verified": True}}],
        }
        return json.dumps(document).encode()

    def entry(self) -> dict[str, Any]:
        """Return the entry of PutEvents, without the bus."""
        bucket, key = self.output_key() if self.has_output else ("", "")
        detail = {
            "creationTime": self.creation_time,
            "failureCode": None,
            "failureReason": None,
            "flowDefinitionArn": self.flow_definition_arn,
            "humanLoopArn": self.arn,
            "humanLoopName": self.name,
            "humanLoopOutput": {"outputS3Uri": f"s3://{bucket}/{key}"} if key else None,
            "humanLoopStatus": self.status,
            VERIFICATION: self.verification,
        }
        return {
            "Source": PROJECT_SOURCE,
            "DetailType": HUMAN_LOOP_DETAIL_TYPES[0],
            "Resources": [self.arn],
            "Detail": json.dumps(detail),
        }

    def probe(self) -> dict[str, Any]:
        """Return an entry that shows whether EventBridge uses the verification's rules yet."""
        detail = json.dumps({VERIFICATION: self.verification})
        return {"Source": PROJECT_SOURCE, "DetailType": PROBE_DETAIL_TYPE, "Detail": detail}


def loop_arn(stack: DeployedStack, verification: str) -> str:
    """Return the ARN of the loop of a verification."""
    arn = stack.flow_definition_arn(_FLOW_DEFINITION).rpartition("flow-definition/")[0]
    return f"{arn}human-loop/{VERIFICATION_LOOP_PREFIX}{verification}"


def output_folder(stack: DeployedStack, flow_definition_arn: str) -> tuple[str, str]:
    """Return the bucket, and the prefix of the outputs of verifications below its output path."""
    bucket, _, prefix = stack["S3OutputPath"].removeprefix("s3://").partition("/")
    flow = flow_definition_arn.rpartition("/")[2]
    folders = [prefix.strip("/"), flow, VERIFICATION_FOLDER]
    return bucket, "".join(f"{folder}/" for folder in folders if folder)


def resource_prefix(stack: DeployedStack) -> str:
    """Return how the names of what a verification of a stack creates begin."""
    return f"human-loops-verify-{sha256(stack.arn.encode()).hexdigest()[:8]}-"

"""The made-up human loop of a verification: its event, its output and its names."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from human_loop_reviews.contract import (
    HUMAN_LOOP_DETAIL_TYPES,
    PROJECT_SOURCE,
    VERIFICATION,
    VERIFICATION_LOOP_PREFIX,
    VERIFIED_LEDGER,
    HumanLoopStatus,
)
from human_loops_cli.output_folders import VERIFICATION_FOLDER
from human_loops_cli.stack import DeployedStack
from human_loops_cli.verification.flow_definition_checks import CheckedFlowDefinition
from human_loops_cli.verification.stack_parts import StackParts

_FLOW_DEFINITION: Final = "human-loops-verification"

#: The detail type of an event that only the temporary rules match.
PROBE_DETAIL_TYPE: Final = "Human Loops Verification"

#: The time that a run has for removing its resources. After it, they are left over.
_SECONDS_TO_REMOVE: Final = 120


@dataclass(frozen=True, kw_only=True)
class OutputPlace:
    """Where the outputs of verifications of a flow definition are."""

    bucket: str
    folder: str
    """The bucket, and the prefix, which ends with a slash."""
    key_arn: str | None
    """The key of the flow definition. None for the bucket's default."""


@dataclass(frozen=True, kw_only=True)
class VerificationLoop:
    """The made-up human loop of a verification. A2I does not know it."""

    verification: str
    """The id of the verification, from which the names derive. It begins with the deadline, after
    which the resources of the verification are left over."""
    stack: DeployedStack
    """The stack."""
    flow_definition_arn: str
    """A flow definition that the rule matches. It exists, unless A2I has none."""
    status: str
    """A status that the rule matches."""
    creation_time: str
    """When it was created."""
    place: OutputPlace | None
    """Where its output is. None without one."""
    ledger: str | None
    """The ledger of the stack. None without a review handler."""

    @classmethod
    def create(
        cls, parts: StackParts, flows: Sequence[CheckedFlowDefinition], *, seconds: float
    ) -> VerificationLoop:
        """Create a loop that the rule of the stack matches.

        It is of the first flow definition without a fault. If each has one, no output is written,
        and the loop is Stopped rather than Completed.

        Parameters
        ----------
        parts
            The parts of the stack.
        flows
            The flow definitions of the stack.
        seconds
            How long the verification takes.
        """
        pattern = {} if parts.rule is None else parts.rule.pattern
        wanted = pattern.get("humanLoopStatus") or list(HumanLoopStatus)
        flow = next((each for each in flows if not each.fault), None)
        place = None if parts.handler is None else _place_of(parts.stack, flow, flows)
        best = [HumanLoopStatus.STOPPED, HumanLoopStatus.FAILED]
        best.insert(0 if place or parts.handler is None else 2, HumanLoopStatus.COMPLETED)
        arns = [each.arn for each in (flow, *flows) if each is not None]
        deadline = int(time.time() + seconds + _SECONDS_TO_REMOVE)
        now = datetime.now(UTC).replace(tzinfo=None)
        status = next(each.value for each in best if each in wanted)
        made_up = parts.stack.flow_definition_arn(_FLOW_DEFINITION)
        return cls(
            verification=f"{deadline}-{secrets.token_hex(3)}",
            stack=parts.stack,
            flow_definition_arn=next(iter(arns), made_up),
            status=status,
            creation_time=f"{now.isoformat(timespec='milliseconds')}Z",
            place=place if status == HumanLoopStatus.COMPLETED else None,
            ledger=None if parts.handler is None else parts.handler.settings.ledger_table,
        )

    @property
    def can_be_settled(self) -> bool:
        """Whether the review handler, if there is one, finds all that it needs."""
        return (
            self.ledger is None
            or self.place is not None
            or self.status != HumanLoopStatus.COMPLETED
        )

    @property
    def name(self) -> str:
        """The loop's name, which no loop of A2I can have."""
        return f"{VERIFICATION_LOOP_PREFIX}{self.verification}"

    @property
    def arn(self) -> str:
        """The loop's ARN."""
        return loop_arn(self.stack, self.verification)

    @property
    def output_key(self) -> str:
        """The key of the output. Empty without one."""
        return f"{self.place.folder}{self.verification}/output.json" if self.place else ""

    @property
    def output_uri(self) -> str | None:
        """The URI of the output. None without one."""
        return f"s3://{self.place.bucket}/{self.output_key}" if self.place else None

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
        detail = {
            "creationTime": self.creation_time,
            "failureCode": None,
            "failureReason": None,
            "flowDefinitionArn": self.flow_definition_arn,
            "humanLoopArn": self.arn,
            "humanLoopName": self.name,
            "humanLoopOutput": {"outputS3Uri": self.output_uri} if self.place else None,
            "humanLoopStatus": self.status,
            VERIFICATION: self.verification,
            **({} if self.ledger is None else {VERIFIED_LEDGER: self.ledger}),
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


def output_places(
    stack: DeployedStack, flows: Sequence[CheckedFlowDefinition]
) -> list[OutputPlace]:
    """Return all places where verifications of a stack write outputs."""
    sound: list[CheckedFlowDefinition | None] = [each for each in flows if not each.fault]
    places = (_place_of(stack, each, flows) for each in (sound or [None]))
    return [each for each in places if each is not None]


def _place_of(
    stack: DeployedStack,
    flow: CheckedFlowDefinition | None,
    flows: Sequence[CheckedFlowDefinition],
) -> OutputPlace | None:
    """Return where the output of a flow definition is written."""
    if flow is not None and flow.found is not None:
        found = flow.found
        return OutputPlace(
            bucket=found.bucket,
            folder=f"{found.prefix}{found.name}/{VERIFICATION_FOLDER}/",
            key_arn=found.key_arn,
        )
    if flow is None and flows:
        return None
    name = _FLOW_DEFINITION if flow is None else flow.name
    bucket, _, prefix = stack["S3OutputPath"].removeprefix("s3://").partition("/")
    folders = [prefix.strip("/"), name, VERIFICATION_FOLDER]
    return OutputPlace(
        bucket=bucket,
        folder="".join(f"{folder}/" for folder in folders if folder),
        key_arn=stack.outputs.get("OutputKeyArn"),
    )


def resource_prefix(stack: DeployedStack) -> str:
    """Return how the names of what a verification of a stack creates begin."""
    return f"human-loops-verify-{sha256(stack.arn.encode()).hexdigest()[:8]}-"

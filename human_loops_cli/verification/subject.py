"""What is verified: the parts of a stack, and the marked human loop that passes through them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from botocore.exceptions import ClientError

from human_loop_reviews.contract import (
    HUMAN_LOOP_DETAIL_TYPES,
    PROJECT_SOURCE,
    VERIFICATION,
    VERIFICATION_LOOP_PREFIX,
    HumanLoopStatus,
)
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.handler import DeployedHandler, read_handler
from human_loops_cli.inputs import VERIFICATION_FOLDER
from human_loops_cli.session import Session
from human_loops_cli.stack import DeployedStack

_FLOW_DEFINITION: Final = "human-loops-verification"

#: The detail type of an event that no rule but the verification's own matches.
PROBE_DETAIL_TYPE: Final = "Human Loops Verification"

#: What this adds is left over when a run ends without removing it and this long has passed.
_SECONDS_TO_REMOVE: Final = 120


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of the stack.

    Parameters
    ----------
    name, bus
        Its name, and the name or ARN of its bus.
    description
        What EventBridge says of it. None if it does not exist.
    """

    name: str
    bus: str
    description: Mapping[str, Any] | None

    @property
    def pattern(self) -> Mapping[str, Any]:
        """What it matches of the event's detail."""
        pattern = json.loads((self.description or {}).get("EventPattern") or "{}")
        detail: Mapping[str, Any] = pattern.get("detail") or {}
        return detail


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The parts of a stack.

    Parameters
    ----------
    stack
        The stack.
    rule, failed_rule
        The rule on all ended loops, and the one on failures. None without such an output.
    handler
        The review handler. None if the stack has none, or a function of its owner's.
    """

    stack: DeployedStack
    rule: Rule | None
    failed_rule: Rule | None
    handler: DeployedHandler | None

    def output(self, name: str) -> str | None:
        """Return an output of the stack, None if it has no such part."""
        return self.stack.outputs.get(name)

    @property
    def topics(self) -> list[str]:
        """The ARNs of the topic and of the alerts' topic, as far as the stack's account owns them.

        Another owner would have to confirm a subscription.
        """
        found = map(self.output, ("TopicArn", "AlertsTopicArn"))
        account = self.stack.arn.split(":")[4]
        return [topic for topic in found if topic is not None and topic.split(":")[4] == account]

    @property
    def handler_queue(self) -> str | None:
        """The URL of the queue before the handler. None if the rule invokes the handler."""
        return self.output("HandlerQueueUrl")

    @property
    def outcome_bus(self) -> str | None:
        """The bus of outcomes: its name, or its ARN if it is in another account."""
        if self.handler is None:
            return None
        return _bus(self.stack, self.handler.settings.outcome_bus)

    @property
    def buses(self) -> list[str]:
        """The buses of the event and of the outcome that are in the stack's account."""
        buses = (None if self.rule is None else self.rule.bus, self.outcome_bus)
        names = (bus for bus in buses if bus is not None and not bus.startswith("arn:"))
        return list(dict.fromkeys(names))


def read_subject(session: Session) -> Subject:
    """Find the parts of the stack.

    Raises
    ------
    CommandError
        If there is nothing to verify, or the stack is a hub or a spoke.
    """
    stack = session.stack
    if "HubEventBusArn" in stack.outputs:
        raise CommandError(
            f"stack {stack.name} is of a hub and its spokes, whose parts are in several accounts; "
            "verify sends an event through one account",
            advice="End a human loop in the account of a spoke, and look at status of the hub. "
            "A deployment beside the spoke can be verified.",
            status=ExitStatus.INCOMPLETE,
        )
    subject = Subject(
        stack=stack,
        rule=_rule(session, "StatusChangeRuleName"),
        failed_rule=_rule(session, "FailedRuleName"),
        handler=read_handler(session) if "LedgerTableName" in stack.outputs else None,
    )
    if subject.rule is None and subject.output("AlertsTopicArn") is None:
        raise CommandError(
            f"there is nothing to verify: stack {stack.name} has neither the output "
            "StatusChangeRuleName nor AlertsTopicArn",
            advice="Add the outputs that docs/cli.md lists to a stack of your own.",
            status=ExitStatus.INCOMPLETE,
        )
    return subject


def _rule(session: Session, output: str) -> Rule | None:
    name = session.stack.outputs.get(output)
    if name is None:
        return None
    # The reference to a rule on another bus than the default one is bus|name.
    bus, _, name = name.rpartition("|")
    bus = _bus(session.stack, bus or "default")
    try:
        description = session.client("events").describe_rule(Name=name, EventBusName=bus)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        description = None
    return Rule(name=name, bus=bus, description=description)


def _bus(stack: DeployedStack, bus: str) -> str:
    """Return the name of a bus of the stack's account, and the ARN of any other."""
    owned = bus.startswith("arn:") and bus.split(":")[4] == stack.arn.split(":")[4]
    return bus.rpartition("/")[2] if owned else bus


@dataclass(frozen=True, kw_only=True)
class MarkedLoop:
    """A human loop that A2I does not know. Its names derive from the id of the verification.

    Parameters
    ----------
    verification
        The id. It begins with the time after which what was added is left over.
    stack
        The stack.
    flow_definition_arn
        A flow definition that the rule matches. It need not exist.
    status
        A status that the rule matches.
    creation_time
        When it was made up.
    has_output
        Whether there is a review handler that needs its output.
    """

    verification: str
    stack: DeployedStack
    flow_definition_arn: str
    status: str
    creation_time: str
    has_output: bool

    @classmethod
    def create(cls, subject: Subject, *, seconds: float) -> MarkedLoop:
        """Make a loop up that the subject's rule matches."""
        pattern = {} if subject.rule is None else subject.rule.pattern
        wanted = pattern.get("humanLoopStatus") or list(HumanLoopStatus)
        best = (HumanLoopStatus.COMPLETED, HumanLoopStatus.STOPPED, HumanLoopStatus.FAILED)
        matchers = pattern.get("flowDefinitionArn") or [_FLOW_DEFINITION]
        first = matchers[0]["suffix"].strip("/") if isinstance(matchers[0], dict) else matchers[0]
        deadline = int(time.time() + seconds + _SECONDS_TO_REMOVE)
        now = datetime.now(UTC).replace(tzinfo=None)
        status = next(each.value for each in best if each in wanted)
        return cls(
            verification=f"{deadline}-{secrets.token_hex(3)}",
            stack=subject.stack,
            flow_definition_arn=subject.stack.flow_definition_arn(first),
            status=status,
            creation_time=f"{now.isoformat(timespec='milliseconds')}Z",
            has_output=subject.handler is not None and status == HumanLoopStatus.COMPLETED,
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

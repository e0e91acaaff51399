"""The IAM policy of the command line's user, for exactly one stack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from human_loops_cli.handler import read_handler
from human_loops_cli.session import Session
from human_loops_cli.stack_resources import physical_ids
from human_loops_cli.stack_rules import RuleName, bus_name, read_rule
from human_loops_cli.verification.verification_loop import resource_prefix

# How the names of resources begin in the policy that is documented.
_ANY_OF_STACK: Final = "HumanLoops-*"


def stack_policy(session: Session, statements: Sequence[str] = ()) -> dict[str, Any]:
    """Return the policy, with the resources of the stack in place of patterns.

    Parameters
    ----------
    session
        The run.
    statements
        The names of statements. Empty for all.
    """
    policy: dict[str, Any] = json.loads(_text())
    resources_of = _Resources(session)
    found = []
    for statement in policy["Statement"]:
        if statements and statement["Sid"] not in statements:
            continue
        given = statement["Resource"]
        patterns = [given] if isinstance(given, str) else given
        arns = list(dict.fromkeys(arn for each in patterns for arn in resources_of.arns(each)))
        if arns:
            text = json.dumps(statement).replace("REGION", resources_of.region)
            found.append({**json.loads(text), "Resource": arns})
    return {**policy, "Statement": found}


def statement_names() -> list[str]:
    """Return the names of the statements."""
    return [each["Sid"] for each in json.loads(_text())["Statement"]]


def _text() -> str:
    """Read the policy: in the package if it is installed, in docs if it is used in place."""
    packaged = resources.files("human_loops_cli") / "cli-policy.json"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[1] / "docs" / "cli-policy.json").read_text(encoding="utf-8")


class _Resources:
    """The ARNs of a stack's resources that a pattern of the documented policy stands for."""

    def __init__(self, session: Session) -> None:
        self._session, self._stack = session, session.stack
        _, self._partition, _, self.region, self._account, _ = self._stack.arn.split(":", 5)

    def arns(self, pattern: str) -> Iterator[str]:
        """Yield the ARNs for a pattern. None if the stack has no such resource."""
        if pattern == "*":
            yield pattern
            return
        for concrete in self._concrete(pattern):
            arn = concrete.replace("REGION", self.region).replace("ACCOUNT", self._account)
            yield arn.replace("arn:aws:", f"arn:{self._partition}:", 1)

    def _concrete(self, pattern: str) -> Iterable[str]:
        service = pattern.split(":")[2]
        if _ANY_OF_STACK in pattern:
            names = self._names(service, on_custom_bus="rule/*/" in pattern)
            head, _, tail = pattern.replace("rule/*/", "rule/").partition(_ANY_OF_STACK)
            return [f"{head}{name}{tail}" for name in names]
        if service == "cloudformation":
            return [pattern.replace("HumanLoops", self._stack.name)]
        if "human-loops-verify-" in pattern:
            return [pattern.replace("human-loops-verify-", resource_prefix(self._stack))]
        if service in ("s3", "athena"):
            return self._in_place(pattern)
        if service == "lambda":
            return self._layers()
        whole = {
            "kms": self._keys,
            "sagemaker": self._flow_definitions,
            "events": self._buses,
        }[service]
        head = pattern.rpartition("/")[0]
        return [f"{head}/{name}" for name in whole()]

    def _names(self, service: str, *, on_custom_bus: bool) -> list[str]:
        outputs = self._stack.outputs
        if service == "events":
            rules = self._rules()
            return [
                each.name if each.bus == "default" else f"{each.bus}/{each.name}"
                for each in rules
                if (each.bus != "default") == on_custom_bus
            ]
        kind, output = _KINDS[service]
        found = physical_ids(self._session, kind)
        found += [value for name, value in outputs.items() if re.search(output, name)]
        suffix = ":*" if service == "logs" else ""
        names = (re.split("[/:]", each)[-1] if service != "logs" else each for each in found)
        return [f"{name}{suffix}" for name in dict.fromkeys(names)]

    def _rules(self) -> list[RuleName]:
        found = physical_ids(self._session, "AWS::Events::Rule")
        return [RuleName.of_reference(each, self._stack) for each in found]

    def _buses(self) -> list[str]:
        buses = [each.bus for each in self._rules()]
        if "LedgerTableName" in self._stack.outputs:
            buses.append(bus_name(read_handler(self._session).settings.outcome_bus, self._stack))
        return [each.rpartition("/")[2] for each in dict.fromkeys(buses)]

    def _keys(self) -> list[str]:
        keys = physical_ids(self._session, "AWS::KMS::Key")
        keys += [arn for name, arn in self._stack.outputs.items() if name == "OutputKeyArn"]
        return [each.rpartition("/")[2] for each in dict.fromkeys(keys)]

    def _layers(self) -> list[str]:
        """Return the layers in any version: another mapping is another version."""
        versions = physical_ids(self._session, "AWS::Lambda::LayerVersion")
        return [f"{each.rpartition(':')[0]}:*" for each in versions]

    def _flow_definitions(self) -> list[str]:
        rule = read_rule(self._session, "StatusChangeRuleName")
        arns = rule.flow_definitions(self._stack) if rule else []
        return [each.rpartition("/")[2] for each in arns] or ["*"]

    def _in_place(self, pattern: str) -> list[str]:
        bucket, _, prefix = (
            self._stack.outputs.get("S3OutputPath", "").removeprefix("s3://").partition("/")
        )
        values: Mapping[str, str] = {
            "BUCKET": bucket,
            "WORKGROUP": self._stack.outputs.get("OutcomeArchiveWorkGroupName", ""),
        }
        for name, value in values.items():
            if name in pattern and not value:
                return []
            pattern = pattern.replace(name, value)
        folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        return [pattern.replace("PREFIX/", folder)]


#: The type of CloudFormation by service, and the outputs that name a resource that was supplied.
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "cloudwatch": ("AWS::CloudWatch::Alarm", "AlarmName$"),
    "dynamodb": ("AWS::DynamoDB::Table", "^LedgerTableName$"),
    "lambda": ("AWS::Lambda::Function", "^(Handler|Reconciler|Callbacks)Name$"),
    "logs": ("AWS::Logs::LogGroup", "^$"),
    "sns": ("AWS::SNS::Topic", "TopicArn$"),
    "sqs": ("AWS::SQS::Queue", "QueueUrl$"),
}

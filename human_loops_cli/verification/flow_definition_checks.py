"""What A2I will do for the flow definitions of a stack: whether a rule matches, where it writes.

An output of a flow definition is read only if it is below the prefix that the handler may read. A
test output is written only there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from human_loops_cli.deployments import FlowDefinition, is_readable
from human_loops_cli.flow_definitions import (
    active_flow_definitions,
    find_flow_definition,
    is_in_environment,
)
from human_loops_cli.known_flow_definitions import require_flow_definition
from human_loops_cli.session import Session
from human_loops_cli.verification.stack_parts import StackParts


@dataclass(frozen=True, kw_only=True)
class CheckedFlowDefinition:
    """A flow definition, and what is wrong with it."""

    arn: str
    """Its ARN."""
    found: FlowDefinition | None = None
    """The flow definition as A2I describes it. None if it was not read."""
    fault: str = ""
    """Why its events or outputs do not arrive. Empty if nothing is wrong."""
    evidence: str = ""
    """What is right with it."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.arn.rpartition("/")[2]


def check_flow_definitions(
    session: Session, parts: StackParts, flows: Sequence[str]
) -> list[CheckedFlowDefinition]:
    """Check flow definitions. None are checked if the stack has no rule on human loops.

    Parameters
    ----------
    session
        The run.
    parts
        The parts of the stack.
    flows
        Names or ARNs. Empty for those that the rule names, or for all active ones of the account
        and Region if it names none.

    Raises
    ------
    CommandError
        If neither the rule nor A2I knows one of them.
    """
    if parts.rule is None or parts.rule.description is None:
        return []
    named = parts.rule.flow_definitions(parts.stack)
    arns = [parts.stack.flow_definition_arn(each) for each in flows]
    for arn in arns:
        if arn not in named and is_in_environment(session, arn):
            require_flow_definition(session, arn)
    arns = arns or named or active_flow_definitions(session)
    return [_check(session, parts, arn) for arn in dict.fromkeys(arns)]


def _check(session: Session, parts: StackParts, arn: str) -> CheckedFlowDefinition:
    rule = parts.rule
    assert rule is not None  # noqa: S101 - otherwise nothing is checked
    if not rule.matches(arn):
        return CheckedFlowDefinition(
            arn=arn,
            fault=f"the rule {rule.name} does not match it: add it to flow_definitions",
        )
    if not is_in_environment(session, arn):
        return CheckedFlowDefinition(
            arn=arn, evidence="is in another account or Region, where A2I was not asked"
        )
    found = find_flow_definition(session, arn)
    if found is None:
        return CheckedFlowDefinition(
            arn=arn, fault=f"A2I does not know it: correct or remove it ({arn})"
        )
    fault = _fault_of_output(session, parts, found)
    if fault or "S3OutputPath" not in parts.stack.outputs:
        return CheckedFlowDefinition(
            arn=arn, found=found, fault=fault, evidence="A2I knows it, and the rule matches it"
        )
    return CheckedFlowDefinition(
        arn=arn,
        found=found,
        evidence=f"A2I writes to s3://{found.bucket}/{found.prefix}, where the handler reads",
    )


def _fault_of_output(session: Session, parts: StackParts, found: FlowDefinition) -> str:
    """Return why the handler cannot read what A2I writes."""
    roots = [_root(path) for path in parts.output_paths]
    if not roots:
        return ""
    assert parts.rule is not None  # noqa: S101 - otherwise nothing is checked
    names = [arn.rpartition("/")[2] for arn in parts.rule.flow_definitions(parts.stack)]
    if not any(
        found.bucket == bucket and is_readable(found, root=root, names=names)
        for bucket, root in roots
    ):
        folder = "<flow definition>/" if names else ""
        readable = ", ".join(f"s3://{bucket}/{root}{folder}" for bucket, root in roots)
        return (
            f"A2I writes to s3://{found.bucket}/{found.prefix}, but the handler may read "
            f"{readable} only: set output to the S3OutputPath of the flow definition"
        )
    if found.key_arn is None:
        return ""
    state = session.client("kms").describe_key(KeyId=found.key_arn)["KeyMetadata"]["KeyState"]
    return "" if state == "Enabled" else f"its key {found.key_arn} is {state}"


def _root(path: str) -> tuple[str, str]:
    """Return the bucket of an output path, and its prefix with one slash at the end."""
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""

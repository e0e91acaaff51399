"""A set of flow definitions, by name or ARN."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from aws_cdk import Stack, Token

from human_loop_reviews.contract import A2I_NAME, MAX_A2I_NAME

#: What A2I accepts as a flow definition's name.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFlowDefinition.html
_NAME = re.compile(A2I_NAME)

#: Lambda allows 4,096 bytes for all environment variables of a function.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_ENVIRONMENT_BYTES = 3072
_ARN = re.compile(r"arn:[^:]+:sagemaker:([^:]+):(\d{12}):flow-definition/(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FlowDefinitions:
    """A set of flow definitions. Create it with `from_names`, `from_arns` or `all`.

    Examples
    --------
    >>> FlowDefinitions.from_names("invoices", "claims").names
    ('invoices', 'claims')
    """

    _HOW_TO_MAKE: ClassVar = "FlowDefinitions.from_names('invoices'), .from_arns(…) or .all()"

    values: tuple[str, ...]
    """The names or ARNs as they were given. Empty for all."""
    are_arns: bool
    """Whether the values are ARNs."""

    @classmethod
    def from_names(cls, *names: str) -> FlowDefinitions:
        """Match flow definitions by name, in any account, Region and partition.

        Parameters
        ----------
        names
            At least one name, such as ``"invoices"``.

        Raises
        ------
        ValueError
            If there is no name, or A2I does not allow one of them.
        """
        if not names:
            raise ValueError("FlowDefinitions.from_names() needs at least one name")
        for name in names:
            _refuse_other_than_text(
                "from_names", name, "FlowDefinitions.from_names('invoices', 'claims')"
            )
            if not Token.is_unresolved(name) and not _is_name(name):
                raise ValueError(
                    f"FlowDefinitions.from_names(): {name!r} is not the name of a flow definition: "
                    "expected 1 to 63 lower-case letters, digits and hyphens, a letter or digit "
                    "first and last (an ARN goes to from_arns())"
                )
        return cls(tuple(dict.fromkeys(names)), are_arns=False)

    @classmethod
    def from_arns(cls, *arns: str) -> FlowDefinitions:
        """Match exactly the flow definitions with these ARNs.

        Parameters
        ----------
        arns
            At least one ARN, such as
            ``"arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"``.

        Raises
        ------
        ValueError
            If there is no ARN, or one is not the ARN of a flow definition.
        """
        if not arns:
            raise ValueError("FlowDefinitions.from_arns() needs at least one ARN")
        for arn in arns:
            _refuse_other_than_text(
                "from_arns", arn, "FlowDefinitions.from_arns('arn:aws:sagemaker:…')"
            )
            if Token.is_unresolved(arn):
                continue
            match = _ARN.fullmatch(arn)
            if match is None or not _is_name(match[3]):
                raise ValueError(
                    f"FlowDefinitions.from_arns(): {arn!r} is not the ARN of a flow definition: "
                    "expected arn:<partition>:sagemaker:<region>:<account>:flow-definition/<name>"
                )
        return cls(tuple(dict.fromkeys(arns)), are_arns=True)

    @classmethod
    def all(cls) -> FlowDefinitions:
        """Match every human loop of the account and Region, including those of other teams."""
        return cls((), are_arns=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, if all of them are known at synthesis. Empty otherwise."""
        if any(Token.is_unresolved(value) for value in self.values):
            return ()
        return tuple(dict.fromkeys(value.rsplit("/", 1)[-1] for value in self.values))

    @property
    def _qualified_names(self) -> tuple[str, ...]:
        """Account, Region and name, if all ARNs are known at synthesis. Empty otherwise."""
        if not self.are_arns or not self.names:
            return ()
        matches = (_ARN.fullmatch(value) for value in self.values)
        return tuple(f"{each[2]}/{each[1]}/{each[3]}" for each in matches if each is not None)

    def _overlaps(self, other: FlowDefinitions) -> bool:
        """Return whether a flow definition is known to be in both sets."""
        if not self.values or not other.values:
            return True
        if self.are_arns and other.are_arns:
            return not set(self.values).isdisjoint(other.values)
        return not set(self.names).isdisjoint(other.names)

    @property
    def _matchers(self) -> list[Any]:
        """The matchers for the event's ``flowDefinitionArn``. Empty for all."""
        if self.are_arns:
            return list(self.values)
        # An ARN ends in flow-definition/<name>. The shorter suffix leaves room for more names.
        return [{"suffix": f"/{name}"} for name in self.values]

    def _arns_in(self, stack: Stack) -> list[str]:
        """Return the ARNs in a stack's account and Region, with a wildcard for all."""
        return [
            value
            if self.are_arns
            else stack.format_arn(
                service="sagemaker", resource="flow-definition", resource_name=value
            )
            for value in self.values or ("*",)
        ]

    def _to_environment(self) -> str:
        """Return the names or ARNs as an environment variable of a function.

        Raises
        ------
        ValueError
            If they take more than 3,072 bytes.
        """
        rendered = json.dumps(self.values, separators=(",", ":"))
        size = len(rendered.encode())
        if size > _MAX_ENVIRONMENT_BYTES:
            raise ValueError(
                f"flow_definitions: their names or ARNs take {size:,} bytes, but a function's "
                f"environment has room for {_MAX_ENVIRONMENT_BYTES:,}; expected fewer or shorter "
                "ones, or several constructs"
            )
        return rendered

    def _refuse_names_of_several_environments(self) -> None:
        """Refuse ARNs that differ only in account or Region, because metrics are by name.

        Raises
        ------
        ValueError
            If two flow definitions have the same name.
        """
        if self.are_arns and 0 < len(self.names) < len(self.values):
            raise ValueError(
                "FlowDefinitions.from_arns(): flow definitions of several accounts or Regions have "
                "the same name, and would share their metrics and mappings; expected a "
                "HumanLoopHub as event_bus, which distinguishes them by account and Region"
            )

    def _are_of_other_environments(self, stack: Stack) -> bool:
        """Return whether an ARN is in another account or Region than a stack."""
        try:
            self._refuse_those_of_other_environments(stack)
        except ValueError:
            return True
        return False

    def _refuse_those_of_other_environments(self, stack: Stack) -> None:
        """Refuse ARNs outside the account and Region of a stack: its default bus gets no events.

        Parameters
        ----------
        stack
            The stack. An account or Region that is not known at synthesis is not checked.

        Raises
        ------
        ValueError
            If an ARN is in another account or Region.
        """
        for arn in self.values if self.are_arns else ():
            match = None if Token.is_unresolved(arn) else _ARN.fullmatch(arn)
            if match is None:
                continue
            for what, theirs, ours in (
                ("Region", match[1], stack.region),
                ("account", match[2], stack.account),
            ):
                if not Token.is_unresolved(ours) and theirs != ours:
                    raise ValueError(
                        f"FlowDefinitions.from_arns(): {arn} is in {what} {theirs}, but "
                        f"{stack.stack_name} is deployed to {what} {ours}. The default event bus "
                        "there does not receive its events; expected an ARN of that "
                        f"{what}, or event_bus with a bus to which they are forwarded"
                    )


def flow_definitions_or_all(value: FlowDefinitions | None) -> FlowDefinitions:
    """Return the flow definitions, or all of them for None."""
    return FlowDefinitions.all() if value is None else value


def _is_name(text: str) -> bool:
    return len(text) <= MAX_A2I_NAME and _NAME.fullmatch(text) is not None


def _refuse_other_than_text(method: str, value: object, example: str) -> None:
    if not isinstance(value, str):
        raise ValueError(
            f"FlowDefinitions.{method}(): expected texts as in {example}, got {value!r}"
        )

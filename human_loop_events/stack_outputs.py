"""The outputs of a stack, through which the command line finds the deployed parts."""

from __future__ import annotations

import re
from typing import Final

from aws_cdk import CfnOutput, Stack
from constructs import Construct

#: The logical id of an output has letters and digits only.
_PREFIX: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")


class StackOutputs:
    """What a construct offers as outputs of its stack, from `create` on.

    Parameters
    ----------
    scope
        The construct.
    """

    def __init__(self, scope: Construct) -> None:
        self._scope = scope
        self._values: dict[str, str] = {}
        self._prefix: str | None = None

    def add(self, **values: str) -> None:
        """Offer values, by the names that ``human-loops`` looks for."""
        self._values |= values
        if self._prefix is not None:
            self._create(values, self._prefix)

    def create(self, prefix: str) -> None:
        """Create an output for each value, also for those that are added later.

        Parameters
        ----------
        prefix
            The beginning of all names. Empty for the only construct with outputs in the stack.

        Raises
        ------
        ValueError
            If the prefix is not valid, or the stack has outputs with this prefix already.
        """
        if not isinstance(prefix, str) or (prefix and not _PREFIX.fullmatch(prefix)):
            raise ValueError(
                "prefix: expected a capital letter, and letters and digits after it, as in "
                f"'Claims', got {prefix!r}"
            )
        if self._prefix is not None:
            raise ValueError(f"{self._scope.node.path}: add_outputs() was called twice")
        self._create(self._values, prefix)
        self._prefix = prefix

    def _create(self, values: dict[str, str], prefix: str) -> None:
        stack = Stack.of(self._scope)
        construct_id = f"HumanLoopOutputs{prefix}"
        parent = stack.node.try_find_child(construct_id) or Construct(stack, construct_id)
        assert isinstance(parent, Construct)  # noqa: S101 - this module creates it
        for name, value in values.items():
            if parent.node.try_find_child(name) is not None:
                raise ValueError(
                    f"{self._scope.node.path}: stack {stack.stack_name} has the output "
                    f"{prefix}{name} already; expected another prefix for each construct of a "
                    "stack, as in add_outputs(prefix='Claims')"
                )
            output = CfnOutput(parent, name, value=value)
            output.override_logical_id(f"{prefix}{name}")

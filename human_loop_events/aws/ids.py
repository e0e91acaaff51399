"""Ids that cannot collide: scopes for what users add, and ids from paths."""

from __future__ import annotations

from typing import Final

from aws_cdk import Stack
from constructs import Construct, IConstruct

#: The id of the scope of rules that the ``on_…`` methods add.
ADDED_RULES: Final = "Rules"


def child_scope(parent: Construct, scope_id: str) -> Construct:
    """Return a scope below a construct, which is created at its first use."""
    existing = parent.node.try_find_child(scope_id)
    return existing if isinstance(existing, Construct) else Construct(parent, scope_id)


def path_id(subject: IConstruct, stack: Stack) -> str:
    """Return an id from a construct's path within the stack, or from the root."""
    path = subject.node.path
    # Not a hyphen: ids can contain it, and A-B/C and A/B-C are two subjects.
    return path.removeprefix(f"{stack.node.path}/").replace("/", "|")

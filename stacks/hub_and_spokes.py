"""What is wrong with the deployments of a hub and its spokes, seen together."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aws_cdk.region_info import RegionInfo

if TYPE_CHECKING:
    from stacks.deployment import Deployment

#: What a spoke has. Everything else is the hub's, and would have no effect in a spoke.
_KEYS_OF_A_SPOKE = frozenset(
    {
        *("name", "account", "region", "hub", "flow_definitions", "statuses"),
        *("output_bucket", "output_prefix", "output_key_arn", "alert_emails", "runbook"),
    }
)


def contradictions_of_hubs(
    deployments: Sequence[Deployment], names: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield deployments and keys that do not make a hub and its spokes, and what is wrong.

    Parameters
    ----------
    deployments
        Those that are valid by themselves.
    names
        The names of all.
    """
    valid = {each.name: each for each in deployments}
    spokes: dict[tuple[str | None, ...], str] = {}
    for each in deployments:
        if each.admits is None and each.hub is None:
            continue
        found = list(_of_hub(each) if each.admits is not None else _of_spoke(each, valid, names))
        if each.account is None:
            found = [("account", "a hub or a spoke needs account and region, got none")]
        elif each.admits is None:
            other = spokes.setdefault((each.hub, each.account, each.region), each.name)
            if other != each.name:
                found.append(("hub", _second(each, other)))
        yield from ((each.name, key, what) for key, what in found)


def _of_hub(hub: Deployment) -> Iterator[tuple[str, str]]:
    if hub.hub is not None:
        yield (
            "hub",
            f"EventBridge forwards an event once, so a hub cannot be a spoke of {hub.hub}; "
            "expected either admits or hub",
        )
    for key in ("output_bucket", "output_prefix", "output_key_arn"):
        if getattr(hub, key):
            yield key, f"a hub reads the outputs of its spokes, got {getattr(hub, key)!r}"


def _of_spoke(
    spoke: Deployment, valid: Mapping[str, Deployment], names: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if spoke.output_bucket is None:
        yield (
            "output_bucket",
            "a spoke needs the bucket in the flow definitions' S3OutputPath, which the hub may "
            "read; got none",
        )
    for key in sorted(spoke.model_fields_set - _KEYS_OF_A_SPOKE):
        yield key, "a spoke only forwards events; expected this key in the hub's deployment"
    name = spoke.hub or ""
    if name in valid:
        yield from (("hub", what) for what in _refused(spoke, valid[name]))
    # A name that is there but not valid has a fault of its own. An ARN is checked by the construct.
    elif name not in names and not name.startswith("arn:"):
        hubs = [each.name for each in valid.values() if each.admits is not None]
        nearest = "".join(
            f" (did you mean {each}?)" for each in difflib.get_close_matches(name, hubs, n=1)
        )
        yield (
            "hub",
            f"there is no deployment {name!r}{nearest}; expected one with admits, or the ARN of a "
            "hub's event bus",
        )


def _refused(spoke: Deployment, hub: Deployment) -> Iterator[str]:
    """Say why a deployment does not receive the events of a spoke."""
    if hub.admits is None:
        yield f"{hub.name} is no hub: expected a deployment with admits"
        return
    admitted = (*hub.admits, hub.account) if isinstance(hub.admits, list) else (spoke.account,)
    if spoke.account not in admitted:
        yield f"{hub.name} does not admit account {spoke.account}; expected it in its admits"
    ours, theirs = (RegionInfo.get(each.region or "").partition for each in (spoke, hub))
    if None not in (ours, theirs) and ours != theirs:
        yield f"{hub.name} is in partition {theirs}, and EventBridge forwards within {ours} only"


def _second(spoke: Deployment, other: str) -> str:
    return (
        f"{other} is a spoke of {spoke.hub} in account {spoke.account} and {spoke.region} already, "
        "and the role that the hub takes would have the same name; expected one spoke with all "
        "flow definitions, and outputs in one bucket"
    )

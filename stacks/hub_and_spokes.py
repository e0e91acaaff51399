"""Checks of hubs and spokes: of each deployment, and of all deployments together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from aws_cdk.region_info import RegionInfo

from stacks.deployment_keys import DeploymentKeys
from stacks.faults import Fault, nearest

#: The keys of a spoke. All other keys would have no effect in a spoke: they belong to the hub.
KEYS_OF_A_SPOKE: Final = frozenset(
    {
        *("name", "account", "region", "hub", "flow_definitions", "statuses", "event_bus"),
        *("output", "further_outputs", "alerts", "alert_emails", "alert_on_silence", "delivery"),
        *("tags", "termination_protection", "permissions_boundary"),
    }
)
ALERTS_OF_A_SPOKE: Final = frozenset({"topic", "runbook", "ok_actions"})
DELIVERY_OF_A_SPOKE: Final = frozenset(
    {"encryption_key", "dead_letter_queue", "max_event_age", "retry_attempts"}
)


def faults_of_one(deployment: DeploymentKeys) -> Iterator[Fault]:
    """Yield the faults of a hub or spoke. A deployment that is neither has none."""
    if deployment.admits is None and deployment.hub is None:
        return
    if deployment.account is None and deployment.region is None:
        yield Fault("account", "a hub or a spoke needs account and region, got none")
    if deployment.admits is not None:
        yield from _of_hub(deployment)
    else:
        yield from _of_spoke(deployment)


def faults_between(
    deployments: Sequence[DeploymentKeys], names: Sequence[str]
) -> Iterator[tuple[str, Fault]]:
    """Yield the faults between spokes and hubs, with the name of the spoke.

    Parameters
    ----------
    deployments
        The deployments that are valid alone.
    names
        The names of all deployments, including invalid ones.
    """
    by_name = {each.name: each for each in deployments}
    first: dict[tuple[str | None, ...], str] = {}
    for spoke in deployments:
        if spoke.hub is None:
            continue
        yield from ((spoke.name, Fault("hub", what)) for what in _of_link(spoke, by_name, names))
        other = first.setdefault((spoke.hub, spoke.account, spoke.region), spoke.name)
        if other != spoke.name:
            yield spoke.name, Fault("hub", _second(spoke, other))


def _of_hub(hub: DeploymentKeys) -> Iterator[Fault]:
    if hub.hub is not None:
        what = (
            f"EventBridge forwards an event once, so a hub cannot be a spoke of {hub.hub}; "
            "expected either admits or hub"
        )
        yield Fault("hub", what)
    if hub.event_bus is not None:
        yield Fault(
            "event_bus",
            f"a hub creates its event bus; expected no event_bus, got {hub.event_bus!r}",
        )
    if hub.output is not None:
        what = f"a hub reads the outputs of its spokes, got bucket {hub.output.bucket!r}"
        yield Fault("output", what)
    for name in sorted(hub.reconciler.model_fields_set - {"enabled"}):
        what = (
            "a hub has no reconciler, because A2I lists the human loops of an account and Region "
            "only there; expected this key in a deployment beside the spoke"
        )
        yield Fault(f"reconciler.{name}", what)
    if hub.callbacks:
        what = (
            "a hub cannot start or look up the human loops of other accounts; expected callbacks "
            "in a deployment beside the spoke"
        )
        yield Fault("callbacks", what)


def _of_spoke(spoke: DeploymentKeys) -> Iterator[Fault]:
    if spoke.output is None:
        what = (
            "a spoke needs the bucket in the flow definitions' S3OutputPath, which the hub may "
            "read; got none"
        )
        yield Fault("output", what)
    keys = [
        *sorted(spoke.model_fields_set - KEYS_OF_A_SPOKE),
        *(f"alerts.{each}" for each in sorted(spoke.alerts.model_fields_set - ALERTS_OF_A_SPOKE)),
        *(
            f"delivery.{each}"
            for each in sorted(spoke.delivery.model_fields_set - DELIVERY_OF_A_SPOKE)
        ),
    ]
    for each in keys:
        yield Fault(each, "a spoke only forwards events; expected this key in the hub's deployment")


def _of_link(
    spoke: DeploymentKeys, by_name: Mapping[str, DeploymentKeys], names: Sequence[str]
) -> Iterator[str]:
    name = spoke.hub or ""
    if name in by_name:
        yield from _refused(spoke, by_name[name])
    # An invalid deployment of this name has its own fault. The construct checks an ARN.
    elif name not in names and not name.startswith("arn:"):
        hubs = [each.name for each in by_name.values() if each.admits is not None]
        yield (
            f"there is no deployment {name!r}{nearest(name, hubs)}; expected one with admits, or "
            "the ARN of a hub's event bus"
        )


def _refused(spoke: DeploymentKeys, hub: DeploymentKeys) -> Iterator[str]:
    """Yield why a hub does not receive the events of a spoke."""
    if hub.admits is None:
        yield f"{hub.name} is no hub: expected a deployment with admits"
        return
    admitted = (*hub.admits, hub.account) if isinstance(hub.admits, list) else (spoke.account,)
    if spoke.account not in admitted:
        yield f"{hub.name} does not admit account {spoke.account}; expected it in its admits"
    ours, theirs = (RegionInfo.get(each.region or "").partition for each in (spoke, hub))
    if None not in (ours, theirs) and ours != theirs:
        yield f"{hub.name} is in partition {theirs}, and EventBridge forwards within {ours} only"


def _second(spoke: DeploymentKeys, other: str) -> str:
    return (
        f"{other} is a spoke of {spoke.hub} in account {spoke.account} and {spoke.region} already, "
        "and the role that the hub takes would have the same name; expected one spoke with all "
        "flow definitions, and outputs in one bucket"
    )

"""Checks across the keys of a deployment: values that are valid alone and invalid together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from stacks.deployment_keys import DeploymentKeys
from stacks.faults import Fault
from stacks.hub_and_spokes import faults_of_one
from stacks.values import A2I_REGIONS

#: The keys with ARNs that must have the deployment's account and Region.
_ARN_KEYS: Final = (
    "output.encryption_key",
    "corrected_documents.encryption_key",
    "topic.arn",
    "topic.encryption_key",
    "queue.arn",
    "queue.encryption_key",
    "handler.ledger.arn",
    "handler.ledger.encryption_key",
    "alerts.topic.arn",
    "alerts.topic.encryption_key",
    "delivery.encryption_key",
    "delivery.earlier_encryption_keys",
    "delivery.dead_letter_queue.arn",
    "delivery.dead_letter_queue.encryption_key",
)
#: A bus can be in another account. The policy of the bus then admits the handler.
_ARN_OF_ANY_ACCOUNT: Final = "handler.outcome_bus"


@dataclass(frozen=True, slots=True)
class CrossFieldFault:
    """A fault that more than one key causes."""

    fault: Fault
    """The fault, with the key that it is reported at."""
    others: tuple[str, ...] = ()
    """The other keys."""

    @property
    def top_keys(self) -> set[str]:
        """The top-level keys that cause the fault."""
        return {self.fault.top_key, *self.others}


def cross_field_faults(deployment: DeploymentKeys) -> Iterator[CrossFieldFault]:
    """Yield the faults that more than one key causes."""
    yield from _environment(deployment)
    yield from _arns(deployment)
    yield from _flow_definitions(deployment)
    yield from _settings(deployment)
    yield from _further_outputs(deployment)
    yield from _repetitions(deployment)
    yield from _hub_or_spoke(deployment)


def _environment(deployment: DeploymentKeys) -> Iterator[CrossFieldFault]:
    account, region = deployment.account, deployment.region
    if (account is None) != (region is None):
        absent, given = ("region", "account") if region is None else ("account", "region")
        what = f"account and region go together, got account={account!r} and region={region!r}"
        yield CrossFieldFault(Fault(absent, what), (given,))
    elsewhere = deployment.event_bus is not None or deployment.admits is not None
    if region is not None and region not in A2I_REGIONS and not elsewhere:
        what = (
            f"Amazon A2I is not in {region}, so no event arrives; expected one of "
            f"{', '.join(A2I_REGIONS)}, or event_bus with the bus to which events are forwarded, "
            "such as default"
        )
        yield CrossFieldFault(Fault("region", what), ("event_bus",))


def _arns(deployment: DeploymentKeys) -> Iterator[CrossFieldFault]:
    for place in (*_ARN_KEYS, _ARN_OF_ANY_ACCOUNT):
        value: object = deployment
        for name in place.split("."):
            value = getattr(value, name, None)
        for arn in value if isinstance(value, list) else [value]:
            if not isinstance(arn, str):
                continue
            for what in _elsewhere(deployment, arn, any_account=place == _ARN_OF_ANY_ACCOUNT):
                yield CrossFieldFault(Fault(place, what), ("account", "region"))


def _elsewhere(deployment: DeploymentKeys, arn: str, *, any_account: bool = False) -> Iterator[str]:
    _, _, _, region, account, _ = arn.split(":", 5)
    if deployment.region is None:
        yield f"it needs account and region, where {arn} can be used"
    elif region != deployment.region:
        yield f"expected an ARN of Region {deployment.region}, where this is deployed, got {arn}"
    if deployment.account not in (None, account) and not any_account:
        yield f"expected an ARN of account {deployment.account}, where this is deployed, got {arn}"


def _flow_definitions(deployment: DeploymentKeys) -> Iterator[CrossFieldFault]:
    place = "flow_definitions"
    try:
        values = deployment.flow_definitions_matched.values
    except ValueError as error:
        yield CrossFieldFault(Fault(place, str(error)))
        return
    for arn in values:
        # Another bus, such as a hub's, can have events from other accounts and Regions.
        if arn.startswith("arn:") and deployment.event_bus is None and deployment.admits is None:
            for what in _elsewhere(deployment, arn):
                yield CrossFieldFault(
                    Fault(place, what), ("account", "region", "event_bus", "admits")
                )
    if deployment.alert_on_low_agreement is not None and not values:
        yield CrossFieldFault(
            Fault(
                "alert_on_low_agreement",
                "it needs flow_definitions: agreement is measured by flow definition",
            ),
            (place,),
        )
    for name in deployment.handler.mappings:
        known = deployment.flow_definitions_matched.names
        if known and name.rpartition("/")[2] not in known:
            what = f"no such flow definition; expected one of {', '.join(known)}"
            yield CrossFieldFault(Fault(f"handler.mappings.{name}", what), (place,))


def _settings(deployment: DeploymentKeys) -> Iterator[CrossFieldFault]:
    delivery = deployment.handler_delivery
    for name in ("max_concurrency", "retry_for"):
        if getattr(delivery, name) is not None and not delivery.buffered:
            yield CrossFieldFault(Fault(f"handler_delivery.{name}", "it needs buffered: true"))
    reconciler = deployment.reconciler
    if not reconciler.enabled:
        for name in reconciler.given():
            if name != "enabled":
                yield CrossFieldFault(Fault(f"reconciler.{name}", "it needs enabled: true"))
    archive, bus = deployment.outcome_archive, deployment.handler.outcome_bus
    if not archive.enabled:
        for name in archive.given():
            if name != "enabled":
                yield CrossFieldFault(Fault(f"outcome_archive.{name}", "it needs enabled: true"))
    elif bus is not None and deployment.account not in (None, bus.split(":")[4]):
        what = (
            f"it needs a rule on outcomes, which must be where their bus is, and that is {bus}; "
            "expected a handler.outcome_bus of this account"
        )
        yield CrossFieldFault(Fault("outcome_archive.enabled", what), ("handler", "account"))
    queue = deployment.queue
    if queue.arn is None and queue.encryption_key is not None:
        yield CrossFieldFault(Fault("queue.encryption_key", "it needs arn, of an existing queue"))
    for name in ("visibility_timeout", "retention_period"):
        if queue.arn is not None and getattr(queue, name) is not None:
            what = "it is for a new queue, but arn has an existing one"
            yield CrossFieldFault(Fault(f"queue.{name}", what))
    if deployment.output is not None and deployment.output_bucket is not None:
        what = "it is for a new bucket, but output has an existing one"
        yield CrossFieldFault(Fault("output_bucket", what), ("output",))
    if deployment.handler.ledger is not None and deployment.handler.ledger_retention is not None:
        what = "it is for a new ledger; expected handler.ledger.retention"
        yield CrossFieldFault(Fault("handler.ledger_retention", what))


def _further_outputs(deployment: DeploymentKeys) -> Iterator[CrossFieldFault]:
    further = deployment.further_outputs or []
    if further and deployment.output is None:
        yield CrossFieldFault(Fault("further_outputs", "it needs output"), ("output",))
    try:
        names = deployment.flow_definitions_matched.names
    except ValueError:
        return  # it has its own fault
    for index, each in enumerate(further):
        if each.encryption_key is not None:
            for what in _elsewhere(deployment, each.encryption_key):
                place = f"further_outputs[{index}].encryption_key"
                yield CrossFieldFault(Fault(place, what), ("account", "region"))
        unknown = [name for name in each.flow_definitions if names and name not in names]
        if unknown:
            what = f"{unknown[0]!r} is none of flow_definitions: {', '.join(names)}"
            place = f"further_outputs[{index}].flow_definitions"
            yield CrossFieldFault(Fault(place, what), ("flow_definitions",))
    elsewhere = {name for each in further for name in each.flow_definitions}
    if names and elsewhere.issuperset(names):
        what = "each of flow_definitions writes to one of them, and none to output"
        yield CrossFieldFault(Fault("further_outputs", what), ("output", "flow_definitions"))


def _hub_or_spoke(deployment: DeploymentKeys) -> Iterator[CrossFieldFault]:
    for fault in faults_of_one(deployment):
        yield CrossFieldFault(fault, ("admits", "hub", "account", "region"))


def _repetitions(deployment: DeploymentKeys) -> Iterator[CrossFieldFault]:
    addresses = [each.lower() for each in deployment.alert_emails or []]
    for address in dict.fromkeys(addresses):
        if addresses.count(address) > 1:
            what = f"expected each address once, got {address} repeatedly"
            yield CrossFieldFault(Fault("alert_emails", what))
    for name, value in (deployment.tags or {}).items():
        if not 1 <= len(name) <= 128 or len(value) > 256 or name.lower().startswith("aws:"):
            what = (
                f"expected 1 to 128 characters that do not begin with aws:, and a value of up to "
                f"256, got {name!r}: {value!r}"
            )
            yield CrossFieldFault(Fault("tags", what))

"""Delivery and alerts: supplied, configured or by default, for the constructs that use them."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from human_loop_events.events.alerts import Alerts, AlertsSettings
from human_loop_events.events.delivery import Delivery, DeliverySettings


def supplied_or_new_delivery(
    scope: Construct, delivery: Delivery | DeliverySettings | None
) -> Delivery:
    """Return the supplied delivery, or create one with the settings.

    Raises
    ------
    ValueError
        If the supplied one is in another stack.
    """
    if isinstance(delivery, Delivery):
        refuse_part_of_another_stack("delivery", delivery, scope)
        return delivery
    return Delivery(scope, "Delivery", **(delivery or {}))


def supplied_or_new_alerts(
    scope: Construct, alerts: Alerts | AlertsSettings | None, encryption_key: kms.IKey
) -> Alerts:
    """Return the supplied alerts, or create some with the settings and a key.

    Raises
    ------
    ValueError
        If the supplied ones are in another stack.
    """
    if isinstance(alerts, Alerts):
        refuse_part_of_another_stack("alerts", alerts, scope)
        return alerts
    return Alerts(scope, "Alerts", encryption_key=encryption_key, **(alerts or {}))


def refuse_part_of_another_stack(name: str, part: Delivery | Alerts, scope: Construct) -> None:
    """Refuse a part that refers to resources of this stack, which refers to it.

    The alarms and the policy of a part name the rules and targets of all that use it. Each stack
    would have to be deployed before the other.

    Raises
    ------
    ValueError
        If the part is in another stack.
    """
    theirs, ours = Stack.of(part), Stack.of(scope)
    if theirs == ours:
        return
    shared = {
        "delivery": "DeliverySettings(encryption_key=…, dead_letter_queue=…) with its key and its "
        "dead-letter queue",
        "alerts": "AlertsSettings(topic=…) with its topic",
    }
    raise ValueError(
        f"{name}: {part.node.path} is in the stack {theirs.node.path}, and {scope.node.path} in "
        f"{ours.node.path}: each stack would depend on the other; expected {shared[name]}"
    )

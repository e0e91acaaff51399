"""Publishes a metric of rules, which the emulator's EventBridge leaves out."""

from __future__ import annotations

from local.emulator import Emulator


def publish_triggered_rules(emulator: Emulator, rule_name: str, times: int) -> None:
    """Publish a rule's metric `TriggeredRules`, as EventBridge does in an account.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    emulator.client("cloudwatch").put_metric_data(
        Namespace="AWS/Events",
        MetricData=[
            {
                "MetricName": "TriggeredRules",
                "Dimensions": [{"Name": "RuleName", "Value": rule_name}],
                "Value": float(times),
                "Unit": "Count",
            }
        ],
    )

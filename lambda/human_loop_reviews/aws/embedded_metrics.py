"""CloudWatch's embedded metric format: one JSON object printed to the log.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from human_loop_reviews.contract import METRIC_NAMESPACE


def directive(dimension_sets: Sequence[Sequence[str]], units: Mapping[str, str]) -> dict[str, Any]:
    """Declare metrics: the names of their dimensions, and each metric's name and unit."""
    return {
        "Namespace": METRIC_NAMESPACE,
        "Dimensions": dimension_sets,
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
    }


def print_metrics(
    directives: Sequence[Mapping[str, Any]],
    dimensions: Mapping[str, str],
    values: Mapping[str, float],
    *,
    timestamp: float,
) -> None:
    """Print metrics that `directive` declared.

    Parameters
    ----------
    directives
        The declarations.
    dimensions, values
        The value of each dimension and metric.
    timestamp
        The time, in seconds since 1970.
    """
    document = {
        "_aws": {"Timestamp": int(timestamp * 1000), "CloudWatchMetrics": directives},
        **dimensions,
        **values,
    }
    print(json.dumps(document, separators=(",", ":")))  # noqa: T201 - CloudWatch reads it from the log

"""CloudWatch's embedded metric format: one JSON object printed to the log.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from human_loop_reviews.contract import METRIC_NAMESPACE

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
_MAX_DIMENSION_LENGTH: Final = 255
_NOT_PRINTABLE: Final = "[^\x20-\x7e]"


def directive(dimension_sets: Sequence[Sequence[str]], units: Mapping[str, str]) -> dict[str, Any]:
    """Declare metrics: the names of their dimensions, and each metric's name and unit."""
    return {
        "Namespace": METRIC_NAMESPACE,
        "Dimensions": dimension_sets,
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
    }


def dimension_value(text: str) -> str:
    """Return a text as CloudWatch accepts it as the value of a dimension.

    Examples
    --------
    >>> dimension_value(":über")
    '?ber'
    """
    value = re.sub(_NOT_PRINTABLE, "?", text)[:_MAX_DIMENSION_LENGTH]
    return value.strip().lstrip(":") or "Unknown"


def this_function() -> str:
    """Return the name of the function that runs. Outside of Lambda it has none."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "none")


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

"""The metrics of callbacks."""

from __future__ import annotations

import time

from human_loop_reviews.aws.embedded_metrics import (
    dimension_value,
    directive,
    print_metrics,
    this_function,
)
from human_loop_reviews.contract import FUNCTION_METRIC_DIMENSION, METRIC_DIMENSION, Metric


def emit(flow_definition_arn: str, *, waited: bool) -> None:
    """Print the metric of one callback.

    Parameters
    ----------
    flow_definition_arn
        The flow definition of its human loop.
    waited
        Whether the execution still waited, and so was resumed.
    """
    name = Metric.RESUMED_EXECUTIONS if waited else Metric.EXECUTIONS_NOT_WAITING
    print_metrics(
        [directive([[METRIC_DIMENSION, FUNCTION_METRIC_DIMENSION]], {name: "Count"})],
        {
            METRIC_DIMENSION: dimension_value(flow_definition_arn.rpartition("/")[2]),
            FUNCTION_METRIC_DIMENSION: this_function(),
        },
        {name: 1},
        timestamp=time.time(),
    )

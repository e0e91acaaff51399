"""The reconciler's metrics."""

from __future__ import annotations

from datetime import datetime

from human_loop_reviews.aws.embedded_metrics import directive, print_metrics
from human_loop_reviews.aws.reconciler_items import Progress
from human_loop_reviews.contract import (
    FUNCTION_METRIC_DIMENSION,
    METRIC_DIMENSION,
    Metric,
)


def emit(
    progress: Progress,
    *,
    function_name: str,
    recovered: int,
    complete: bool,
    unknown: bool,
    now: datetime,
) -> None:
    """Print the metrics of one flow definition.

    Parameters
    ----------
    progress
        The comparison of its human loops.
    function_name
        The reconciler's function.
    recovered
        How many events this run sent again.
    complete
        Whether all open loops were counted.
    unknown
        Whether A2I does not know the flow definition.
    now
        The time.
    """
    values: dict[str, float] = {Metric.RECOVERED_LOOPS: recovered}
    if complete:
        oldest = progress.oldest_open_loop
        age = 0.0 if oldest is None else max((now - oldest).total_seconds(), 0)
        values |= {Metric.OPEN_LOOPS: progress.open_loops, Metric.OLDEST_OPEN_LOOP_AGE: age}
    print_metrics(
        [
            directive(
                [[METRIC_DIMENSION, FUNCTION_METRIC_DIMENSION], [FUNCTION_METRIC_DIMENSION]],
                {name: _unit(name) for name in values},
            ),
            directive([[FUNCTION_METRIC_DIMENSION]], {Metric.UNKNOWN_FLOW_DEFINITIONS: "Count"}),
        ],
        {
            METRIC_DIMENSION: progress.flow_definition_arn.rpartition("/")[2],
            FUNCTION_METRIC_DIMENSION: function_name,
        },
        {**values, Metric.UNKNOWN_FLOW_DEFINITIONS: int(unknown)},
        timestamp=now.timestamp(),
    )


def _unit(name: str) -> str:
    return "Seconds" if name == Metric.OLDEST_OPEN_LOOP_AGE else "Count"

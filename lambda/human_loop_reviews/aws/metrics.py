"""The review handler's metrics."""

from __future__ import annotations

import time
from typing import Any, Final

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.aws.embedded_metrics import (
    dimension_value,
    directive,
    print_metrics,
    this_function,
)
from human_loop_reviews.contract import (
    FAILURE_CODE_DIMENSION,
    FUNCTION_METRIC_DIMENSION,
    METRIC_DIMENSION,
    FailureCode,
    HumanLoopStatus,
    Metric,
)
from human_loop_reviews.outcome_values import Verdict
from human_loop_reviews.review.verdicts import Review

_OF_A_LOOP: Final = [METRIC_DIMENSION, FUNCTION_METRIC_DIMENSION]

_SECONDS: Final = frozenset({Metric.TURNAROUND, Metric.SECONDS_TO_ACCEPT, Metric.SECONDS_WORKED})
_SHARES: Final = frozenset({Metric.LOOP_FAILED, Metric.AGREEMENT, Metric.REVIEWER_AGREEMENT})


def emit(loop: HumanLoopEvent, review: Review | None, *, qualified: bool = False) -> None:
    """Print the metrics of a settled loop. Call it once for each outcome.

    A verification has none.

    Parameters
    ----------
    loop
        The loop.
    review
        Its review; None without an output.
    qualified
        Whether the dimension has the flow definition's account and Region, as in a hub.
    """
    if loop.verification is not None:
        return
    values = {**_loop_values(loop), **(_review_values(review) if review else {})}
    directives = [_directive(_OF_A_LOOP, values)]
    dimensions = _dimensions(loop, qualified)
    if loop.status is HumanLoopStatus.FAILED:
        dimensions[FAILURE_CODE_DIMENSION] = _failure_code(loop)
        directives.append(_directive([*_OF_A_LOOP, FAILURE_CODE_DIMENSION], {loop.status: 1}))
    _print(directives, dimensions, values)


def emit_unreadable(loop: HumanLoopEvent, *, qualified: bool = False) -> None:
    """Print the metric of a loop with an unreadable output. Others follow when it can be read."""
    if loop.verification is not None:
        return
    values: dict[str, float] = {Metric.UNREADABLE: 1}
    _print([_directive(_OF_A_LOOP, values)], _dimensions(loop, qualified), values)


def emit_unconfirmed() -> None:
    """Print the metric of an event that was sent again and that A2I did not confirm."""
    values: dict[str, float] = {Metric.UNCONFIRMED_EVENTS: 1}
    dimensions = {FUNCTION_METRIC_DIMENSION: this_function()}
    _print([_directive([FUNCTION_METRIC_DIMENSION], values)], dimensions, values)


def _print(
    directives: list[dict[str, Any]], dimensions: dict[str, str], values: dict[str, float]
) -> None:
    print_metrics(directives, dimensions, values, timestamp=time.time())


def _dimensions(loop: HumanLoopEvent, qualified: bool) -> dict[str, str]:
    """Return the flow definition's name as CloudWatch accepts it, and the function's."""
    name = loop.qualified_flow_definition if qualified else loop.flow_definition
    return {METRIC_DIMENSION: dimension_value(name), FUNCTION_METRIC_DIMENSION: this_function()}


def _failure_code(loop: HumanLoopEvent) -> str:
    """Return one of few codes, because each value of a dimension creates a separate metric."""
    if loop.failure_code is None:
        return "Unknown"
    return loop.failure_code if loop.failure_code in tuple(FailureCode) else "Other"


def _loop_values(loop: HumanLoopEvent) -> dict[str, float]:
    values: dict[str, float] = {
        loop.status: 1,
        Metric.LOOP_FAILED: int(loop.status is HumanLoopStatus.FAILED),
    }
    if loop.turnaround_seconds is not None:
        values[Metric.TURNAROUND] = loop.turnaround_seconds
    return values


def _review_values(review: Review) -> dict[str, float]:
    worked = [seconds for seconds in review.seconds_worked if seconds is not None]
    values: dict[str, float | None] = {
        Metric.ANSWERS: review.answer_count,
        Metric.UNANSWERED: int(review.unanswered),
        Metric.AGREEMENT: review.agreement,
        Metric.REVIEWER_AGREEMENT: review.reviewer_agreement,
        Metric.SECONDS_TO_ACCEPT: review.seconds_to_first_acceptance,
        Metric.SECONDS_WORKED: sum(worked) if worked else None,
    }
    if review.prediction_known:
        values[Metric.FIELDS_JUDGED] = review.fields_judged
        values[Metric.FIELDS_CORRECT] = review.fields_correct
        counts = {verdict.capitalize(): n for verdict, n in review.verdict_counts.items()}
        # Only some mappings have these, and each metric has its price.
        rare = {
            Metric.FIELDS_ABSENT: review.fields_absent,
            Verdict.REJECTED.capitalize(): counts.pop(Verdict.REJECTED.capitalize()),
        }
        values |= counts | {name: count for name, count in rare.items() if count}
    return {name: value for name, value in values.items() if value is not None}


def _directive(dimensions: list[str], values: dict[str, float]) -> dict[str, Any]:
    return directive([dimensions], {name: _unit(name) for name in values})


def _unit(name: str) -> str:
    if name in _SECONDS:
        return "Seconds"
    return "None" if name in _SHARES else "Count"

"""The metrics of human loops that the functions print, by flow definition."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from human_loop_reviews.contract import (
    FAILURE_CODE_DIMENSION,
    FUNCTION_METRIC_DIMENSION,
    METRIC_DIMENSION,
    METRIC_NAMESPACE,
    Metric,
)

_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_]")


def loop_metric(
    function: lambda_.IFunction,
    metric_name: str,
    flow_definition: str,
    *,
    statistic: str = "Sum",
    period: Duration,
) -> cloudwatch.Metric:
    """Return a metric of one flow definition that a function prints.

    Functions of several stacks can print the same metric.
    """
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=metric_name,
        dimensions_map={
            METRIC_DIMENSION: flow_definition,
            FUNCTION_METRIC_DIMENSION: function.function_name,
        },
        statistic=statistic,
        period=period,
    )


def unconfirmed_events_metric(
    function: lambda_.IFunction, *, period: Duration
) -> cloudwatch.Metric:
    """Count the events that were sent again and that A2I did not confirm, of one review handler."""
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=Metric.UNCONFIRMED_EVENTS,
        dimensions_map={FUNCTION_METRIC_DIMENSION: function.function_name},
        statistic="Sum",
        period=period,
    )


def agreement_metric(
    function: lambda_.IFunction, flow_definition: str, *, period: Duration
) -> cloudwatch.MathExpression:
    """Divide the correct fields of a flow definition by the judged ones.

    The ids within the expression contain the name, so that one graph can show several.
    """
    name = _NOT_IN_AN_ID.sub("_", flow_definition)
    correct, judged = f"correct_{name}", f"judged_{name}"
    return cloudwatch.MathExpression(
        expression=f"{correct} / {judged}",
        using_metrics={
            correct: loop_metric(function, Metric.FIELDS_CORRECT, flow_definition, period=period),
            judged: loop_metric(function, Metric.FIELDS_JUDGED, flow_definition, period=period),
        },
        label=f"Agreement with the model of {flow_definition}",
        period=period,
    )


class LoopGraphs:
    """The lines of graphs about human loops: one for each flow definition.

    Without names that are known at synthesis, CloudWatch searches the flow definitions of which the
    function printed metrics. It finds those with data in the last two weeks.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html

    Parameters
    ----------
    function
        The function that prints the metrics.
    names
        The names of the flow definitions. Empty for any.
    period
        The period of each value.
    """

    def __init__(self, function: lambda_.IFunction, names: Sequence[str], period: Duration) -> None:
        self._function = function
        self._names = tuple(names)
        self._period = period

    def lines(
        self,
        metric_name: str,
        statistic: str = "Sum",
        *,
        suffix: str = "",
        period: Duration | None = None,
    ) -> list[cloudwatch.IMetric]:
        """Return a line for each flow definition, labelled with its name and a suffix."""
        period = period or self._period
        if not self._names:
            label = f"${{PROP('Dim.{METRIC_DIMENSION}')}}{suffix}"
            return [self._search_metric(metric_name, statistic, period, [], label)]
        return [
            loop_metric(
                self._function, metric_name, name, statistic=statistic, period=period
            ).with_(label=f"{name}{suffix}")
            for name in self._names
        ]

    def failure_codes(self) -> list[cloudwatch.IMetric]:
        """Return a line for each failure code of each flow definition."""
        label = f"${{PROP('Dim.{METRIC_DIMENSION}')}} ${{PROP('Dim.{FAILURE_CODE_DIMENSION}')}}"
        return [
            self._search_metric(
                "Failed",
                "Sum",
                self._period,
                [FAILURE_CODE_DIMENSION],
                label,
                flow_definition=name,
            )
            for name in self._names or (None,)
        ]

    def agreement(self, period: Duration) -> list[cloudwatch.IMetric]:
        """Return the correct fields divided by the judged ones.

        Without names it is one line for all flow definitions: CloudWatch cannot divide the results
        of two searches pair by pair.
        """
        if self._names:
            return [
                agreement_metric(self._function, name, period=period).with_(label=name)
                for name in self._names
            ]
        correct, judged = (
            self._search_expression(name, "Sum", [])
            for name in (Metric.FIELDS_CORRECT, Metric.FIELDS_JUDGED)
        )
        return [
            cloudwatch.MathExpression(
                expression=f"SUM({correct}) / SUM({judged})",
                label="all flow definitions",
                period=period,
            )
        ]

    def _search_metric(
        self,
        metric_name: str,
        statistic: str,
        period: Duration,
        further_dimensions: Sequence[str],
        label: str,
        *,
        flow_definition: str | None = None,
    ) -> cloudwatch.MathExpression:
        return cloudwatch.MathExpression(
            expression=self._search_expression(
                metric_name, statistic, further_dimensions, flow_definition
            ),
            label=label,
            period=period,
        )

    def _search_expression(
        self,
        metric_name: str,
        statistic: str,
        further_dimensions: Sequence[str],
        flow_definition: str | None = None,
    ) -> str:
        dimensions = [METRIC_DIMENSION, FUNCTION_METRIC_DIMENSION, *further_dimensions]
        schema = ",".join([METRIC_NAMESPACE, *dimensions])
        terms = [
            f'MetricName="{metric_name}"',
            f'{FUNCTION_METRIC_DIMENSION}="{self._function.function_name}"',
        ]
        if flow_definition is not None:
            terms.append(f'{METRIC_DIMENSION}="{flow_definition}"')
        return f"SEARCH('{{{schema}}} {' '.join(terms)}', '{statistic}')"

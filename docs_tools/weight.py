"""What a stack has and costs at rest, from the alert on failed loops alone to all options.

`python -m docs_tools.weight` prints the table in README.md. The tests compare it with the table.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_s3 as s3

from docs_tools.costs import (
    METRICS_OF_A_COMPLETED_LOOP,
    METRICS_OF_FAILED_AND_STOPPED_LOOPS,
    METRICS_OF_THE_RECONCILER,
    PRICES,
)
from human_loop_events import (
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopFilter,
    OutcomeArchiveSettings,
    OutputLocation,
    StatusEvents,
)

_METRICS: Final = (
    METRICS_OF_A_COMPLETED_LOOP + METRICS_OF_FAILED_AND_STOPPED_LOOPS + METRICS_OF_THE_RECONCILER
)


def _alert(stack: Stack) -> None:
    StatusEvents(stack, "Loops", filter=HumanLoopFilter()).alert_on_failure()


def _alert_and_queue(stack: Stack) -> None:
    loops = StatusEvents(stack, "Loops", filter=HumanLoopFilter())
    loops.alert_on_failure()
    loops.add_queue()


def _output(stack: Stack) -> OutputLocation:
    return OutputLocation(s3.Bucket.from_bucket_name(stack, "Output", "example-reviews"))


def _defaults(stack: Stack) -> None:
    HumanLoopEvents(stack, "Loops", output=_output(stack))


def _all_options(stack: Stack) -> None:
    loops = HumanLoopEvents(
        stack,
        "Loops",
        flow_definitions=FlowDefinitions.from_names("invoices"),
        output=_output(stack),
        handler_delivery=HandlerDelivery.buffered(),
        outcome_archive=OutcomeArchiveSettings(),
    )
    loops.add_callbacks()
    loops.add_dashboard()
    loops.add_archive(retention=Duration.days(30))
    loops.alert_on_silence(days=3)
    loops.alert_on_low_agreement(0.8)
    loops.add_outputs()


#: Each stack by its description in the table: what creates it.
STACKS: Final[Mapping[str, Callable[[Stack], None]]] = {
    "the alert and the alarm on failed loops: `StatusEvents(…).alert_on_failure()`": _alert,
    "the same and a queue: `add_queue()`": _alert_and_queue,
    "`HumanLoopEvents` with its defaults": _defaults,
    "`HumanLoopEvents` with all options: buffered delivery, callbacks, dashboard, archives, "
    "further alarms": _all_options,
}


def resource_counts(create: Callable[[Stack], None]) -> Counter[str]:
    """Return how many resources of each type a stack has."""
    app = App(analytics_reporting=False)
    create(Stack(app, "Weight"))
    template: Mapping[str, Any] = app.synth().get_stack_by_name("Weight").template
    return Counter(each["Type"] for each in template["Resources"].values())


def dollars_at_rest(counts: Counter[str]) -> float:
    """Return what the resources cost a month, with the metrics of one flow definition."""
    return (
        counts["AWS::KMS::Key"] * PRICES["KMS key, a month"]
        + counts["AWS::CloudWatch::Alarm"] * PRICES["alarm, a month"]
        + counts["AWS::CloudWatch::Dashboard"] * PRICES["dashboard, a month"]
        + bool(counts["AWS::Lambda::Function"]) * _METRICS * PRICES["custom metric, a month"]
    )


def weight_table() -> str:
    """Return the table, in Markdown."""
    lines = ["| stack | resources | alarms | US dollars a month |", "| --- | ---: | ---: | ---: |"]
    for description, create in STACKS.items():
        counts = resource_counts(create)
        lines.append(
            f"| {description} | {counts.total()} | {counts['AWS::CloudWatch::Alarm']} | "
            f"{dollars_at_rest(counts):.2f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(weight_table())

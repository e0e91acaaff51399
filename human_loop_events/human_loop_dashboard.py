"""A CloudWatch dashboard for operators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.events.alerts import Alerts
from human_loop_events.events.console import console_page
from human_loop_events.events.flow_definitions import FlowDefinitions, flow_definitions_or_all
from human_loop_events.events.runbook import runbook_section
from human_loop_events.events.status_events import StatusEvents
from human_loop_events.reviews.handler_queue import HandlerQueue
from human_loop_events.reviews.loop_metrics import LoopGraphs, unconfirmed_events_metric
from human_loop_events.reviews.reconciler import Reconciler
from human_loop_events.step_functions.callbacks import HumanLoopCallbacks
from human_loop_reviews.contract import HumanLoopStatus, Metric

_FIVE_MINUTES = Duration.minutes(5)
_HOUR = Duration.hours(1)
_DAY = Duration.days(1)
_SHOWN = Duration.days(7)

#: CloudWatch's grid has 24 columns.
_FULL_WIDTH = 24
_WIDTH = 8
_HEIGHT = 6

#: The maximum number of alarms in a widget.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
_MAX_ALARMS = 100

#: The sections of the runbook about the problems that the graphs show.
_SECTIONS = ("FailedLoops", "DeadLetterQueue", "HandlerErrors", "Backlog")


@checks_arguments
class HumanLoopDashboard(Construct):
    """A dashboard for ended human loops, the handler, and the queues.

    It shows metrics of the functions and of AWS for the supplied parts. An absent part has no
    graph. Without named flow definitions, the dashboard shows all of the account and Region.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    status_events
        The rules on ended loops, with the queue and its dead-letter queue.
    handler
        The function that handles each ended loop.
    alerts
        The alerts. The dashboard shows their alarms and their runbook.
    flow_definitions
        The flow definitions of the human loops. Default: all of the account and Region.
    statuses
        The statuses that the handler receives. Default: all three.
    reviews
        Whether the handler is a `ReviewHandler`, which has metrics of loops and reviews. Default:
        yes.
    handler_queue
        The queue before the handler. Default: none.
    reconciler
        The reconciler. Default: none.

    Examples
    --------
    >>> loops.add_dashboard()  # doctest: +SKIP
    """

    dashboard: cloudwatch.Dashboard
    """The CloudWatch dashboard. You can add widgets to it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        status_events: StatusEvents,
        handler: lambda_.IFunction,
        alerts: Alerts,
        flow_definitions: FlowDefinitions | None = None,
        statuses: Sequence[HumanLoopStatus] = tuple(HumanLoopStatus),
        reviews: bool = True,
        handler_queue: HandlerQueue | None = None,
        reconciler: Reconciler | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._handler = handler
        self._names = flow_definitions_or_all(flow_definitions).names
        self._graphs = LoopGraphs(handler, self._names, _HOUR)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            default_interval=_SHOWN,
            # A graph keeps its periods for any time range.
            period_override=cloudwatch.PeriodOverride.INHERIT,
        )
        self._dead_letter_graph = _graph("Dead letters")
        self._add_dead_letter_queues(status_events, handler_queue, reconciler)
        self._add_row([_heading(Stack.of(self), alerts)])
        self._add_row([_AlarmStates(alerts)])
        self._add_row(
            [_matched(status_events), self._dead_letter_graph, _ages(status_events, handler_queue)]
        )
        if reviews:
            self._add_row(self._loops(statuses))
            self._add_row(self._reviews())
        self._add_row(_function_graphs("Handler", handler))
        if reconciler is not None:
            self._add_row(self._reconciliation(reconciler))

    @property
    def url(self) -> str:
        """The URL of the dashboard in the AWS Management Console."""
        stack = Stack.of(self)
        name = self.dashboard.dashboard_name
        return console_page(
            stack, f"cloudwatch/home?region={stack.region}#dashboards/dashboard/{name}"
        )

    def add_callbacks(self, callbacks: HumanLoopCallbacks) -> None:
        """Show the executions that callbacks resume, their function and its dead-letter queue."""
        graphs = LoopGraphs(callbacks.function, self._names, _HOUR)
        executions = _graph(
            "Executions of Step Functions",
            [
                *graphs.lines(Metric.RESUMED_EXECUTIONS, suffix=" resumed"),
                *graphs.lines(Metric.EXECUTIONS_NOT_WAITING, suffix=" no longer waited"),
            ],
        )
        self._add_row([executions, *_function_graphs("Callbacks", callbacks.function)[:2]])
        self._dead_letter_graph.add_left_metric(_visible(callbacks.dead_letter_queue, "callbacks"))

    def _add_row(self, graphs: Iterable[cloudwatch.IWidget]) -> None:
        self.dashboard.add_widgets(*graphs)

    def _add_dead_letter_queues(
        self,
        status_events: StatusEvents,
        handler_queue: HandlerQueue | None,
        reconciler: Reconciler | None,
    ) -> None:
        queues = status_events.dead_letter_queues
        if handler_queue is not None:
            queues["handler queue"] = handler_queue.dead_letter_queue
        if reconciler is not None:
            queues["reconciler"] = reconciler.dead_letter_queue
        for name, queue in queues.items():
            self._dead_letter_graph.add_left_metric(_visible(queue, name))

    def _loops(self, statuses: Sequence[HumanLoopStatus]) -> list[cloudwatch.IWidget]:
        graphs: list[cloudwatch.IWidget] = [
            _graph(f"{status} loops an hour", self._graphs.lines(status), stacked=True)
            for status in statuses
        ]
        if HumanLoopStatus.FAILED in statuses:
            graphs.append(_graph("Failure codes", self._graphs.failure_codes(), stacked=True))
        unconfirmed = unconfirmed_events_metric(self._handler, period=_HOUR)
        graphs.append(
            _graph("Events that A2I did not confirm", [unconfirmed.with_(label="events")])
        )
        return graphs

    def _reviews(self) -> list[cloudwatch.IWidget]:
        lines = self._graphs.lines
        return [
            _graph(
                "Turnaround, seconds",
                [
                    *lines(Metric.TURNAROUND, "p50", suffix=" median"),
                    *lines(Metric.TURNAROUND, "p90", suffix=" p90"),
                ],
            ),
            _graph(
                "Worked by all reviewers of a loop, seconds",
                [
                    *lines(Metric.SECONDS_WORKED, "p50", suffix=" median"),
                    *lines(Metric.SECONDS_WORKED, "p90", suffix=" p90"),
                ],
            ),
            _graph(
                "Agreement with the model: correct fields of the judged ones, a day",
                self._graphs.agreement(_DAY),
                axis=cloudwatch.YAxisProps(min=0, max=1),
            ),
        ]

    def _reconciliation(self, reconciler: Reconciler) -> list[cloudwatch.IWidget]:
        graphs = LoopGraphs(reconciler.function, self._names, reconciler.schedule)
        return [
            _graph("Open loops", graphs.lines(Metric.OPEN_LOOPS, "Maximum")),
            _graph(
                "Oldest open loop, seconds",
                [reconciler.metric_oldest_open_loop_age().with_(label="oldest open loop")],
            ),
            _graph(
                "Loops of which events were lost or outputs cannot be read",
                [
                    reconciler.metric_recovered_loops().with_(label="events sent again"),
                    *self._graphs.lines(Metric.UNREADABLE, suffix=" unreadable"),
                ],
            ),
        ]


class _AlarmStates(cloudwatch.ConcreteWidget):
    """The states of all alarms with links, including alarms that are added later."""

    def __init__(self, alerts: Alerts) -> None:
        super().__init__(_FULL_WIDTH, _HEIGHT)
        self._alerts = alerts

    def to_json(self) -> list[object]:
        """Return the widget, or several if there are more alarms than one widget can have."""
        alarms = self._alerts.alarms
        groups = [alarms[n : n + _MAX_ALARMS] for n in range(0, len(alarms), _MAX_ALARMS)]
        width = _FULL_WIDTH // len(groups)
        rendered: list[object] = []
        for number, group in enumerate(groups):
            widget = cloudwatch.AlarmStatusWidget(
                alarms=group, title="Alarms", width=width, height=_HEIGHT
            )
            widget.position(number * width, self._y or 0)
            rendered += widget.to_json()
        return rendered


def _heading(stack: Stack, alerts: Alerts) -> cloudwatch.IWidget:
    alarms = console_page(stack, f"cloudwatch/home?region={stack.region}#alarmsV2:")
    return cloudwatch.TextWidget(
        markdown=f"# Human loops of {stack.stack_name}\n"
        f"[All alarms]({alarms}) · {_runbook(alerts.runbook)}",
        width=_FULL_WIDTH,
        height=2,
    )


def _runbook(runbook: str | None) -> str:
    if runbook is None:
        return "Runbook: `human-loops runbook SECTION`"
    if not runbook.startswith("https://"):  # a dashboard cannot link to a path
        return f"Runbook: {', '.join(_SECTIONS)} in `{runbook}`"
    links = (f"[{each}]({runbook_section(runbook, each)})" for each in _SECTIONS)
    return f"[Runbook]({runbook}): {' · '.join(links)}"


def _matched(status_events: StatusEvents) -> cloudwatch.IWidget:
    return _graph(
        "Events that the rules matched",
        [
            status_events.metric_events(period=_HOUR).with_(label="ended loops"),
            status_events.metric_failures(period=_HOUR).with_(label="failed loops"),
        ],
    )


def _ages(status_events: StatusEvents, handler_queue: HandlerQueue | None) -> cloudwatch.IWidget:
    queues: dict[str, sqs.IQueue] = {"queue": status_events.queue}
    if handler_queue is not None:
        queues["handler queue"] = handler_queue.queue
    return _graph(
        "Oldest message of each queue, seconds",
        [
            queue.metric_approximate_age_of_oldest_message(
                statistic="Maximum", period=_FIVE_MINUTES, label=name
            )
            for name, queue in queues.items()
        ],
    )


def _visible(queue: sqs.IQueue, name: str) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(
        statistic="Maximum", period=_FIVE_MINUTES, label=name
    )


def _function_graphs(name: str, function: lambda_.IFunction) -> list[cloudwatch.IWidget]:
    def duration(statistic: str, label: str) -> cloudwatch.Metric:
        return function.metric_duration(statistic=statistic, period=_FIVE_MINUTES, label=label)

    return [
        _graph(
            f"{name}: errors and throttles",
            [
                function.metric_errors(period=_FIVE_MINUTES, label="errors"),
                function.metric_throttles(period=_FIVE_MINUTES, label="throttles"),
            ],
        ),
        _graph(
            f"{name}: duration, milliseconds",
            [duration("p50", "median"), duration("p99", "p99"), duration("Maximum", "longest")],
        ),
        _graph(
            f"{name}: invocations",
            [function.metric_invocations(period=_FIVE_MINUTES, label="invocations")],
        ),
    ]


def _graph(
    title: str,
    metrics: Sequence[cloudwatch.IMetric] = (),
    *,
    stacked: bool = False,
    axis: cloudwatch.YAxisProps | None = None,
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(metrics),
        stacked=stacked,
        left_y_axis=axis or cloudwatch.YAxisProps(min=0, show_units=False),
        width=_WIDTH,
        height=_HEIGHT,
    )

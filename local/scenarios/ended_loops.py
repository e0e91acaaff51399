"""Ends human loops with every status, and observes each target, the ledger and the alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.cases import CASES, CONFIGURATION, Case
from local.failed_loops_alarm import alarm_message, raise_alarm
from local.observer import Observation, Observer
from local.report import arrivals_table, fields_table, quotation
from local.scenario import DemoEnvironment, Result, Scenario
from local.sending import await_arrivals, send

DEPLOYMENT = "demo"


def run(environment: DemoEnvironment) -> Result:
    """End the human loops of all cases."""
    emulator = environment.emulator
    observer = Observer(emulator, environment.stacks[DEPLOYMENT])
    sent = send(emulator, CASES)
    await_arrivals(observer, CASES)
    observations = {case.loop: observer.observe(case.loop) for case in CASES}
    state = raise_alarm(emulator, observer, CASES)
    return Result(
        shown="\n\n".join([*_observed(observations), _alarm(state, observer)]),
        counted=counted(sent, CASES, observations, state),
        differences=[
            *(text for case in CASES for text in observations[case.loop].differences(case)),
            *_other_differences(state, observer),
        ],
        log=_last_lines(observer),
    )


def counted(
    sent: int, cases: Sequence[Case], observations: Mapping[str, Observation], state: str
) -> str:
    """Return the numbers of events that were sent, were expected, arrived and were lost."""
    expected = sum(case.arrivals for case in cases)
    arrived = sum(_arrived(case, observations[case.loop]) for case in cases)
    lost = sum(max(0, case.arrivals - _arrived(case, observations[case.loop])) for case in cases)
    return (
        f"{sent} events sent, {expected} expected, {arrived} arrived, {lost} lost, "
        f"FailedLoops {state}"
    )


def _arrived(case: Case, observation: Observation) -> int:
    """Return how many events of a loop arrived at the topic, the queue and the ledger.

    The ledger has one item for a loop, for any number of events.
    """
    at_handler = case.sent if observation.records else 0
    return min(observation.topic, observation.queue, at_handler)


def _other_differences(state: str, observer: Observer) -> list[str]:
    runs, expected = observer.handler_runs(), sum(case.arrivals for case in CASES)
    failed = len(observer.dead_letter_messages())
    return [
        text
        for text, differs in {
            f"the handler: expected {expected} runs, got {runs}": runs != expected,
            f"dead-letter messages: expected none, got {failed}": failed > 0,
            f"the alarm FailedLoops: expected ALARM, got {state}": state != "ALARM",
            "the alarm FailedLoops: expected a message to the alerts, got none": alarm_message(
                observer
            )
            is None,
        }.items()
        if differs
    ]


def _observed(observations: Mapping[str, Observation]) -> list[str]:
    alerts = [
        [
            f"The alert for {case.loop} (EventBridge puts each line in quotes):",
            quotation(observations[case.loop].alerts[0]),
        ]
        for case in CASES
        if observations[case.loop].alerts
    ]
    return [
        "Events received at each target, and the items in the ledger, by human loop:",
        arrivals_table(CASES, observations),
        "The prediction and the answer of more than half of the reviewers, for each field:",
        fields_table(CASES, observations),
        *(alerts[0] if alerts else ()),
    ]


def _alarm(state: str, observer: Observer) -> str:
    message = alarm_message(observer)
    text = f"{message['AlarmDescription']}" if message else "(none)"
    return (
        f"The alarm FailedLoops is in state {state}. Its message to the alerts:\n\n"
        f"{quotation(text)}"
    )


def _last_lines(observer: Observer) -> str:
    """Return the last lines of the handler's log, without those that it always prints."""
    usual = ("START RequestId", "END RequestId", "REPORT RequestId", '{"_aws":')
    lines = [line for line in observer.handler_log() if not line.startswith(usual)]
    return "\n".join(lines[-40:])


SCENARIO = Scenario(
    title="Ending human loops, and publishing the metric of failed ones",
    deployment=DEPLOYMENT,
    configuration=CONFIGURATION,
    run=run,
)

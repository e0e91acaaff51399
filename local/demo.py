"""Deploys the product into an emulator and shows human loops being handled: `make demo`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from local.cases import CASES, CONFIGURATION, Case
from local.deployment import DeployedStack, DeploymentError, bootstrap, deploy
from local.emulator import Emulator, EmulatorError, running_emulator
from local.failed_loops_alarm import alarm_message, raise_alarm
from local.observer import Observation, Observer
from local.report import arrivals_table, fields_table, quotation, step
from local.sending import await_arrivals, create_output_bucket, send

DEPLOYMENT = "demo"


def main() -> int:
    """Run the demo; return 0 only if everything expected happened and nothing else did."""
    print("Human loops of Amazon A2I on this machine: no AWS account is used, all data is made up.")
    try:
        with running_emulator() as emulator:
            return _show(emulator, _deployed(emulator))
    except (EmulatorError, DeploymentError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; the emulator is stopped", file=sys.stderr)
        return 130


def _deployed(emulator: Emulator) -> DeployedStack:
    print(f"An emulator of AWS answers at {emulator.endpoint}.")
    with step("Preparing it for CDK: cdk bootstrap"):
        bootstrap(emulator)
    create_output_bucket(emulator)
    with step(f"Deploying the stack HumanLoops-{DEPLOYMENT}: cdk deploy"):
        return deploy(emulator, {DEPLOYMENT: CONFIGURATION})[DEPLOYMENT]


def _show(emulator: Emulator, stack: DeployedStack) -> int:
    observer = Observer(emulator, stack)
    with step("Ending human loops: outputs into the bucket, events onto the bus"):
        sent = send(emulator, CASES)
    with step("Waiting until the handler has settled them"):
        await_arrivals(observer, CASES)
    observations = {case.loop: observer.observe(case.loop) for case in CASES}
    with step("Counting the failed loops as CloudWatch would, waiting for the alarm"):
        state = raise_alarm(emulator, observer, CASES)
    differences = [text for case in CASES for text in observations[case.loop].differences(case)]
    differences += _other_differences(state, observer)
    _print_observations(observations)
    _print_alarm(state, observer)
    if differences:
        print("\nNOT as expected:", *differences, sep="\n  ")
        print("\nThe handler's last lines:", quotation(_last_lines(observer)), sep="\n")
        emulator.show_log()
    print("\n" + summary(sent, CASES, observations, state))
    return 1 if differences else 0


def summary(
    sent: int, cases: Sequence[Case], observations: Mapping[str, Observation], state: str
) -> str:
    """Count what was sent, what had to arrive, and what was seen at every target."""
    expected = sum(case.arrivals for case in cases)
    arrived = sum(_arrived(case, observations[case.loop]) for case in cases)
    lost = sum(max(0, case.arrivals - _arrived(case, observations[case.loop])) for case in cases)
    return (
        f"demo: {sent} events sent, {expected} expected, {arrived} arrived, {lost} lost, "
        f"FailedLoops {state}"
    )


def _arrived(case: Case, observation: Observation) -> int:
    """Count the events of a loop that came to the topic, the queue and the ledger.

    The ledger holds a loop once, however often its event is sent.
    """
    at_handler = case.sent if observation.records else 0
    return min(observation.topic, observation.queue, at_handler)


def _other_differences(state: str, observer: Observer) -> list[str]:
    runs, expected = observer.handler_runs(), sum(case.arrivals for case in CASES)
    letters = len(observer.dead_letters())
    return [
        text
        for text, differs in {
            f"the handler: expected {expected} runs, got {runs}": runs != expected,
            f"dead letters: expected none, got {letters}": letters > 0,
            f"the alarm FailedLoops: expected ALARM, got {state}": state != "ALARM",
            "the alarm FailedLoops told the alerts nothing": alarm_message(observer) is None,
        }.items()
        if differs
    ]


def _print_observations(observations: Mapping[str, Observation]) -> None:
    print("\nWhat each target received of each human loop, and what the ledger holds:\n")
    print(arrivals_table(CASES, observations))
    print("\nThe prediction and what more than half of the reviewers gave, field by field:\n")
    print(fields_table(CASES, observations))
    for case in CASES:
        for alert in observations[case.loop].alerts[:1]:
            print(f"\nThe alert on {case.loop} (EventBridge puts each line in quotes):\n")
            print(quotation(alert))


def _last_lines(observer: Observer) -> str:
    """Return the end of the handler's log, without what is printed when nothing is wrong."""
    usual = ("START RequestId", "END RequestId", "REPORT RequestId", '{"_aws":')
    lines = [line for line in observer.handler_log() if not line.startswith(usual)]
    return "\n".join(lines[-40:])


def _print_alarm(state: str, observer: Observer) -> None:
    message = alarm_message(observer)
    print(f"\nThe alarm FailedLoops is in state {state}. Its message to the alerts:\n")
    print(quotation(f"{message['AlarmDescription']}" if message else "(none came)"))


if __name__ == "__main__":
    sys.exit(main())

"""Damages an output, and redrives the dead-letter message after the output is restored."""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

from local.cases import OUTPUT_BUCKET, OUTPUT_PREFIX, Case, human_loop_event, output_uri
from local.command_line import CommandLine
from local.deployment import Configuration
from local.mailbox import Mailbox
from local.observer import Observer
from local.report import arrivals_table, quotation
from local.samples import OutputSample
from local.scenario import DemoEnvironment, Result, Scenario
from local.sending import send_event, write_output
from local.waiting import wait_until

DEPLOYMENT = "claims"
FLOW_DEFINITION = "claims"
CONFIGURATION: Configuration = {
    "flow_definitions": [FLOW_DEFINITION],
    "output": {"bucket": OUTPUT_BUCKET, "prefix": OUTPUT_PREFIX},
    "handler": {"include_values": True},
    "handler_delivery": {"buffered": True},
    "callbacks": True,
}
_QUEUE = "HandlerQueueDeadLetterQueue"


def run(environment: DemoEnvironment) -> Result:
    """End a loop with a damaged output, list its message, restore the output, and redrive."""
    emulator, stack = environment.emulator, environment.stacks[DEPLOYMENT]
    observer, case = Observer(emulator, stack), _case()
    human_loops = CommandLine(emulator, stack)
    dead_letter_queue = Mailbox(emulator, stack[f"{_QUEUE}Url"])

    _write_damaged_output(environment, case)
    send_event(emulator, case.event)
    wait_until(lambda: dead_letter_queue.waiting > 0)
    listing = ("dead-letters", "list", "--queue", _QUEUE)
    messages, listed = human_loops.json(*listing), human_loops.text(*listing)

    write_output(emulator, case)
    redriven = human_loops.text("dead-letters", "redrive")
    wait_until(lambda: _is_settled(observer, case))
    remaining = human_loops.json(*listing)

    observation = observer.observe(case.loop)
    # The first outcome says why there is no review. The second outcome replaces it.
    *unreadable, _ = observation.outcomes or [{}]
    last = dataclasses.replace(observation, outcomes=observation.outcomes[-1:])
    differences = last.differences(case)
    if [bool(each["outputError"]) for each in unreadable] != [True]:
        differences.append(f"{case.loop}: expected one outcome with outputError, got {unreadable}")
    reasons = [each["reason"] for each in messages if each["about"] == case.loop]
    if len(reasons) != 1 or "OutputError" not in reasons[0]:
        differences.append(
            f"{case.loop}: expected a dead-letter message with its reason, got {messages}"
        )
    if remaining:
        differences.append(f"{_QUEUE}: expected no message after the redrive, got {remaining}")
    return Result(
        shown="\n\n".join(
            [
                f"The output of {case.loop} was damaged. human-loops dead-letters list prints:",
                quotation(listed),
                "The output was restored. human-loops dead-letters redrive prints:",
                quotation(redriven),
                arrivals_table([case], {case.loop: observation}),
            ]
        ),
        counted=f"{len(reasons) - len(remaining)} redriven",
        differences=differences,
    )


def _case() -> Case:
    loop = "claim-2201"
    uri = output_uri(loop, FLOW_DEFINITION)
    return Case(
        shows="settled after a redrive",
        event=human_loop_event(loop, FLOW_DEFINITION, "Completed", output_uri=uri),
        sample=OutputSample.named("textract-invoice"),
    )


def _write_damaged_output(environment: DemoEnvironment, case: Case) -> None:
    uri = urlsplit(case.output_uri or "")
    environment.emulator.client("s3").put_object(
        Bucket=uri.netloc, Key=uri.path.removeprefix("/"), Body=b'{"flowDefinitionArn": "arn:aws'
    )


def _is_settled(observer: Observer, case: Case) -> bool:
    return any(record["outputError"] is None for record in observer.observe(case.loop).records)


SCENARIO = Scenario(
    title="Damaging an output, and redriving the dead-letter message",
    deployment=DEPLOYMENT,
    configuration=CONFIGURATION,
    run=run,
)

"""One emulator and one deployment for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace

import pytest

from local.a2i_server import A2IServer, running_a2i
from local.cases import CASES, CONFIGURATION, OUTPUT_BUCKET, OUTPUT_PREFIX
from local.deployment import DeployedStack, bootstrap, deploy, deploy_example
from local.emulator import ACCOUNT, REGION, Emulator, running_emulator
from local.mailbox import Mailbox
from local.rehearsal import await_arrivals, create_output_bucket, raise_alarm, send
from local.witness import Witness

BUFFERED_FLOW_DEFINITION = "claims"
RECONCILED_FLOW_DEFINITION = "refunds"
FORWARDED_FLOW_DEFINITION = "audits"
SPOKE_ACCOUNT, SPOKE_REGION = "444455556666", "us-west-2"
SPOKE = {
    "hub": "hub",
    "flow_definitions": [FORWARDED_FLOW_DEFINITION],
    "output_bucket": OUTPUT_BUCKET,
    "output_prefix": OUTPUT_PREFIX,
}


@pytest.fixture(scope="session")
def a2i() -> Iterator[A2IServer]:
    """A2I's own API, which the emulator lacks."""
    with running_a2i() as server:
        yield server


@pytest.fixture(scope="session")
def emulator(a2i: A2IServer) -> Iterator[Emulator]:
    with running_emulator(a2i.endpoints) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def other_account(emulator: Emulator) -> Emulator:
    """The same emulator with another account and Region."""
    return replace(emulator, account=SPOKE_ACCOUNT, region=SPOKE_REGION)


@pytest.fixture(scope="session")
def stacks(emulator: Emulator, other_account: Emulator) -> Mapping[str, DeployedStack]:
    for each in (emulator, other_account):
        bootstrap(each)
        create_output_bucket(each)
    return deploy(
        emulator,
        {
            "direct": CONFIGURATION,
            "buffered": {
                "flow_definitions": [BUFFERED_FLOW_DEFINITION],
                "handler_delivery": "BUFFERED",
            },
            "reconciled": {
                "flow_definitions": [RECONCILED_FLOW_DEFINITION],
                "output_bucket": OUTPUT_BUCKET,
                "output_prefix": OUTPUT_PREFIX,
            },
            "hub": {
                "account": ACCOUNT,
                "region": REGION,
                "admits": [SPOKE_ACCOUNT],
                "include_values": True,
            },
            "spoke": {"account": SPOKE_ACCOUNT, "region": SPOKE_REGION, **SPOKE},
            # The hub's own account has a spoke too: two buses in one account.
            "own-spoke": {"account": ACCOUNT, "region": REGION, **SPOKE},
        },
    )


@pytest.fixture(scope="session")
def direct(emulator: Emulator, stacks: Mapping[str, DeployedStack]) -> Witness:
    """The stack whose rule invokes the handler, after the demo's human loops have ended."""
    witness = Witness(emulator, stacks["direct"])
    send(emulator, CASES)
    await_arrivals(witness, CASES)
    raise_alarm(emulator, witness, CASES)
    return witness


@pytest.fixture(scope="session")
def buffered(emulator: Emulator, stacks: Mapping[str, DeployedStack]) -> Witness:
    """The stack whose handler reads a queue; that queue retries each second, not each minute."""
    stack = stacks["buffered"]
    emulator.client("sqs").set_queue_attributes(
        QueueUrl=stack["HandlerQueueUrl"], Attributes={"VisibilityTimeout": "1"}
    )
    return Witness(emulator, stack)


@pytest.fixture(scope="session")
def hub(emulator: Emulator, stacks: Mapping[str, DeployedStack]) -> Witness:
    """The stack to whose bus the spokes forward."""
    return Witness(emulator, stacks["hub"])


@pytest.fixture(scope="session")
def jobs(emulator: Emulator, stacks: Mapping[str, DeployedStack]) -> DeployedStack:
    """The example with human loops and training jobs, beside the other stacks."""
    assert stacks, "the emulator is bootstrapped"
    return deploy_example(emulator, "jobs_app", "ModelOperations")


@pytest.fixture(scope="session")
def handler_dead_letters(emulator: Emulator, buffered: Witness) -> Mailbox:
    """The dead-letter queue of the handler's own queue."""
    return Mailbox(emulator, buffered.stack["HandlerQueueDeadLetterQueueUrl"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the emulator and the handler printed lately when a test fails."""
    report = yield
    emulator = getattr(item, "funcargs", {}).get("emulator")
    if report.failed and isinstance(emulator, Emulator):
        report.sections.append((f"emulator log, {call.when}", emulator.last_lines()))
    return report

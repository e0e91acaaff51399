"""One emulator and one deployment for all end-to-end tests."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

import pytest

from local.a2i_server import A2IServer, running_a2i
from local.cases import CASES, CONFIGURATION, OUTPUT_BUCKET, OUTPUT_PREFIX
from local.deployment import EmulatedStack, bootstrap, deploy, deploy_example
from local.emulator import ACCOUNT, REGION, Emulator, running_emulator
from local.failed_loops_alarm import raise_alarm
from local.mailbox import Mailbox
from local.observer import Observer
from local.sending import await_arrivals, create_output_bucket, send
from tests.faults.assessment import Assessment, assess
from tests.faults.fault_run import FaultRun
from tests.faults.proxy import Proxy, running_proxy
from tests.permissions.recorded_calls import RECORDER, keep_calls
from tests.shared import make_once

BUFFERED_FLOW_DEFINITION = "claims"
#: Beside the outputs of other stacks in their bucket.
DOCUMENTS_PREFIX = "corrected/"
RECONCILED_FLOW_DEFINITION = "refunds"
FORWARDED_FLOW_DEFINITION = "audits"
RETAINED_FLOW_DEFINITION = "retained"
# The deployment that test_retained_resources.py deletes, and the one that takes its place.
DELETED, AGAIN = "deleted", "again"
FAULTY_SEED, FAULTY_LOOPS = 20260314, 22
SPOKE_ACCOUNT, SPOKE_REGION = "444455556666", "us-west-2"
SPOKE = {
    "hub": "hub",
    "flow_definitions": [FORWARDED_FLOW_DEFINITION],
    "output": {"bucket": OUTPUT_BUCKET, "prefix": OUTPUT_PREFIX},
}


@pytest.fixture(scope="session")
def a2i() -> Iterator[A2IServer]:
    """A2I's own API, which the emulator lacks."""
    with running_a2i() as server:
        yield server


@pytest.fixture(scope="session")
def proxy() -> Iterator[Proxy]:
    """What stands before the services that the functions call. It harms only the loops of a run."""
    with running_proxy() as proxy:
        yield proxy


@pytest.fixture(scope="session")
def emulator(a2i: A2IServer, proxy: Proxy) -> Iterator[Emulator]:
    process = str(os.getpid())
    message = "end-to-end tests run in several processes: see tests/scheduling.py"
    assert make_once("process-of-the-emulator", lambda: process) == process, message
    with running_emulator({**a2i.endpoints, **proxy.endpoints, "PYTHONPATH": RECORDER}) as emulator:
        proxy.upstream = emulator.endpoint
        yield emulator


@pytest.fixture(scope="session")
def other_account(emulator: Emulator) -> Emulator:
    """The same emulator with another account and Region."""
    return replace(emulator, account=SPOKE_ACCOUNT, region=SPOKE_REGION)


@pytest.fixture(scope="session")
def stacks(
    emulator: Emulator, other_account: Emulator, a2i: A2IServer
) -> Mapping[str, EmulatedStack]:
    for each in (emulator, other_account):
        bootstrap(each)
        create_output_bucket(each)
    deployed = deploy(
        emulator,
        {
            "direct": CONFIGURATION,
            "buffered": {
                "flow_definitions": [BUFFERED_FLOW_DEFINITION],
                "output_bucket": {},
                "corrected_documents": {"bucket": OUTPUT_BUCKET, "prefix": DOCUMENTS_PREFIX},
                "handler_delivery": {"buffered": True},
                "archive": {"retention": "1 day"},
            },
            "verified": {
                "flow_definitions": ["verified"],
                "output_bucket": {},
                "handler_delivery": {"buffered": True},
            },
            "reconciled": {
                "flow_definitions": [RECONCILED_FLOW_DEFINITION],
                "output": {"bucket": OUTPUT_BUCKET, "prefix": OUTPUT_PREFIX},
            },
            "hub": {
                "account": ACCOUNT,
                "region": REGION,
                "admits": [SPOKE_ACCOUNT],
                "handler": {"include_values": True},
            },
            "spoke": {"account": SPOKE_ACCOUNT, "region": SPOKE_REGION, **SPOKE},
            # The hub's own account has a spoke too: two buses in one account.
            "own-spoke": {"account": ACCOUNT, "region": REGION, **SPOKE},
        },
    )
    flow_definitions = {
        "direct": cast("Sequence[str]", CONFIGURATION["flow_definitions"]),
        "buffered": [BUFFERED_FLOW_DEFINITION],
        "verified": ["verified"],
    }
    for name, names in flow_definitions.items():
        a2i.add_flow_definitions(*names, output_path=deployed[name]["S3OutputPath"])
    return deployed


@pytest.fixture(scope="session")
def direct(emulator: Emulator, stacks: Mapping[str, EmulatedStack]) -> Observer:
    """The stack whose rule invokes the handler, after the demo's human loops have ended."""
    observer = Observer(emulator, stacks["direct"])
    send(emulator, CASES)
    await_arrivals(observer, CASES)
    raise_alarm(emulator, observer, CASES)
    return observer


@pytest.fixture(scope="session")
def buffered(emulator: Emulator, stacks: Mapping[str, EmulatedStack]) -> Observer:
    """The stack whose handler reads a queue; that queue retries each second, not each minute."""
    stack = stacks["buffered"]
    emulator.client("sqs").set_queue_attributes(
        QueueUrl=stack["HandlerQueueUrl"], Attributes={"VisibilityTimeout": "1"}
    )
    return Observer(emulator, stack)


@pytest.fixture(scope="session")
def faults(
    emulator: Emulator, a2i: A2IServer, proxy: Proxy, stacks: Mapping[str, EmulatedStack]
) -> Assessment:
    """The short form of `make faults`, in stacks with a bus for outcomes."""
    assert stacks, "the emulator is bootstrapped and has the output bucket"
    run = FaultRun(emulator, a2i, proxy)
    loops = run.planner(FAULTY_SEED).plan(
        FAULTY_LOOPS, with_poison_messages=False, each_delivery=False
    )
    return assess(loops, run.run(loops, FAULTY_SEED))


@pytest.fixture(scope="session")
def hub(emulator: Emulator, stacks: Mapping[str, EmulatedStack]) -> Observer:
    """The stack to whose bus the spokes forward."""
    return Observer(emulator, stacks["hub"])


@pytest.fixture(scope="session")
def jobs(emulator: Emulator, stacks: Mapping[str, EmulatedStack]) -> EmulatedStack:
    """The example with human loops and training jobs, beside the other stacks."""
    assert stacks, "the emulator is bootstrapped"
    return deploy_example(emulator, "jobs_app", "ModelOperations")


@pytest.fixture(scope="session")
def applications(emulator: Emulator, stacks: Mapping[str, EmulatedStack]) -> EmulatedStack:
    """The example with a state machine, beside the other stacks."""
    assert stacks, "the emulator is bootstrapped"
    return deploy_example(emulator, "state_machine_app", "Applications")


@pytest.fixture(scope="session")
def handler_dead_letters(emulator: Emulator, buffered: Observer) -> Mailbox:
    """The dead-letter queue of the handler's own queue."""
    return Mailbox(emulator, buffered.stack["HandlerQueueDeadLetterQueueUrl"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the emulator and the handler printed lately when a test fails.

    Also keep the calls of AWS that were recorded.
    """
    report = yield
    emulator = getattr(item, "funcargs", {}).get("emulator")
    if report.failed and isinstance(emulator, Emulator):
        report.sections.append((f"emulator log, {call.when}", emulator.last_lines()))
        kept = keep_calls(emulator)
        report.sections.append((f"recorded calls, {call.when}", f"kept in {kept}"))
    return report

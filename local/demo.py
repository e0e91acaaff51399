"""`make demo`: deploys the app into an emulator, and sends human loops through it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import cast
from urllib.parse import urlsplit

from local.a2i_server import A2IServer, running_a2i
from local.deployment import Configuration, EmulatedStack, bootstrap, deploy
from local.emulator import Emulator, running_emulator
from local.processes import InterruptedBySignalError
from local.report import quotation, step
from local.scenario import DemoEnvironment, Result, Scenario
from local.scenarios import SCENARIOS
from local.sending import create_output_bucket

_BROKEN_PIPE = 128 + signal.SIGPIPE
# The emulator, the functions and the CDK CLI write about 7 MB.
_SPACE = 16 << 20
_SECONDS_BETWEEN_LOOKS = 1.0


def main(*, keep: bool = False) -> int:
    """Run the demo. Return 0 if every result is as expected.

    Parameters
    ----------
    keep
        Whether the emulator and the stacks stay up until Ctrl-C.
    """
    problem = _disk_problem()
    if problem is not None:
        return _stopped(problem, 1)
    try:
        status = _run(keep=keep)
        sys.stdout.flush()
    except InterruptedBySignalError as error:
        return _stopped(f"stopped by {error}; the emulator is stopped", 128 + error.signal)
    except BrokenPipeError:
        return _stopped("the output was closed; the emulator is stopped", _BROKEN_PIPE)
    except (OSError, RuntimeError) as error:
        return _stopped(_disk_problem() or str(error), 1)
    return status


def _run(*, keep: bool) -> int:
    print("Human loops of Amazon A2I, emulated on this machine.")
    print("No AWS account is used, and all data is made up.")
    with running_a2i() as a2i, running_emulator(a2i.endpoints) as emulator:
        environment = _deployed(emulator, a2i)
        results: list[Result] = []
        for scenario in SCENARIOS:
            with step(scenario.title):
                results.append(scenario.run(environment))
        for result in results:
            print(f"\n{result.shown}")
        differences = [text for result in results for text in result.differences]
        if differences:
            print("\nNOT as expected:", *differences, sep="\n  ")
            print("\nThe last lines of the handler's log:")
            print(*(quotation(result.log) for result in results if result.log), sep="\n")
            emulator.show_log()
        print("\n" + summary(results))
        if keep:
            _keep_up(environment)
        return 1 if differences else 0


def _keep_up(environment: DemoEnvironment) -> None:
    """Print how to use the emulator, and leave it up until Ctrl-C.

    Raises
    ------
    RuntimeError
        If the emulator ends by itself.
    """
    print("\nThe emulator and the stacks stay up until you press Ctrl-C. In another terminal:\n")
    print(*(f"  {line}" for line in shell_lines(environment)), sep="\n", flush=True)
    try:
        while not environment.emulator.has_ended:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    except InterruptedBySignalError as error:
        if error.signal != signal.SIGINT:
            raise
        print("\ndemo: the emulator is stopped", flush=True)
        return
    raise RuntimeError("the emulator ended")


def shell_lines(environment: DemoEnvironment) -> Sequence[str]:
    """Return the commands for a shell in which `human-loops` uses the emulator and nothing else."""
    emulator = environment.emulator
    variables = {
        **{name: value for name, value in emulator.environment.items() if name.startswith("AWS_")},
        **environment.a2i.endpoints,
        "NO_PROXY": urlsplit(emulator.endpoint).hostname,
    }
    names = (stack.name for stack in environment.stacks.values())
    return (
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
        *(f"export {name}={value}" for name, value in variables.items()),
        *(f".venv/bin/human-loops --stack {name} status" for name in names),
    )


def summary(results: Sequence[Result]) -> str:
    """Return one line with the counts of all scenarios."""
    return f"demo: {', '.join(result.counted for result in results)}"


def deployments(scenarios: Sequence[Scenario]) -> Mapping[str, Configuration]:
    """Return the deployments of scenarios.

    Raises
    ------
    ValueError
        If two scenarios give one deployment different configurations.
    """
    configurations: dict[str, Configuration] = {}
    for scenario in scenarios:
        name = scenario.deployment
        if configurations.setdefault(name, scenario.configuration) != scenario.configuration:
            raise ValueError(f"two configurations of the deployment {name}")
    return configurations


def _deployed(emulator: Emulator, a2i: A2IServer) -> DemoEnvironment:
    print(f"The emulator of AWS listens at {emulator.endpoint}.")
    with step("Bootstrapping the emulator: cdk bootstrap"):
        bootstrap(emulator)
    create_output_bucket(emulator)
    needed = deployments(SCENARIOS)
    names = " and ".join(f"HumanLoops-{name}" for name in needed)
    with step(f"Deploying {names}: cdk deploy"):
        stacks: Mapping[str, EmulatedStack] = deploy(emulator, needed)
    for name, configuration in needed.items():
        flow_definitions = cast("Sequence[str]", configuration["flow_definitions"])
        a2i.add_flow_definitions(*flow_definitions, output_path=stacks[name]["S3OutputPath"])
    return DemoEnvironment(emulator=emulator, a2i=a2i, stacks=stacks)


def _stopped(message: str, status: int) -> int:
    """Print why the demo ends early, and return the exit status."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        print(f"\ndemo: {message}", file=sys.stderr, flush=True)
    # Otherwise Python prints an error if it cannot flush standard output when it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return status


def _disk_problem() -> str | None:
    """Return an error if the disk of the temporary folder is not usable or almost full."""
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError:
        return "no temporary folder can be written to: free space on its disk, or set TMPDIR"
    if shutil.disk_usage(folder).free >= _SPACE:
        return None
    return (
        f"the disk of {folder} has less than {_SPACE >> 20} MB left: free space on it, or set "
        "TMPDIR to another folder"
    )

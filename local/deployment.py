"""Deployment into the emulator with the real CDK CLI, as a user deploys into an account."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.emulator import PROJECT, Emulator
from local.processes import process_group
from local.redrive_policy import apply_redrive_policies

CDK = PROJECT / "node_modules" / ".bin" / "cdk"

# The first synthesis on a machine unpacks the CDK library, which is slow on a slow disk.
_SECONDS_TO_FINISH = 900
_LINES_OF_AN_ERROR = 30

Configuration = Mapping[str, object]
"""The configuration of one deployment, as the context `deployments` in cdk.json has it."""


class DeploymentError(RuntimeError):
    """The CDK CLI failed. The message has the last lines of its output."""


@dataclass(frozen=True)
class EmulatedStack:
    """A stack in the emulator."""

    name: str
    outputs: Mapping[str, str]

    def __getitem__(self, output: str) -> str:
        """Return the value of an output."""
        if output not in self.outputs:
            raise KeyError(f"{self.name} has no output {output}, but {sorted(self.outputs)}")
        return self.outputs[output]


def bootstrap(emulator: Emulator) -> None:
    """Run `cdk bootstrap` in the emulator."""
    # In the project's folder, with cdk.json, the CLI would run the app first.
    environment = f"aws://{emulator.account}/{emulator.region}"
    _run_cdk(emulator, ["bootstrap", environment], folder=emulator.folder)


def deploy(
    emulator: Emulator, deployments: Mapping[str, Configuration]
) -> dict[str, EmulatedStack]:
    """Deploy deployments of the project's app, and return the stacks by deployment."""
    outputs = emulator.folder / "outputs.json"
    _run_cdk(
        emulator,
        [
            *("deploy", "--all", "--require-approval", "never", "--method", "direct"),
            *("--concurrency", str(len(deployments))),
            *("--context", f"deployments={json.dumps(deployments)}"),
            *("--output", str(emulator.folder / "cdk.out")),
            *("--outputs-file", str(outputs)),
        ],
        folder=PROJECT,
    )
    by_stack: dict[str, dict[str, str]] = json.loads(outputs.read_text())
    stacks = {name: f"HumanLoops-{name}" for name in deployments}
    for name, stack in stacks.items():
        # A spoke in another account has no queue with a redrive policy.
        if deployments[name].get("account", emulator.account) == emulator.account:
            apply_redrive_policies(emulator, stack)
    return {name: EmulatedStack(stack, by_stack[stack]) for name, stack in stacks.items()}


def deploy_example(emulator: Emulator, example: str, stack_name: str) -> EmulatedStack:
    """Deploy the stack of an app in `examples`."""
    app = [sys.executable, str(PROJECT / "examples" / f"{example}.py")]
    return deploy_app(emulator, app, [stack_name])[stack_name]


def deploy_app(
    emulator: Emulator, app: Sequence[str], stack_names: Sequence[str]
) -> dict[str, EmulatedStack]:
    """Deploy the stacks of the app that a command runs, and return them by name."""
    outputs = emulator.folder / f"outputs-{stack_names[0]}.json"
    _run_cdk(
        emulator,
        [
            *("deploy", "--all", "--require-approval", "never", "--method", "direct"),
            *("--concurrency", str(len(stack_names))),
            *("--app", shlex.join(app)),
            *("--output", str(emulator.folder / f"cdk.out-{stack_names[0]}")),
            *("--outputs-file", str(outputs)),
        ],
        folder=PROJECT,
    )
    by_stack: dict[str, dict[str, str]] = json.loads(outputs.read_text())
    for stack in stack_names:
        apply_redrive_policies(emulator, stack)
    return {name: EmulatedStack(name, by_stack[name]) for name in stack_names}


def _run_cdk(emulator: Emulator, arguments: Sequence[str], *, folder: Path) -> None:
    printed = emulator.folder / f"cdk-{arguments[0]}.log"
    with (
        printed.open("wb") as output,
        process_group(
            [str(CDK), *arguments, "--no-notices"],
            environment={
                **emulator.environment,
                # `make test` validates the templates. It would take half of the processor time.
                "CDK_VALIDATION": "false",
                # No traffic to other hosts, and no files in the user's home.
                "CDK_DISABLE_CLI_TELEMETRY": "true",
                "CDK_DISABLE_VERSION_CHECK": "true",
                "CDK_HOME": str(emulator.folder / "cdk-home"),
                "CI": "true",
            },
            folder=folder,
            output=output,
        ) as process,
    ):
        deadline = time.monotonic() + _SECONDS_TO_FINISH
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise _error(arguments[0], f"took over {_SECONDS_TO_FINISH} s", printed)
            if emulator.has_ended:  # the CLI would retry for minutes
                raise _error(arguments[0], "lost the emulator", printed)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
    if process.returncode != 0:
        raise _error(arguments[0], f"ended with status {process.returncode}", printed)


def _error(command: str, what: str, printed: Path) -> DeploymentError:
    lines = printed.read_text(errors="replace").splitlines()[-_LINES_OF_AN_ERROR:]
    return DeploymentError("\n".join([f"cdk {command} {what}:", *lines]))

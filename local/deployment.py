"""Deployment into the emulator with the real CDK CLI, as a user deploys into an account."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.emulator import PROJECT, Emulator
from local.processes import process_group
from local.redrive_policy import apply_redrive_policies

CDK = PROJECT / "node_modules" / ".bin" / "cdk"

# The first synthesis on a machine unpacks the CDK library, which a slow disk takes long for.
_SECONDS_TO_FINISH = 900
_LINES_OF_AN_ERROR = 30

Configuration = Mapping[str, object]
"""The configuration of one deployment, as the context `deployments` in cdk.json has it."""


class DeploymentError(RuntimeError):
    """The CDK CLI failed; the message holds the end of what it printed."""


@dataclass(frozen=True)
class DeployedStack:
    """A stack as it stands: its name and its outputs."""

    name: str
    outputs: Mapping[str, str]

    def __getitem__(self, output: str) -> str:
        """Return an output's value, or say which ones there are."""
        if output not in self.outputs:
            raise KeyError(f"{self.name} has no output {output}, it has: {sorted(self.outputs)}")
        return self.outputs[output]


def bootstrap(emulator: Emulator) -> None:
    """Prepare the emulated account for CDK."""
    # Away from cdk.json: in the project's folder the CLI would run the app first, for nothing.
    environment = f"aws://{emulator.account}/{emulator.region}"
    _run_cdk(emulator, ["bootstrap", environment], folder=emulator.folder)


def deploy(
    emulator: Emulator, deployments: Mapping[str, Configuration]
) -> dict[str, DeployedStack]:
    """Deploy every given deployment of the project's app; return the stacks by deployment."""
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
        # The stack of a spoke in another account has no queue that a consumer reads.
        if deployments[name].get("account", emulator.account) == emulator.account:
            apply_redrive_policies(emulator, stack)
    return {name: DeployedStack(stack, by_stack[stack]) for name, stack in stacks.items()}


def deploy_example(emulator: Emulator, example: str, stack_name: str) -> DeployedStack:
    """Deploy the one stack of an app in `examples`."""
    outputs = emulator.folder / f"outputs-{example}.json"
    _run_cdk(
        emulator,
        [
            *("deploy", "--all", "--require-approval", "never", "--method", "direct"),
            *("--app", shlex.join([sys.executable, str(PROJECT / "examples" / f"{example}.py")])),
            *("--output", str(emulator.folder / f"cdk.out-{example}")),
            *("--outputs-file", str(outputs)),
        ],
        folder=PROJECT,
    )
    apply_redrive_policies(emulator, stack_name)
    return DeployedStack(stack_name, json.loads(outputs.read_text())[stack_name])


def _run_cdk(emulator: Emulator, arguments: Sequence[str], *, folder: Path) -> None:
    printed = emulator.folder / f"cdk-{arguments[0]}.log"
    with (
        printed.open("wb") as output,
        process_group(
            [str(CDK), *arguments, "--no-notices"],
            environment={
                **emulator.environment,
                # No traffic to anywhere else, and no traces in the user's home.
                "CDK_DISABLE_CLI_TELEMETRY": "true",
                "CDK_DISABLE_VERSION_CHECK": "true",
                "CDK_HOME": str(emulator.folder / "cdk-home"),
                "CI": "true",
            },
            folder=folder,
            output=output,
        ) as process,
    ):
        try:
            status = process.wait(timeout=_SECONDS_TO_FINISH)
        except subprocess.TimeoutExpired:
            raise _error(arguments[0], f"took over {_SECONDS_TO_FINISH} s", printed) from None
    if status != 0:
        raise _error(arguments[0], f"ended with status {status}", printed)


def _error(command: str, what: str, printed: Path) -> DeploymentError:
    lines = printed.read_text(errors="replace").splitlines()[-_LINES_OF_AN_ERROR:]
    return DeploymentError("\n".join([f"cdk {command} {what}:", *lines]))

"""The time of synthesis, relative to an empty stack and to AWS Solutions Constructs.

Run it with ``python -m benchmarks synthesis``. The apps alternate, so that load on the machine
affects all of them. The ratios are of medians of the processor time of Python and of the Node
process in which CDK runs, together.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
APPS = PROJECT / "benchmarks" / "apps"
PEER_ENVIRONMENT = PROJECT / "build" / "solutions-constructs"
PEER_PACKAGES = [
    "aws-cdk-lib==2.273.0",
    *(
        f"aws-solutions-constructs.aws-eventbridge-{target}==2.105.0"
        for target in ("sqs", "sns", "lambda")
    ),
]
RUNS = 3

#: The numbers of deployments of the app. Each deployment has a different account.
DEPLOYMENTS = (1, 10, 50)

#: The largest permitted value of each figure, by its name. Ratios, seconds of processor time, KiB
#: and counts. CloudFormation's limits are 1 MiB and 500 resources.
MAX_FIGURES = {
    "synthesis beside an empty stack": 2.5,
    "synthesis beside Solutions Constructs": 1.25,
    "10 deployments beside an empty stack": 4,
    "50 deployments beside an empty stack": 10,
    "each further deployment, seconds of processor time": 0.5,
    "template, KiB": 512,
    "resources": 250,
}

#: What is deployed, by the name of the profile.
PROFILES: dict[str, dict[str, object]] = {
    "default": {"output_bucket": {}},
    "named": {"flow_definitions": ["invoices", "claims"], "output": {"bucket": "reviews"}},
    "buffered": {"output_bucket": {}, "handler_delivery": {"buffered": True}},
    "everything": {
        "output_bucket": {},
        "flow_definitions": ["invoices", "claims"],
        "handler_delivery": {"buffered": True},
        "callbacks": True,
        "archive": {"retention": "30 days"},
        "alerts": {"alert_format": "CHAT"},
        "alert_emails": ["ml-oncall@example.com"],
        "alert_on_silence": {"days": 3},
        "alert_on_low_agreement": {"threshold": 0.8},
    },
    "without dashboard and reconciler": {
        "output_bucket": {},
        "dashboard": False,
        "reconciler": {"enabled": False},
    },
}


@dataclass(frozen=True)
class Took:
    """What a synthesis took: seconds of the processors, of its processes together, and of a clock.

    Processor time is the figure that other work on the machine changes least.
    """

    processor: float
    clock: float


def measure() -> dict[str, float]:
    """Return each figure by its name. Print the times of which the ratios are."""
    return {**_synthesis(), **_templates()}


def _synthesis() -> dict[str, float]:
    commands = {
        "empty": [sys.executable, str(APPS / "empty_stack.py")],
        "peer": [_peer_python(), str(APPS / "solutions_constructs.py")],
        **{str(count): [sys.executable, str(PROJECT / "app.py")] for count in DEPLOYMENTS},
    }
    times: dict[str, list[Took]] = {name: [] for name in commands}
    for run in range(RUNS + 1):
        for name, command in commands.items():
            took = _synthesize(command, _deployments(int(name)) if name.isdigit() else None)
            if run > 0:  # the first run warms the caches of the machine
                times[name].append(took)
    seconds = {name: statistics.median(each.processor for each in times[name]) for name in times}
    for name, measured in times.items():
        clock = statistics.median(each.clock for each in measured)
        print(f"  {name:<5} {seconds[name]:6.2f} s of processors, {clock:6.2f} s by the clock")
    first, *more = DEPLOYMENTS
    one, last = seconds[str(first)], more[-1]
    return {
        "synthesis beside an empty stack": one / seconds["empty"],
        "synthesis beside Solutions Constructs": one / seconds["peer"],
        **{
            f"{count} deployments beside an empty stack": seconds[str(count)] / seconds["empty"]
            for count in more
        },
        "each further deployment, seconds of processor time": (
            (seconds[str(last)] - one) / (last - first)
        ),
    }


def _templates() -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, deployment in PROFILES.items():
        size, resources = _template(deployment)
        figures[f"template, KiB: {name}"] = size / 1024
        figures[f"resources: {name}"] = resources
    return figures


def _deployments(count: int) -> dict[str, object]:
    return {
        f"team-{number:02}": {
            "account": f"{111122223333 + number}",
            "region": "eu-west-1",
            "output_bucket": {},
        }
        for number in range(count)
    }


def _synthesize(
    command: list[str], deployments: dict[str, object] | None = None, folder: str | None = None
) -> Took:
    with tempfile.TemporaryDirectory() as temporary:
        context = json.loads((PROJECT / "cdk.json").read_text())["context"]
        if deployments is not None:
            context["deployments"] = deployments
        environment = {
            **os.environ,
            "CDK_OUTDIR": folder or temporary,
            "CDK_CONTEXT_JSON": json.dumps(context),
            "PYTHONPATH": "",
            "PYTHONDONTWRITEBYTECODE": "",  # on a user's machine the first run compiles
        }
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environment)
        clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Took(processor, clock)


def _template(deployment: dict[str, object]) -> tuple[int, int]:
    """Return the size of a deployment's template in bytes, and the number of its resources."""
    with tempfile.TemporaryDirectory() as folder:
        _synthesize([sys.executable, str(PROJECT / "app.py")], {"size": deployment}, folder)
        content = (Path(folder) / "HumanLoops-size.template.json").read_bytes()
    return len(content), len(json.loads(content)["Resources"])


def _peer_python() -> str:
    """Create the peer's environment once. Its versions of CDK's packages are independent."""
    python = PEER_ENVIRONMENT / "bin" / "python"
    if not (PEER_ENVIRONMENT / ".installed").exists():
        venv.create(PEER_ENVIRONMENT, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER_PACKAGES], check=True)
        (PEER_ENVIRONMENT / ".installed").touch()
    return str(python)

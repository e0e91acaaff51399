"""How long synthesis takes, beside an empty stack and beside AWS Solutions Constructs.

Run as ``python -m benchmarks synthesis``. The apps run in turn, so that a busy moment of the
machine hits all of them, and the figures are ratios of medians.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
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
RUNS = 7

#: The most that may be measured, by the name of the figure.
MOST = {"synthesis beside an empty stack": 1.5, "synthesis beside Solutions Constructs": 0.9}


def measure() -> dict[str, float]:
    """Return each figure by its name."""
    peer_python = _peer_python()
    commands = {
        "app": [sys.executable, str(PROJECT / "app.py")],
        "empty": [sys.executable, str(APPS / "empty_stack.py")],
        "peer": [peer_python, str(APPS / "solutions_constructs.py")],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(RUNS + 1):
        for name, command in commands.items():
            seconds = _synthesize(command)
            if run > 0:  # the first run warms the caches of the machine
                times[name].append(seconds)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    return {
        "synthesis beside an empty stack": medians["app"] / medians["empty"],
        "synthesis beside Solutions Constructs": medians["app"] / medians["peer"],
    }


def _synthesize(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        context = json.loads((PROJECT / "cdk.json").read_text())["context"]
        environment = {
            **os.environ,
            "CDK_OUTDIR": folder,
            "CDK_CONTEXT_JSON": json.dumps(context),
            "PYTHONPATH": "",
            "PYTHONDONTWRITEBYTECODE": "",  # on a user's machine the first run compiles
        }
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environment)
        return time.perf_counter() - start


def _peer_python() -> str:
    """Set up the peer's environment once; its versions of CDK's packages are its own."""
    python = PEER_ENVIRONMENT / "bin" / "python"
    if not (PEER_ENVIRONMENT / ".installed").exists():
        venv.create(PEER_ENVIRONMENT, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER_PACKAGES], check=True)
        (PEER_ENVIRONMENT / ".installed").touch()
    return str(python)

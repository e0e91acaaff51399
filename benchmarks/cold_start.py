"""The handler's cold start, relative to a module that only creates the same clients.

Run it with ``python -m benchmarks cold_start``. Each start is a new process. The two modules
alternate, and the figure is a ratio of medians. It is of processor time, which depends less on what
else the machine does.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

LAMBDA = Path(__file__).parents[1] / "lambda"
RUNS = 15

#: The largest permitted value of each figure, by its name.
MAX_FIGURES = {"cold start beside the bare clients": 1.1}

FLOOR = """
import boto3
from botocore.config import Config
config = Config(retries={"mode": "standard"}, connect_timeout=5, read_timeout=20)
for service in ("s3", "events", "dynamodb"):
    boto3.client(service, config=config)
"""
HANDLER = "import human_loop_reviews.functions.review_handler"

_TIMED = """
import time
start = time.process_time()
{code}
print(time.process_time() - start)
"""


def measure() -> dict[str, float]:
    """Return each figure by its name."""
    floor: list[float] = []
    handler: list[float] = []
    for run in range(RUNS + 1):
        for code, seconds in ((FLOOR, floor), (HANDLER, handler)):
            taken = _start(code)
            if run > 0:  # the first run compiles and warms the caches of the machine
                seconds.append(taken)
    ratio = statistics.median(handler) / statistics.median(floor)
    return {"cold start beside the bare clients": ratio}


def _start(code: str) -> float:
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",  # the first run compiles
        "PYTHONPATH": str(LAMBDA),
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_LAMBDA_FUNCTION_NAME": "handler",
        "LEDGER_ARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
        "LEDGER_RETENTION_DAYS": "400",
        "OUTCOME_BUS": "default",
        "INCLUDE_VALUES": "false",
        "MAX_OUTPUT_BYTES": "67108864",
    }
    ran = subprocess.run(
        [sys.executable, "-c", _TIMED.format(code=code)],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    return float(ran.stdout)

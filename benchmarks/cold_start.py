"""The handler's cold start, relative to a program that only creates the same clients.

Run it with ``python -m benchmarks cold_start``. Each start is a new process, which takes the time
of both: of boto3 with the clients, and of everything else that the handler does when it starts.
Both are in one process, because the times of two processes differ more than what is measured. The
time is that of the processor. Other programs of the machine can only lengthen it, so the least
values of all starts are compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LAMBDA = Path(__file__).parents[1] / "lambda"
STARTS = 25

#: The largest permitted value of each figure, by its name.
MAX_FIGURES = {"cold start beside the bare clients": 1.05}

#: Prints the seconds of boto3 with the clients, and those of the handler. In Lambda, the import of
#: the handler creates the services. Here they are created after the clients, and take these.
_START = """
import time

begin = time.process_time()
import boto3
from botocore.config import Config

boto3_imported = time.process_time()
import human_loop_reviews.functions.review_handler as review_handler

handler_imported = time.process_time()
config = Config(retries={"mode": "standard"}, connect_timeout=5, read_timeout=20)
clients = {name: boto3.client(name, config=config) for name in ("s3", "events", "dynamodb")}
clients_created = time.process_time()
boto3.client = lambda name, config: clients[name]
review_handler.create_services()

floor = boto3_imported - begin + clients_created - handler_imported
handler = handler_imported - boto3_imported + time.process_time() - clients_created
print(floor, handler)
"""


def measure() -> dict[str, float]:
    """Return each figure by its name."""
    _start()  # compiles, and warms the caches of the machine
    floor, handler = zip(*[_start() for _ in range(STARTS)], strict=True)
    return {"cold start beside the bare clients": 1 + min(handler) / min(floor)}


def _start() -> tuple[float, float]:
    """Return the seconds of boto3 with the clients, and those of the handler."""
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",  # the first start compiles
        "PYTHONPATH": str(LAMBDA),
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "LEDGER_ARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/ledger",
        "LEDGER_RETENTION_DAYS": "400",
        "OUTCOME_BUS": "default",
        "INCLUDE_VALUES": "false",
        "MAX_OUTPUT_BYTES": "67108864",
    }
    environment.pop("AWS_LAMBDA_FUNCTION_NAME", None)  # see _START
    ran = subprocess.run(
        [sys.executable, "-c", _START], check=True, capture_output=True, text=True, env=environment
    )
    floor, handler = map(float, ran.stdout.split())
    return floor, handler

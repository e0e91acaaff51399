"""Records the calls of AWS that a Lambda function or the command line makes.

Python runs this file when it starts, if this folder is in `PYTHONPATH`. The end-to-end tests put it
there; the product knows nothing of it. Of a call it keeps the operation and those parameters that
name a resource or are condition keys. It never keeps other parameters, such as messages and items.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

KEPT = frozenset(
    {
        "AlarmNames",
        "Bucket",
        "DestinationArn",
        "DetailType",
        "EventBusName",
        "FlowDefinitionArn",
        "FlowDefinitionName",
        "FunctionName",
        "HumanLoopName",
        "IndexName",
        "Key",
        "Name",
        "Prefix",
        "QueueName",
        "QueueUrl",
        "Rule",
        "Source",
        "SourceArn",
        "StackName",
        "TableName",
        "TopicArn",
    }
)


def _caller() -> str | None:
    if "human_loops_cli" in sys.orig_argv:
        return "human-loops"
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME")


def _kept(parameters: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in parameters.items():
        if name == "Entries":
            kept[name] = [_kept(entry) for entry in value]
        elif name == "RequestItems":
            kept[name] = sorted(value)
        elif name in KEPT and isinstance(value, str | list):
            kept[name] = value
    return kept


def _record(**event: Any) -> None:
    model = event["model"]
    call = {
        "caller": _caller(),
        "service": model.service_model.signing_name,
        "operation": model.name,
        "parameters": _kept(event["params"]),
        # Tells calls of one process from those of another, if some are missing.
        "process": os.getpid(),
    }
    line = json.dumps(call) + "\n"
    file = os.open(
        Path(os.environ["TMPDIR"]) / "aws-calls.jsonl",
        os.O_APPEND | os.O_CREAT | os.O_WRONLY,
        0o600,
    )
    # In one write, so that lines of several processes do not mix.
    os.write(file, line.encode())
    os.close(file)


if _caller() is not None:
    import botocore

    botocore.register_initializer(
        lambda session: session.register("provide-client-params", _record)
    )

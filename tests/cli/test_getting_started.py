"""The commands of docs/getting-started.md run in order, for three flow definitions."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from stacks.deployments_file import read_deployments
from tests.cli.conftest import REGION, Answer, Stack, flow_definitions, run
from tests.cli.test_republish import Republished, settled
from tests.cli.test_verify import compose

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```\n(.*?)^```", PAGE, re.M | re.S)
    for line in block.splitlines()
]


def test_all_commands_run_in_order(
    stack: Stack,
    answers: Callable[[str, Answer], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    composed = compose(stack, monkeypatch)
    flow_definitions(answers, "invoices", "claims", "tickets")
    Republished(stack).record(settled("invoice-1"))
    boto3.client("s3").create_bucket(
        Bucket="outputs", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    document = (ROOT / "local/samples/outputs/custom-line-items-mapped.json").read_bytes()
    boto3.client("s3").put_object(Bucket="outputs", Key="a2i/tickets/output.json", Body=document)
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        written = command.replace("BUCKET", "outputs").replace("PREFIX", "a2i")
        arguments, _, target = written.removeprefix("human-loops ").partition(" > ")
        result = run(*shlex.split(arguments))
        assert result.exit_code == 0, (command, result.output)
        if target:
            Path(target).write_text(result.stdout)
        if command == "human-loops verify":
            # No function runs in this stack: tests/e2e verifies one that has all parts.
            composed.add_handler(answers)
        if command.startswith("human-loops configure"):
            (deployment,) = read_deployments(json.loads(result.stdout)["deployments"])
            names: Any = deployment.flow_definitions
            assert [*names] == ["claims", "invoices", "tickets"]
    assert len(COMMANDS) == 8
    assert "<svg" in Path("human-loops-report.html").read_text(encoding="utf-8")

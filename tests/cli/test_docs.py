"""The commands in the documentation run, and the documentation has all of them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer

from human_loops_cli.app import app
from tests.cli.conftest import REGION, Answer, Stack, run
from tests.cli.outputs import label, output

ROOT = Path(__file__).parents[2]
PAGES = ("cli.md", "operations.md", "reviews.md")
CLI_PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

COMMANDS = [
    line.removeprefix("human-loops ")
    for page in PAGES
    for block in re.findall(
        r"^```\n(.*?)^```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.M | re.S
    )
    for line in block.splitlines()
    if line.startswith("human-loops ")
]


def test_there_are_commands_in_the_documentation() -> None:
    told = {command.split()[0] for command in COMMANDS}
    assert told == {"dead-letters", "status", "review", "agreement", "configure"}
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_command_of_the_documentation_runs(
    stack: Stack,
    answers: Callable[[str, Answer], None],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    stack.put_of_function("LOOP_NAME")
    boto3.client("s3").create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    boto3.client("s3").put_object(
        Bucket="bucket", Key="PREFIX/output.json", Body=json.dumps(output("loop", label("x")))
    )
    _flow_definitions(answers, "invoices", "claims")
    monkeypatch.setattr("human_loops_cli.commands.status.time.sleep", _interrupt)
    monkeypatch.chdir(ROOT)

    result = run(*shlex.split(command.replace("BUCKET", "bucket")))

    # The stack has a dead letter, which is what status 1 means.
    assert result.exit_code == (1 if command.startswith("status") else 0), result.output
    assert result.stdout


def test_every_command_and_option_is_documented() -> None:
    group: Any = typer.main.get_command(app)
    commands = {**group.commands, **group.commands["dead-letters"].commands}
    options = {
        option
        for command in (group, *commands.values())
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option != "--help"
    }
    assert len(commands) == 8
    assert len(options) > 10
    assert [name for name in commands if not re.search(rf"(## |`){name}\b", CLI_PAGE)] == []
    assert [option for option in options if option not in CLI_PAGE] == []


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt


def _flow_definitions(answers: Callable[[str, Answer], None], *names: str) -> None:
    def described(name: str) -> dict[str, Any]:
        return {
            "FlowDefinitionName": name,
            "FlowDefinitionArn": f"arn:aws:sagemaker:{REGION}:111122223333:flow-definition/{name}",
            "FlowDefinitionStatus": "Active",
            "CreationTime": 1,
            "OutputConfig": {"S3OutputPath": "s3://reviews/a2i"},
        }

    def listed(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        summaries = [described(name) for name in names]
        return 200, {}, json.dumps({"FlowDefinitionSummaries": summaries}).encode()

    def describe(request: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        return 200, {}, json.dumps(described(request["FlowDefinitionName"])).encode()

    answers("sagemaker.ListFlowDefinitions", listed)
    answers("sagemaker.DescribeFlowDefinition", describe)

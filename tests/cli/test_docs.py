"""The commands in the documentation run, and the documentation has all of them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from docs_tools.cli_docs import GLOBAL, blocks, commands, with_help
from tests.cli.conftest import REGION, Answer, Stack, flow_definitions, run
from tests.cli.outputs import label, output
from tests.cli.test_republish import Republished, loop_arn, settled
from tests.cli.test_verify import compose
from tests.cli.thresholds.reviewed import field, good_and_bad, outcome

ROOT = Path(__file__).parents[2]
PAGES = ("cli.md", "corrected-documents.md", "learning.md", "operations.md", "reviews.md")
CLI_PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

#: Tested with the answers of Athena in test_athena.py.
ELSEWHERE = {"human-loops report --athena WORKGROUP"}

COMMANDS = [
    line.removeprefix("human-loops ")
    for page in PAGES
    for language, block in re.findall(
        r"^ *```(\w*)\n(.*?)^ *```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.M | re.S
    )
    if not language
    for line in map(str.strip, block.splitlines())
    if line.startswith("human-loops ") and line not in ELSEWHERE
]


def test_there_are_commands_in_the_documentation() -> None:
    told = {command.split()[0] for command in COMMANDS}
    assert told == {
        *("dead-letters", "policy", "status", "verify", "outcomes", "resend"),
        *(
            "review",
            "mapping",
            "agreement",
            "reviewers",
            "export",
            "configure",
            "runbook",
            "report",
            "thresholds",
        ),
    }
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_command_of_the_documentation_runs(
    stack: Stack,
    answers: Callable[[str, Answer], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
) -> None:
    if command.startswith("report"):
        command += f" -o {tmp_path / 'report.html'}"
    composed = compose(stack, monkeypatch)
    if not command.startswith("verify"):
        composed.add_handler(answers)
    loop = Republished(stack)
    loop.record(settled("invoice-1"))
    stack.outputs["ReconcilerName"] = "reconciler"
    if command.startswith("resend"):
        answers("lambda.Invoke", lambda _: (200, {}, b'{"resent": ["a"], "notResent": {}}'))
    stack.put_of_function("LOOP_NAME")
    stack.put("DeadLetterQueue", "malformed", ErrorCode="MalformedEventError", ErrorMessage="m")
    boto3.client("s3").create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    boto3.client("s3").put_object(
        Bucket="bucket",
        Key="PREFIX/tickets/2026/03/14/09/30/00/loop/output.json",
        Body=json.dumps(output("loop", label("x"))),
    )
    (tmp_path / "outcomes.jsonl").write_text(put_outcomes())
    if "--ledger" in command:
        for each in (tmp_path / "outcomes.jsonl").read_text().splitlines():
            loop.record_outcome(json.loads(each))
    flow_definitions(answers, "invoices", "claims")
    monkeypatch.setattr("human_loops_cli.commands.status.time.sleep", _interrupt)
    (tmp_path / "local").symlink_to(ROOT / "local")
    monkeypatch.chdir(tmp_path)  # some write files
    if "report history" in command:
        run("outcomes", "backfill", "s3://bucket/PREFIX/", "-o", "history")
    command = command.partition(" | ")[0]
    command = command.replace("BUCKET", "bucket").replace("LOOP_ARN", loop_arn("invoice-1"))

    result = run(*shlex.split(command))

    # The stack has a message in a dead-letter queue, which is what status 1 means.
    assert result.exit_code == (1 if command.startswith("status") else 0), result.output
    assert result.stdout or " -o " in command


def put_outcomes() -> str:
    """Put outcomes of sampled loops where the documentation has its archive, and return them."""
    # The sample ends a lifetime of tasks before the latest end.
    times = {"creationTime": "2026-04-01T08:00:00.000Z", "endTime": "2026-04-01T09:00:00Z"}
    latest = outcome(1000, field("Total", 90.0, True), **times)
    lines = "".join(f"{json.dumps(each)}\n" for each in (*good_and_bad(50), latest))
    boto3.client("s3").put_object(Bucket="bucket", Key="outcomes/one.jsonl", Body=lines)
    return lines


def test_every_command_has_its_help_in_the_page_once() -> None:
    assert len(commands()) > 15
    assert sorted(blocks(CLI_PAGE)) == sorted([GLOBAL, *commands()])


def test_help_in_the_page_is_that_of_the_command_line() -> None:
    assert with_help(CLI_PAGE) == CLI_PAGE, "run make schema"


AWS_COMMANDS = [
    command.replace("\\\n", " ")
    for page in PAGES
    for command in re.findall(
        r"\baws (?:\\\n|\|\||[^\n`|)])+", (ROOT / "docs" / page).read_text(encoding="utf-8")
    )
    if re.match(r"aws [a-z0-9-]+ [a-z]+-?", command)
]

#: Options of the AWS CLI itself.
AWS_OPTIONS = {"--query", "--output"}

#: Commands of the AWS CLI without an operation of AWS, and their options in the documentation.
WITHOUT_OPERATION: dict[tuple[str, str], set[str]] = {
    ("cloudformation", "package"): set(),
    ("logs", "tail"): {"--since", "--filter-pattern"},
}


@pytest.mark.parametrize("command", dict.fromkeys(AWS_COMMANDS))
def test_command_of_the_aws_cli_has_an_operation_and_options_of_aws(command: str) -> None:
    service, operation = command.split()[1:3]
    options = set(re.findall(r"(?<= )--[a-z-]+", command)) - AWS_OPTIONS
    if (service, operation) in WITHOUT_OPERATION:
        assert options <= WITHOUT_OPERATION[service, operation]
        return
    create_client: Any = boto3.client
    if operation == "wait":
        waiter = command.split()[3]
        assert waiter.replace("-", "_") in create_client(service, region_name=REGION).waiter_names
        return
    named = "s3" if service == "s3api" else service
    model = create_client(named, region_name=REGION).meta.service_model
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, command
    shape = model.operation_model(names[operation]).input_shape
    members = shape.members if shape is not None else {}
    booleans = {name for name, member in members.items() if member.type_name == "boolean"}
    known = {f"--{xform_name(name, '-')}" for name in members}
    known |= {f"--no-{xform_name(name, '-')}" for name in booleans}
    assert options <= known, command


def test_there_are_commands_of_the_aws_cli() -> None:
    assert len({*AWS_COMMANDS}) > 12


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt

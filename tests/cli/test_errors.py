"""Errors of AWS end a command with a message that says what to do, and with a status."""

from __future__ import annotations

import array
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSOTokenLoadError,
)

from human_loops_cli.errors import explain
from local.waiting import MAX_SECONDS, wait_until
from tests.cli.conftest import Answer, Stack, run
from tests.signals import heed_signals

ROOT = Path(__file__).parents[2]


def refused(code: str, message: str, operation: str = "ReceiveMessage") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = run("status")
    assert result.exit_code == 3
    assert "error: no AWS credentials were found\nSign in" in result.stderr
    assert result.stdout == ""


def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    result = run("status")
    assert result.exit_code == 3
    assert "error: no AWS Region is set\nName it with --region" in result.stderr


def test_global_option_without_a_value_is_named() -> None:
    result = run("status", "--region")
    assert result.exit_code == 2
    assert "--region requires a value" in result.stderr


def test_version_is_the_distribution() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert run("--version").stdout == f"human-loops {pyproject['project']['version']}\n"


@pytest.mark.parametrize("command", [["status"], ["dead-letters", "list"], ["mapping", "suggest"]])
def test_help_of_every_command_names_the_global_options(command: list[str]) -> None:
    result = run(*command, "-h")
    assert result.exit_code == 0
    for option in ("--endpoint-url", "--json", "--profile", "--region", "--stack"):
        assert option in result.stdout


def test_no_such_profile() -> None:
    result = run("status", "--profile", "nobody")
    assert result.exit_code == 3
    assert "nobody" in result.stderr
    assert "aws configure list-profiles" in result.stderr


def test_no_such_stack_lists_those_that_look_right(stack: Stack) -> None:
    assert stack.outputs
    result = run("status", "--stack", "Nothing")
    assert result.exit_code == 3
    assert result.stderr == (
        "error: there is no stack Nothing in eu-west-1\n"
        "Name the stack with --stack. These look right: HumanLoops.\n"
    )


def test_stack_of_another_project(stack: Stack) -> None:
    stack.outputs.clear()
    result = run("dead-letters", "list")
    assert result.exit_code == 3
    assert "no dead-letter queue among its outputs" in result.stderr
    result = run("status")
    assert result.exit_code == 3
    assert "has no output LedgerTableName" in result.stderr


def test_missing_permission_is_named_with_its_resource(
    stack: Stack, answers: Callable[[str, Answer], None]
) -> None:
    def denied(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        message = (
            "User: arn:aws:sts::123456789012:assumed-role/reader/me is not authorized to perform: "
            "sqs:receivemessage on resource: arn:aws:sqs:eu-west-1:123456789012:DeadLetterQueue "
            "because no identity-based policy allows the sqs:receivemessage action"
        )
        return 403, {}, json.dumps({"__type": "AccessDenied", "message": message}).encode()

    assert stack.outputs
    answers("sqs.ReceiveMessage", denied)
    result = run("dead-letters", "list")
    assert result.exit_code == 3
    assert result.stderr == (
        "error: a permission is missing: sqs:receivemessage\n"
        "  on resource: arn:aws:sqs:eu-west-1:123456789012:DeadLetterQueue\n"
        "  of: arn:aws:sts::123456789012:assumed-role/reader/me\n"
        "  because no identity-based policy allows the sqs:receivemessage action\n"
        "Ask for it, or name another profile with --profile.\n"
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (refused("AccessDenied", "Access Denied", "GetObject"), "missing: GetObject"),
        (refused("AccessDeniedException", "", "Scan"), "missing: Scan: access denied"),
        (refused("KMS.AccessDeniedException", "kms key"), "missing: ReceiveMessage: kms key"),
        (refused("ExpiredToken", "expired"), "does not accept the credentials: ExpiredToken"),
        (refused("Throttling", "slow\ndown"), "ReceiveMessage failed: Throttling: slow down"),
        (
            ClientError({}, "Invoke"),
            "Invoke failed: the answer is not one of this service: it names",
        ),
        (
            refused("400", "<?xml?>\n<Error><Code>NoSuchBucket</Code><Message>a &amp; b</Message>"),
            "ReceiveMessage failed: the answer is not one of this service: NoSuchBucket: a & b",
        ),
        (PartialCredentialsError(provider="env", cred_var="x"), "incomplete"),
        (SSOTokenLoadError(error_msg="expired"), "no longer valid"),
        (ConnectTimeoutError(endpoint_url="https://x"), "cannot be reached"),
        (ReadTimeoutError(endpoint_url="https://x"), "did not answer"),
    ],
)
def test_every_error_is_explained(error: Any, message: str) -> None:
    explained = explain(error)
    assert message in str(explained)
    assert explained.status == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["status", "--days", "0"],
        ["dead-letters", "redrive", "--max", "0"],
        ["review"],
        ["status", "--stack"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_exit_statuses_are_documented() -> None:
    told = " ".join(run("--help").stdout.split())
    for status in ("0 success", "1 the", "2 the", "3 AWS", "130 inter", "141 standard"):
        assert status in told


@pytest.mark.parametrize("place", ["before", "after"])
def test_global_options_stand_before_or_after_the_command(stack: Stack, place: str) -> None:
    assert stack.outputs
    options = ["--json", "--stack=HumanLoops", "--region", "eu-west-1"]
    command = ["dead-letters", "list"]
    result = run(*(options + command if place == "before" else command + options))
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "human_loops_cli", *arguments]


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "lambda")])
    return {**os.environ, "PYTHONPATH": path}


def test_closed_pipe_ends_the_command_without_a_word() -> None:
    samples = str(ROOT / "local" / "samples" / "outputs")
    with subprocess.Popen(
        _command("review", samples, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=MAX_SECONDS) == 141


def _unread(pipe: IO[bytes]) -> int:
    """Return how many bytes of a pipe nobody has read."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def test_interrupted_command_says_so() -> None:
    with subprocess.Popen(
        _command("review", "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        preexec_fn=heed_signals,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        pipe = process.stdin
        pipe.write(b"{")
        pipe.flush()
        assert wait_until(lambda: _unread(pipe) == 0)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=MAX_SECONDS) == 130
        assert process.stderr.read() == b"error: interrupted\n"


def test_missing_package_is_named_with_the_extra() -> None:
    code = (
        "import sys; sys.modules['typer'] = None\nfrom human_loops_cli.__main__ import main\nmain()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=_environment(), capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "pip install 'path/to/a2i-human-loop-events[cli]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("endpoint", ["nonsense", "http://", "127.0.0.1", "http://a b", ""])
def test_endpoint_that_is_no_url(endpoint: str) -> None:
    result = run("status", "--endpoint-url", endpoint)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 3
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) <= 2


@pytest.mark.parametrize("group", [[], ["dead-letters"], ["outcomes"]], ids=str)
def test_list_of_commands_cuts_nothing_off(
    monkeypatch: pytest.MonkeyPatch, group: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(*group, "--help").stdout.partition("Commands:\n")[2].splitlines()
    assert len(lines) > 2
    assert [line for line in lines if line.endswith("...")] == []

"""Every command that calls AWS ends with advice if something else answers, or nothing does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.client import BaseClient
from botocore.config import Config
from typer.testing import Result

from human_loops_cli.app import app
from human_loops_cli.errors import CHECK_ENDPOINT
from tests.cli.conftest import Answer, Stack, run
from tests.cli.test_republish import Republished, loop_arn, settled
from tests.cli.test_verify import compose

COMMANDS = (
    "status",
    "verify",
    "policy",
    f"resend {loop_arn('a')}",
    "dead-letters list",
    "dead-letters show",
    "dead-letters redrive",
    "dead-letters delete --queue DeadLetterQueue",
    "outcomes republish --all",
    "outcomes download --all",
    "outcomes backfill s3://bucket/ -o history",
    "review s3://bucket/",
    "mapping suggest s3://bucket/",
    "agreement s3://bucket/",
    "reviewers s3://bucket/",
    "export s3://bucket/ --format jsonl",
    "configure",
    "report s3://bucket/",
    "report s3://bucket/file.json",
    "report --athena archive",
    "thresholds s3://bucket/",
    "thresholds --athena archive",
)

#: Without it, others see a message half a minute later.
NOT_REPORTED = {"sqs.ChangeMessageVisibilityBatch"}

#: Needs no account.
WITHOUT_AWS = {"runbook"}

PAGE = b"<!DOCTYPE html><html><body>It works!</body></html>"
ANSWERS = [
    (200, b""),
    (200, b"{}"),
    (200, b'{"message": "Welcome"}'),
    (200, b"[]"),
    (200, b"null"),
    (200, b"It works!"),
    (200, b"<a><b/></a>"),
    (200, PAGE),
    (403, b"Forbidden"),
    (403, b'["Forbidden"]'),
    (403, PAGE),
]


def test_every_command_that_calls_aws_is_tested() -> None:
    group: Any = typer.main.get_command(app)
    names = {
        name if not hasattr(command, "commands") else f"{name} {each}"
        for name, command in group.commands.items()
        for each in getattr(command, "commands", ("",))
    }
    assert len(names) > 15
    assert [
        name for name in names - WITHOUT_AWS if not any(each.startswith(name) for each in COMMANDS)
    ] == []


class _Server(ThreadingHTTPServer):
    status = 200
    body = b""


class _Website(BaseHTTPRequestHandler):
    """Answers as a website or a proxy does."""

    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.body)

    do_GET = do_PUT = do_HEAD = do_POST  # noqa: N815 - names of the standard library

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def website() -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Website)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _one_attempt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config(read_timeout=0.2, retries={"mode": "standard", "total_max_attempts": 1})
    monkeypatch.setattr("human_loops_cli.session._CALLING", config)
    monkeypatch.setattr("human_loops_cli.session._CONFIGS", {})


def expect_advice(result: Result) -> str:
    """Expect an error of a line with a line of advice, and return the advice."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    message, advice = result.stderr.splitlines()
    assert message.startswith("error: ")
    assert "<" not in message
    return advice


@pytest.mark.parametrize("answer", ANSWERS, ids=[f"{a[0]}-{a[1][:9].decode()}" for a in ANSWERS])
@pytest.mark.parametrize("command", COMMANDS)
def test_answer_that_is_not_one_of_aws(
    website: _Server, command: str, answer: tuple[int, bytes]
) -> None:
    website.status, website.body = answer
    result = run(*command.split(), "--endpoint-url", f"http://127.0.0.1:{website.server_port}")
    advice = expect_advice(result)
    # A proxy's 403 can be the answer of an account, too.
    assert website.status == 403 or advice == CHECK_ENDPOINT


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("listens", [True, False], ids=["silence", "refusal"])
def test_endpoint_without_an_answer(command: str, listens: bool) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        port = silent.getsockname()[1]
        expect_advice(run(*command.split(), "--endpoint-url", f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize(
    "command",
    [
        "status",
        pytest.param("verify --timeout 1", marks=pytest.mark.full),
        f"resend {loop_arn('a')}",
        "dead-letters list",
        "dead-letters redrive",
        "outcomes republish --all",
        "outcomes download --all",
        "configure",
    ],
)
def test_one_call_with_an_answer_that_is_not_one_of_aws(
    stack: Stack,
    answers: Callable[[str, Answer], None],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    compose(stack, monkeypatch).add_handler(answers)
    Republished(stack).record(settled("a"))
    stack.outputs["ReconcilerName"] = "reconciler"
    stack.put_of_function("a")
    calls: dict[str, None] = {}
    make: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]

    def note(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        calls[f"{client.meta.service_model.service_id.hyphenize()}.{operation}"] = None
        return make(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", note)
    run(*command.split())
    assert calls
    functions: dict[str, Answer] = answers.__self__  # type: ignore[attr-defined]
    for call in calls.keys() - NOT_REPORTED:
        stack.put_of_function("a")
        answered = []

        def foreign(_: Mapping[str, Any], call: str = call) -> tuple[int, dict[str, str], bytes]:
            answered.append(call)  # noqa: B023 - called in this turn of the loop
            return 200, {"x-amzn-requestid": ""}, b""

        with monkeypatch.context() as patch:
            patch.setitem(functions, call, foreign)
            result = run(*command.split())
        assert isinstance(result.exception, SystemExit | None), (call, result.exception)
        assert not answered or result.exit_code in (1, 3), (call, result.output)
        assert not answered or "not one of" in result.output or "no request id" in result.output

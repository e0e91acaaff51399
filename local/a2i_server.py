"""The operations of A2I and SageMaker that this project uses, on loopback.

The emulator has neither service. Requests and responses are checked against botocore's models.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

from local.emulator import ACCOUNT, REGION

_HOST = "127.0.0.1"
_SESSION = botocore.session.get_session()
_OPERATIONS: Mapping[str, OperationModel] = {
    name: _SESSION.get_service_model(service).operation_model(name)
    for service, names in {
        "sagemaker-a2i-runtime": ("ListHumanLoops", "DescribeHumanLoop", "StartHumanLoop"),
        "sagemaker": ("DescribeFlowDefinition", "ListFlowDefinitions"),
    }.items()
    for name in names
}


class A2IError(Exception):
    """An error response of the service."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass
class Loop:
    """A human loop."""

    name: str
    flow_definition: str
    status: str = "Completed"
    creation_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    output_s3_uri: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    account: str = ACCOUNT
    region: str = REGION
    throttled: int = 0
    """How many of the next descriptions are throttled."""

    @property
    def arn(self) -> str:
        """The loop's ARN."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:human-loop/{self.name}"

    @property
    def flow_definition_arn(self) -> str:
        """The flow definition's ARN."""
        return flow_definition_arn(self.flow_definition, self.account, self.region)


class A2IServer:
    """Human loops and flow definitions, and the requests that were made for them."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.page_size = 100
        """The maximum number of items on a page."""
        self.loops: dict[str, Loop] = {}
        self.flow_definitions: set[str] = set()
        self.output_paths: dict[str, str] = {}
        """The S3OutputPath of flow definitions by name. Default: a bucket that does not exist."""
        self.requests: list[tuple[str, dict[str, Any]]] = []
        """The operations and parameters of all requests."""
        self.failures: list[A2IError] = []
        """The errors that answer the next requests."""
        self.throttled = Counter[str]()
        """How many descriptions of each loop were throttled."""

    @property
    def endpoints(self) -> dict[str, str]:
        """The environment variables that direct a client to this server."""
        return {
            "AWS_ENDPOINT_URL_SAGEMAKER": self.endpoint,
            "AWS_ENDPOINT_URL_SAGEMAKER_A2I_RUNTIME": self.endpoint,
        }

    def add_flow_definitions(self, *names: str, output_path: str) -> None:
        """Create flow definitions that write to a place."""
        self.flow_definitions |= {*names}
        self.output_paths |= dict.fromkeys(names, output_path)

    def add(self, loop: Loop) -> Loop:
        """Start a loop, or replace it."""
        self.flow_definitions.add(loop.flow_definition)
        self.loops[loop.name] = loop
        return loop

    def fail(self, *codes: str, times: int = 1) -> None:
        """Answer the next requests with errors."""
        status = {"ThrottlingException": 429, "InternalServerException": 500}
        self.failures += [A2IError(code, status.get(code, 400), code) for code in codes] * times

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        model = _OPERATIONS[operation]
        _check(model.input_shape, request)
        self.requests.append((operation, request))
        if self.failures:
            raise self.failures.pop(0)
        response: dict[str, Any] = getattr(self, f"_{operation}")(**request)
        _check(model.output_shape, response)
        return response

    def _ListHumanLoops(  # noqa: N802 - A2I's name
        self,
        FlowDefinitionArn: str,  # noqa: N803 - A2I's names
        CreationTimeAfter: datetime | None = None,  # noqa: N803
        SortOrder: str = "Descending",  # noqa: N803
        NextToken: str = "0",  # noqa: N803
        MaxResults: int = 10,  # noqa: N803
    ) -> dict[str, Any]:
        name = FlowDefinitionArn.rpartition("/")[2]
        if FlowDefinitionArn != flow_definition_arn(name) or name not in self.flow_definitions:
            raise A2IError("ResourceNotFoundException", 404, f"{FlowDefinitionArn} does not exist")
        loops = sorted(
            (
                each
                for each in list(self.loops.values())
                if each.flow_definition == name
                and (CreationTimeAfter is None or each.creation_time >= CreationTimeAfter)
            ),
            key=lambda each: each.creation_time,
            reverse=SortOrder == "Descending",
        )
        summaries = [
            _present(
                HumanLoopName=each.name,
                HumanLoopStatus=each.status,
                CreationTime=each.creation_time,
                FailureReason=each.failure_reason,
                FlowDefinitionArn=each.flow_definition_arn,
            )
            for each in loops
        ]
        return self._page("HumanLoopSummaries", summaries, NextToken, MaxResults)

    def _StartHumanLoop(  # noqa: N802
        self,
        HumanLoopName: str,  # noqa: N803
        FlowDefinitionArn: str,  # noqa: N803
        HumanLoopInput: dict[str, str],  # noqa: N803
        DataAttributes: dict[str, list[str]] | None = None,  # noqa: N803, ARG002
    ) -> dict[str, Any]:
        name = FlowDefinitionArn.rpartition("/")[2]
        if name not in self.flow_definitions:
            raise A2IError("ValidationException", 400, f"{FlowDefinitionArn} does not exist")
        if HumanLoopName in self.loops:
            raise A2IError("ConflictException", 409, f"{HumanLoopName} exists")
        json.loads(HumanLoopInput["InputContent"])
        return {"HumanLoopArn": self.add(Loop(HumanLoopName, name, "InProgress")).arn}

    def _DescribeHumanLoop(self, HumanLoopName: str) -> dict[str, Any]:  # noqa: N802, N803
        loop = self.loops.get(HumanLoopName)
        if loop is None:
            raise A2IError("ResourceNotFoundException", 404, f"{HumanLoopName} does not exist")
        if loop.throttled:
            loop.throttled -= 1
            self.throttled[loop.name] += 1
            raise A2IError("ThrottlingException", 429, "Rate exceeded")
        return _present(
            CreationTime=loop.creation_time,
            FailureReason=loop.failure_reason,
            FailureCode=loop.failure_code,
            HumanLoopStatus=loop.status,
            HumanLoopName=loop.name,
            HumanLoopArn=loop.arn,
            FlowDefinitionArn=loop.flow_definition_arn,
            HumanLoopOutput=loop.output_s3_uri and {"OutputS3Uri": loop.output_s3_uri},
        )

    def _DescribeFlowDefinition(self, FlowDefinitionName: str) -> dict[str, Any]:  # noqa: N802, N803
        if FlowDefinitionName not in self.flow_definitions:
            raise A2IError("ResourceNotFound", 400, f"{FlowDefinitionName} does not exist")
        return {
            "FlowDefinitionName": FlowDefinitionName,
            "FlowDefinitionArn": flow_definition_arn(FlowDefinitionName),
            "FlowDefinitionStatus": "Active",
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
            "OutputConfig": {
                "S3OutputPath": self.output_paths.get(FlowDefinitionName, "s3://no-such-bucket")
            },
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/a2i",
        }

    def _ListFlowDefinitions(  # noqa: N802
        self,
        NextToken: str = "0",  # noqa: N803
        MaxResults: int = 10,  # noqa: N803
    ) -> dict[str, Any]:
        summaries = [
            {
                "FlowDefinitionName": name,
                "FlowDefinitionArn": flow_definition_arn(name),
                "FlowDefinitionStatus": "Active",
                "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
            }
            for name in sorted(self.flow_definitions)
        ]
        return self._page("FlowDefinitionSummaries", summaries, NextToken, MaxResults)

    def _page(
        self, name: str, summaries: list[dict[str, Any]], token: str, size: int
    ) -> dict[str, Any]:
        start = int(token)
        end = start + min(size, self.page_size)
        return _present(
            **{name: summaries[start:end]}, NextToken=str(end) if end < len(summaries) else None
        )


def flow_definition_arn(name: str, account: str = ACCOUNT, region: str = REGION) -> str:
    """Return the ARN of a flow definition in the emulated account, or in another one."""
    return f"arn:aws:sagemaker:{region}:{account}:flow-definition/{name}"


@contextlib.contextmanager
def running_a2i() -> Iterator[A2IServer]:
    """Serve A2I's API on a free port of loopback."""
    with ThreadingHTTPServer((_HOST, 0), _Handler) as http:
        http.daemon_threads = True
        server = A2IServer(f"http://{_HOST}:{http.server_port}")
        http.a2i = server  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a request to A2I, which uses REST with JSON."""
        url = urlsplit(self.path)
        operation, _, name = url.path.strip("/").partition("/")
        query: dict[str, Any] = dict(parse_qsl(url.query))
        if operation != "human-loops":
            self._write(404, {})
        elif name:
            self._answer("DescribeHumanLoop", {"HumanLoopName": unquote(name), **query})
        else:
            self._answer("ListHumanLoops", query)

    def do_POST(self) -> None:
        """Answer a request to SageMaker, which uses JSON, or start a human loop."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        target = self.headers.get("X-Amz-Target", "SageMaker.StartHumanLoop")
        self._answer(target.partition(".")[2], body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""

    def _answer(self, operation: str, request: dict[str, Any]) -> None:
        server: A2IServer = self.server.a2i  # type: ignore[attr-defined]
        try:
            shape = _OPERATIONS[operation].input_shape
            assert shape is not None  # noqa: S101 - each of the operations has one
            response = server.answer(operation, _parsed(shape, request))
        except A2IError as error:
            self._write(error.status, {"__type": error.code, "message": str(error)}, error.code)
        except Exception as error:  # noqa: BLE001 - the client sees every error
            self._write(400, {"message": f"{operation}: {error!r}"}, "ValidationException")
        else:
            seconds = operation == "ListFlowDefinitions"
            self._write(200, response, seconds=seconds)

    def _write(
        self, status: int, body: dict[str, Any], error: str = "", *, seconds: bool = False
    ) -> None:
        def time(value: datetime) -> str | float:
            return value.timestamp() if seconds else value.isoformat().replace("+00:00", "Z")

        content = json.dumps(body, default=time).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(content)


def _parsed(shape: Shape, request: dict[str, Any]) -> dict[str, Any]:
    """Return a request with typed members. A query string has texts only."""
    members = shape.members  # type: ignore[attr-defined]
    unknown = request.keys() - members.keys()
    if unknown:
        raise ValueError(f"unknown parameters: {sorted(unknown)}")
    parse: dict[str, Callable[[Any], Any]] = {"integer": int, "timestamp": _time}
    return {
        name: parse.get(members[name].type_name, lambda value: value)(value)
        for name, value in request.items()
    }


def _time(value: str | float) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(value, UTC)


def _check(shape: Shape | None, value: dict[str, Any]) -> None:
    """Check a document against its model, including the patterns of texts."""
    assert shape is not None  # noqa: S101 - each of the operations has both
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise ValueError(report.generate_report())
    for name, member in shape.members.items():  # type: ignore[attr-defined]
        pattern = member.metadata.get("pattern")
        if pattern and name in value and not re.fullmatch(pattern.strip("^$"), value[name]):
            raise ValueError(f"{name}: expected {pattern}, got {value[name]!r}")


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}

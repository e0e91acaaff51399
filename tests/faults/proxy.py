"""A proxy on loopback between the functions and the emulator that injects faults into requests.

Only the functions use it, for S3, DynamoDB and EventBridge. The tests use the emulator directly.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

LOOP_NAME = re.compile(rb"loop-\d{5}")
"""The names of the human loops that have faults."""

_HOST = "127.0.0.1"
_SERVICES = ("S3", "DYNAMODB", "EVENTBRIDGE")
_SECONDS_TO_ANSWER = 60
_MAX_HANG_SECONDS = 30
_OF_A_CONNECTION = ("connection", "transfer-encoding", "content-length", "host")


class Exchange:
    """One request of a function, and its answer."""

    def __init__(self, handler: _Handler, upstream: str, body: bytes) -> None:
        self._handler = handler
        self._upstream = upstream
        self._body = body

    def forward(self) -> tuple[HTTPResponse, bytes]:
        """Forward the request to the emulator, and return the answer without sending it."""
        connection = HTTPConnection(urlsplit(self._upstream).netloc, timeout=_SECONDS_TO_ANSWER)
        with contextlib.closing(connection):
            headers = {
                name: value
                for name, value in self._handler.headers.items()
                if name.lower() not in _OF_A_CONNECTION
            }
            connection.request(self._handler.command, self._handler.path, self._body, headers)
            response = connection.getresponse()
            return response, response.read()

    def pass_on(self) -> None:
        """Forward the request, and send the answer."""
        response, body = self.forward()
        self.answer(response.status, body, dict(response.getheaders()))

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send an answer to the function."""
        self.begin_answer(status, headers, body, length=len(body))

    def begin_answer(
        self, status: int, headers: dict[str, str], beginning: bytes, *, length: int
    ) -> None:
        """Send the headers of an answer with a length, and the beginning of the body."""
        self._handler.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _OF_A_CONNECTION:
                self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(length))
        self._handler.end_headers()
        self._handler.wfile.write(beginning)

    def break_off(self) -> None:
        """Close the connection without an answer."""
        self._handler.close_connection = True

    def hang(self) -> None:
        """Send nothing until the function closes the connection."""
        self._handler.connection.settimeout(_MAX_HANG_SECONDS)
        with contextlib.suppress(OSError):
            self._handler.connection.recv(1)
        self.break_off()


RequestFault = Callable[[Exchange], None]
"""Answers a request in place of the proxy."""


class Proxy:
    """The remaining faults, and the requests that were made."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://{_HOST}:{port}"
        self.upstream = ""
        """The URL of the emulator."""
        self.injected: Counter[str] = Counter()
        """How many faults were injected, by human loop."""
        self.errors: list[str] = []
        """The errors of the proxy itself."""
        self.last_request = time.monotonic()
        self._faults: dict[tuple[str, str], list[RequestFault]] = {}
        self._requests: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._is_open = threading.Event()
        self._is_open.set()

    @property
    def endpoints(self) -> dict[str, str]:
        """The environment variables that direct a function's requests to the proxy."""
        return {f"AWS_ENDPOINT_URL_{service}": self.endpoint for service in _SERVICES}

    def inject(self, loop: str, operation: str, faults: Sequence[RequestFault]) -> None:
        """Inject faults into the next requests of an operation that name a human loop."""
        self._faults.setdefault((loop, operation), []).extend(faults)

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Delay all requests until the block is left."""
        self._is_open.clear()
        try:
            yield
        finally:
            self._is_open.set()

    def requests(self, loop: str, operation: str) -> int:
        """Return how often an operation was requested for a human loop."""
        return self._requests[loop, operation]

    def seconds_of_quiet(self) -> float:
        """Return the time since the last request."""
        return time.monotonic() - self.last_request

    def fault_for(self, operation: str, request: bytes) -> RequestFault:
        """Return the fault of a request, or `Exchange.pass_on` if it has none."""
        self._is_open.wait()
        self.last_request = time.monotonic()
        loops = {name.decode() for name in LOOP_NAME.findall(request)}
        if len(loops) != 1:
            return Exchange.pass_on
        (loop,) = loops
        with self._lock:
            self._requests[loop, operation] += 1
            faults = self._faults.get((loop, operation))
            if not faults:
                return Exchange.pass_on
            fault = faults.pop(0)
            self.injected[loop] += fault is not Exchange.pass_on
            return fault


@contextlib.contextmanager
def running_proxy() -> Iterator[Proxy]:
    """FaultRun a proxy on a free port; its upstream is set once the emulator runs."""
    with ThreadingHTTPServer((_HOST, 0), _Handler) as http:
        http.daemon_threads = True
        proxy = Proxy(http.server_port)
        http.proxy = proxy  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            http.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Handle a request to DynamoDB or EventBridge."""
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = proxy.fault_for(self._operation(), self.path.encode() + body)
        # A function that timed out or was killed cannot receive the answer.
        try:
            fault(Exchange(self, proxy.upstream, body))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - the report shows every error
            proxy.errors.append(f"{self._operation()}: {error!r}")
            self.close_connection = True

    def do_GET(self) -> None:
        """Handle a request to S3 that reads."""
        self.do_POST()

    def do_PUT(self) -> None:
        """Handle a request to S3 that writes a corrected document."""
        self.do_POST()

    def _operation(self) -> str:
        target: str | None = self.headers.get("X-Amz-Target")
        if target is not None:
            return target.rpartition(".")[2]
        if self.command == "PUT":
            return "PutObject"
        return "ListObjectsV2" if "list-type=2" in urlsplit(self.path).query else "GetObject"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""

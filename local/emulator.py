"""An emulator of AWS on loopback that runs during a `with` block."""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import boto3

from local.processes import ignore_signals, interrupted_by_signals, process_group
from local.run_folder import run_folder

# The account and Region in the sample outputs.
ACCOUNT = "111122223333"
REGION = "eu-west-1"
PROJECT = Path(__file__).resolve().parent.parent
KEPT_LOG = PROJECT / "build" / "emulator.log"

_HOST = "127.0.0.1"
_SECONDS_TO_START = 60.0
_ATTEMPTS = 3
# Programs use the endpoints of these services too. The others are for the functions.
_LACKED = "_SAGEMAKER"
# The environment variables that child processes inherit. Profiles, credentials and proxies are not
# inherited, so no child process can reach an AWS account.
_INHERITED = ("HOME", "LANG", "LC_ALL", "TZ", "JSII_RUNTIME_PACKAGE_CACHE_ROOT")


class EmulatorError(RuntimeError):
    """The emulator did not start, or ended before it was stopped."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator, and the settings of programs that use it."""

    port: int
    folder: Path
    """The temporary files of the emulator and of its users. It is removed at the end."""
    account: str = ACCOUNT
    region: str = REGION
    """The account and Region that programs and clients use."""
    endpoints: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The environment variables with the endpoints of services that the emulator lacks."""

    @property
    def endpoint(self) -> str:
        """The URL of every service.

        It has an IP address, so that S3 clients put the bucket in the path. Not every machine
        resolves `<bucket>.localhost`.
        """
        return f"http://{_HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """The output of the emulator and of the functions in it."""
        return self.folder / "emulator.log"

    @property
    def environment(self) -> dict[str, str]:
        """The complete environment of a program that uses the emulator."""
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            # The virtual environment first: its Python runs the functions and the CDK app, its
            # Node runs the CDK CLI.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "TMPDIR": str(self.folder),
            "NO_COLOR": "1",
            "AWS_ENDPOINT_URL": self.endpoint,
            # The emulator uses an access key of 12 digits as the account.
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "emulated",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.endpoints,
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client for the emulator, independent of this process's environment."""
        # A client reads its endpoint, credentials and proxies from the environment.
        with mock.patch.dict(os.environ, self.environment, clear=True):
            return self._session.client(service)  # type: ignore[call-overload]

    @functools.cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session()

    @property
    def has_ended(self) -> bool:
        """Whether the emulator has stopped listening on its port."""
        try:
            socket.create_connection((_HOST, self.port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False  # it may be busy
        return False

    def last_lines(self, count: int = 40) -> str:
        """Return the end of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def show_log(self) -> None:
        """Copy the log to `build/emulator.log`, and print its last lines to stderr."""
        kept = f"all in {KEPT_LOG}"
        try:
            KEPT_LOG.parent.mkdir(exist_ok=True)
            shutil.copyfile(self.log, KEPT_LOG)
        except OSError as error:
            kept = f"not kept: {error}"
        print(f"\nThe emulator's last lines ({kept}):", file=sys.stderr)
        print(self.last_lines(), file=sys.stderr)


@contextlib.contextmanager
def running_emulator(endpoints: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """Start an emulator on a free port, and stop it when the block is left.

    Functions in it use other endpoints for services that it lacks, with environment variables such
    as `AWS_ENDPOINT_URL_SAGEMAKER_A2I_RUNTIME`.

    If the block fails, the log is copied to `build/emulator.log`, and its last lines are printed to
    stderr.

    Raises
    ------
    EmulatorError
        If it cannot be started, or if it ends before the block does.
    """
    with interrupted_by_signals(), contextlib.ExitStack() as stack:
        emulator, process = _started(stack, endpoints or {})
        stack.callback(ignore_signals)
        try:
            yield emulator
        except (BrokenPipeError, KeyboardInterrupt):
            raise
        except BaseException as error:
            emulator.show_log()
            if process.poll() is None:
                raise
            raise EmulatorError(
                f"the emulator ended with status {process.returncode}, see {KEPT_LOG}"
            ) from error


def _started(
    stack: contextlib.ExitStack, endpoints: Mapping[str, str]
) -> tuple[Emulator, subprocess.Popen[bytes]]:
    """Start an emulator. Try another port if another program has taken the free one."""
    for _ in range(_ATTEMPTS):
        with contextlib.ExitStack() as attempt:
            emulator = Emulator(
                port=_free_port(),
                folder=attempt.enter_context(run_folder()),
                endpoints={name: endpoints[name] for name in endpoints if _LACKED in name},
            )
            process = _process(emulator, attempt, endpoints)
            if _answers(emulator, process):
                stack.push(attempt.pop_all())
                return emulator, process
            emulator.show_log()
    raise EmulatorError(f"the emulator did not start in {_ATTEMPTS} attempts, see {KEPT_LOG}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _process(
    emulator: Emulator, stack: contextlib.ExitStack, endpoints: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start the process; kill it when the stack unwinds."""
    return stack.enter_context(
        process_group(
            [sys.executable, str(PROJECT / "local" / "emulator_server.py")],
            environment={**_settings(emulator), **endpoints},
            folder=emulator.folder,
            output=stack.enter_context(emulator.log.open("wb")),
            remove=emulator.folder,
        )
    )


def _answers(emulator: Emulator, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the emulator answers, and return whether it does."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        if _edition(emulator.port) == _mark(emulator):
            return True
        time.sleep(0.05)
    return False


def _mark(emulator: Emulator) -> str:
    """Return the name of the folder, which is unique to this emulator."""
    return emulator.folder.name


def _settings(emulator: Emulator) -> dict[str, str]:
    return {
        **emulator.environment,
        "BIND_HOST": _HOST,
        "GATEWAY_PORT": str(emulator.port),
        "MINISTACK_HOST": _HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        # The health page shows it: it proves that this emulator answers on the port.
        "MINISTACK_EDITION": _mark(emulator),
        # By default, other users of the machine can read its keys and objects, and they are kept.
        "STATE_DIR": str(emulator.folder / "state"),
        "S3_DATA_DIR": str(emulator.folder / "s3"),
        # By default, it opens two more ports and removes containers of other emulators.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{emulator.folder}/no-docker.sock",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "INFO",
    }


def _edition(port: int) -> str | None:
    connection = http.client.HTTPConnection(_HOST, port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        health: Mapping[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return health.get("edition")

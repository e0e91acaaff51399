"""The demo ends with one message and the usual status, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulator import PROJECT
from local.waiting import MAX_SECONDS, wait_until
from tests.signals import ENDING, heed_signals

DEMO = [sys.executable, "-m", "local"]

INTERRUPTED_IN_AN_IMPORT = """
import os, runpy, sys
number = int(sys.argv.pop())  # the demo knows no such argument
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "local.demo":
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Interrupts())
runpy.run_module("local", run_name="__main__")
"""

# One scenario is enough to see what stays up.
KEPT_AFTER_ONE_SCENARIO = """
import runpy, sys
import local.scenarios
local.scenarios.SCENARIOS = local.scenarios.SCENARIOS[:1]
sys.argv[1:] = ["--keep"]
runpy.run_module("local", run_name="__main__")
"""


def descendants(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they started."""
    command = ["ps", "-A", "-o", "pid=,ppid="]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ps:
        assert ps.stdout is not None
        parents = [tuple(map(int, line.split())) for line in ps.stdout]
    parents.remove((ps.pid, os.getpid()))
    found = {pid}
    while more := {child for child, parent in parents if parent in found} - found:
        found |= more
    return found - {pid}


def is_alive(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


@contextlib.contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that prints to a pipe and has this temporary folder."""
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with running(DEMO, tmp_path) as process:
        yield process


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Return what the demo prints, from now to this text."""
    assert process.stdout is not None
    printed = ""
    while text not in printed:
        character = process.stdout.read(1)
        assert character, f"the demo ended: {printed}"
        printed += character
    return printed


def run_demo(command: list[str], *, stdout: int = subprocess.DEVNULL) -> tuple[int, str]:
    done = subprocess.run(
        command, cwd=PROJECT, check=False, text=True, stdout=stdout, stderr=subprocess.PIPE
    )
    return done.returncode, done.stderr


def test_killed_demo_leaves_no_process_and_no_folder(
    demo: subprocess.Popen[str], tmp_path: Path
) -> None:
    read_until(demo, "cdk bootstrap")
    assert wait_until(lambda: len(descendants(demo.pid)) > 4), "no CDK CLI"
    started = descendants(demo.pid)
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o700]

    demo.send_signal(signal.SIGKILL)

    assert wait_until(lambda: not any(map(is_alive, started)))
    assert wait_until(lambda: not list(tmp_path.iterdir()))


@pytest.mark.parametrize("number", ENDING)
def test_demo_that_is_stopped_says_so_and_leaves_nothing(
    number: signal.Signals, demo: subprocess.Popen[str], tmp_path: Path
) -> None:
    read_until(demo, "cdk bootstrap")
    started = descendants(demo.pid)
    demo.send_signal(number)
    demo.send_signal(number)  # an impatient user

    _, errors = demo.communicate(timeout=MAX_SECONDS)

    assert errors == f"\ndemo: stopped by {number.name}; the emulator is stopped\n"
    assert demo.returncode == 128 + number
    # The last of them, which tidies up, ends just after the demo.
    assert wait_until(lambda: not any(map(is_alive, started)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", ENDING)
def test_demo_that_is_stopped_while_it_is_loaded_says_so(number: signal.Signals) -> None:
    status, errors = run_demo([sys.executable, "-c", INTERRUPTED_IN_AN_IMPORT, str(int(number))])

    assert errors == f"\ndemo: stopped by {number.name}; nothing is left running\n"
    assert status == 128 + number


def test_demo_whose_output_nobody_reads_ends_with_status_141(
    demo: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert demo.stdout is not None
    assert demo.stderr is not None
    read_until(demo, "made up.\n")
    demo.stdout.close()

    assert demo.stderr.read() == "\ndemo: the output was closed; the emulator is stopped\n"
    assert demo.wait() == 141
    assert not list(tmp_path.iterdir())


def test_argument_that_the_demo_does_not_know_is_an_error() -> None:
    assert run_demo([*DEMO, "--kept"]) == (1, "error: expected --keep or nothing, got '--kept'\n")


@pytest.mark.full
def test_kept_demo_stays_up_for_other_programs_until_ctrl_c(tmp_path: Path) -> None:
    with running([sys.executable, "-c", KEPT_AFTER_ONE_SCENARIO], tmp_path) as demo:
        summary = read_until(demo, "until you press Ctrl-C. In another terminal:\n")
        shell = read_until(demo, " status\n")
        status = subprocess.run(
            ["sh", "-ec", shell], cwd=PROJECT, check=False, capture_output=True, text=True
        )
        started = descendants(demo.pid)
        demo.send_signal(signal.SIGINT)
        printed, errors = demo.communicate(timeout=MAX_SECONDS)

    assert "NOT as expected" not in summary
    assert shell.count("export AWS_ENDPOINT_URL") > 1, "of the emulator, and of A2I"
    assert status.stderr == ""
    assert "FailedLoops" in status.stdout
    assert (demo.returncode, printed, errors) == (0, "\ndemo: the emulator is stopped\n", "")
    assert started
    assert wait_until(lambda: not any(map(is_alive, started)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("started", [1, 2], ids=["shell", "python"])
def test_demo_that_is_stopped_before_python_handles_signals_shows_no_traceback(
    started: int,
) -> None:
    # Without these options, make would set up the environment again in which this test runs.
    as_it_is = ["--assume-old=.venv/.demo", "--assume-old=node_modules/.demo"]
    with subprocess.Popen(
        ["make", "demo", *as_it_is],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,
    ) as make:
        while len(descendants(make.pid)) < started:
            assert make.poll() is None
        os.killpg(make.pid, signal.SIGINT)
        printed, _ = make.communicate(timeout=MAX_SECONDS)
    # If make learns of the ended demo before its own signal, it ends with status 2.
    assert make.returncode in {-signal.SIGINT, 2}
    assert "Traceback" not in printed


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_demo_that_cannot_write_its_output_says_why() -> None:
    with Path("/dev/full").open("w") as full:
        status, errors = run_demo(DEMO, stdout=full.fileno())

    assert errors.endswith("demo: [Errno 28] No space left on device\n")
    assert "Traceback" not in errors
    assert status == 1


def test_demo_that_cannot_write_files_says_why() -> None:
    limited = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
    status, errors = run_demo(
        [sys.executable, "-c", limited + "runpy.run_module('local', run_name='__main__')"]
    )

    assert errors == (
        "\ndemo: no temporary folder can be written to: free space on its disk, or set TMPDIR\n"
    )
    assert status == 1

"""The emulator: alone on its machine or not, it stays on loopback and always goes away."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.emulator import ACCOUNT, PROJECT, REGION, EmulatorError, running_emulator
from local.waiting import MAX_SECONDS, wait_until
from tests.e2e.test_demo_process import descendants
from tests.signals import ENDING

# A shell starts what it runs in the background with Ctrl-C ignored, and so would the program be.
HOLD_AN_EMULATOR = """
import signal
from local.emulator import running_emulator
signal.signal(signal.SIGINT, signal.default_int_handler)
with running_emulator() as emulator:
    print(emulator.port, emulator.folder, flush=True)
    signal.pause()
"""


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def test_two_emulators_run_at_once_even_if_the_usual_port_is_taken() -> None:
    with socket.socket() as usual:
        with contextlib.suppress(OSError):  # taken by somebody else already
            usual.bind(("127.0.0.1", 4566))
            usual.listen()
        with running_emulator() as one, running_emulator() as other:
            assert one.port != other.port
            one.client("sqs").create_queue(QueueName="only-in-one")
            assert len(one.client("sqs").list_queues()["QueueUrls"]) == 1
            assert not other.client("sqs").list_queues().get("QueueUrls")


@pytest.mark.parametrize("number", ENDING)
def test_emulator_goes_away_with_a_program_that_is_stopped(number: signal.Signals) -> None:
    command = [sys.executable, "-c", HOLD_AN_EMULATOR]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        port, folder = program.stdout.readline().split()
        assert answers(int(port))
        program.send_signal(number)
        try:
            program.wait(timeout=MAX_SECONDS)
        finally:
            program.kill()
    assert not answers(int(port))
    assert not Path(folder).exists()


def test_emulator_goes_away_when_its_block_fails_and_shows_its_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ZeroDivisionError), running_emulator() as emulator:
        raise ZeroDivisionError
    assert not answers(emulator.port)
    assert not emulator.folder.exists()
    assert "Running on http://127.0.0.1" in capsys.readouterr().err


def test_emulator_that_ends_by_itself_is_the_error_whatever_it_led_to() -> None:
    before = descendants(os.getpid())

    def fail_after_its_end() -> None:
        with running_emulator() as emulator:
            for process in descendants(os.getpid()) - before:
                os.kill(process, signal.SIGKILL)
            assert wait_until(lambda: emulator.has_ended)
            raise ZeroDivisionError

    with pytest.raises(EmulatorError, match="the emulator ended with status -9") as caught:
        fail_after_its_end()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_keys_and_objects_of_the_emulator_are_in_its_private_folder() -> None:
    with running_emulator() as emulator:
        emulator.client("cognito-idp").list_user_pools(MaxResults=1)
        (key,) = emulator.folder.glob("**/*.pem")
        assert emulator.folder.stat().st_mode & 0o777 == 0o700
    assert not key.exists()


def test_emulator_listens_on_loopback_only() -> None:
    with running_emulator() as emulator:
        listening = Path("/proc/net/tcp")
        if not listening.exists():
            pytest.skip("only Linux lists listening sockets in a file")
        addresses = re.findall(
            rf" ([0-9A-F]{{8}}):{emulator.port:04X} 0+:0+ 0A", listening.read_text()
        )
        assert addresses == ["0100007F"]


def test_no_real_account_can_be_reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = tmp_path / "config"
    real.write_text("[profile real]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:9\n")
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(real))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with running_emulator() as emulator:
        assert emulator.client("sts").get_caller_identity()["Account"] == ACCOUNT
        assert emulator.client("sqs").meta.region_name == REGION
        assert not {"AWS_PROFILE", "HTTP_PROXY", "HTTPS_PROXY"} & emulator.environment.keys()
        assert emulator.environment["AWS_CONFIG_FILE"] == os.devnull

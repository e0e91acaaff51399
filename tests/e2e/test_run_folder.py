"""The temporary folder of a run: private, and removed by the next run if a killed one left it."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from local.emulator import PROJECT
from local.run_folder import run_folder

HOLD_A_FOLDER = """
import os, signal
from local.run_folder import run_folder
with run_folder() as folder:
    (folder / "key.pem").write_text("secret")
    print(folder, flush=True)
    signal.pause()
"""


@pytest.fixture(autouse=True)
def _own_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_folder_is_private_and_removed_at_the_end() -> None:
    with run_folder() as folder:
        (folder / "file").touch()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_next_run_removes_the_folder_of_a_killed_run_and_not_that_of_a_running_one() -> None:
    command = [sys.executable, "-c", HOLD_A_FOLDER]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        other = Path(program.stdout.readline().strip())
        with run_folder() as folder:
            assert folder != other
            assert (other / "key.pem").exists()
        program.send_signal(signal.SIGKILL)
        program.wait()
    assert (other / "key.pem").exists()
    with run_folder():
        assert not other.exists()


def test_what_only_looks_like_a_folder_of_a_run_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o700)
    link = tmp_path / "a2i-human-loop-events-link"
    link.symlink_to(precious)
    file = tmp_path / "a2i-human-loop-events-file"
    file.touch()
    public = tmp_path / "a2i-human-loop-events-public"
    public.mkdir(mode=0o755)
    with run_folder():
        pass
    assert all(path.exists() for path in (precious, link, file, public))

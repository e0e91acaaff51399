"""The virtual environment: created, filled from the lock, and marked when it is complete.

uv installs the locked versions in seconds where pip takes minutes. Where uv cannot be had, or
cannot install, pip does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from installation.lock import LOCK, ROOT, demo_requirements, fingerprint, locked_package
from installation.pip_settings import read_pip_settings, translate_for_uv
from installation.shared_files import find_replaced_files

VENV: Final = ROOT / ".venv"
_PYTHON: Final = VENV / "bin" / "python"

#: What the Makefile looks at. Each is written last, so an interrupted installation has none.
_DEMO_MARK: Final = VENV / ".demo"
_ALL_MARK: Final = VENV / ".installed"

#: Has files that another package has too. See `installation.shared_files`.
_OWNER_OF_SHARED_FILES: Final = "aws-cdk-lib"

_NOT_FOR_UV: Final = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")


class InstallationError(Exception):
    """The environment cannot be set up. The message says what to do."""


def set_up(*, everything: bool) -> None:
    """Set up .venv for the demo, or for everything.

    What is there already is kept if it is complete and of the same lock. Otherwise the
    environment is created anew.

    Parameters
    ----------
    everything
        Also what tests and other targets need.

    Raises
    ------
    InstallationError
        If it cannot be set up.
    """
    started = time.monotonic()
    marks = (_DEMO_MARK, _ALL_MARK) if everything else (_DEMO_MARK,)
    if all(_is_complete(mark) for mark in marks):
        # The Makefile compares times: the lock was written again, with the same content.
        for mark in marks:
            mark.touch()
        return
    adds = _is_complete(_DEMO_MARK)
    size = "0.5 GB more" if adds else "1.2 GB" if everything else "0.7 GB"
    print(f"Setting up .venv (once; {size}, a minute with a fast network) ...", flush=True)
    _remove_marks()
    if not adds:
        _create()
    installed_everything = _install(everything=everything)
    for mark in (_DEMO_MARK, _ALL_MARK) if installed_everything else marks:
        mark.write_text(fingerprint(), encoding="utf-8")
    print(f"Set up .venv in {time.monotonic() - started:.0f} s.", flush=True)


def _is_complete(mark: Path) -> bool:
    """Return whether an installation of the present lock was completed, and still runs."""
    if not mark.is_file() or mark.read_text(encoding="utf-8") != fingerprint():
        return False
    return subprocess.run([_PYTHON, "-c", ""], check=False).returncode == 0


def _remove_marks() -> None:
    for mark in (_DEMO_MARK, _ALL_MARK):
        mark.unlink(missing_ok=True)


def _create() -> None:
    """Create an empty virtual environment, in place of the one that is there."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        raise InstallationError(
            "this Python has no venv: install it (Debian, Ubuntu: apt-get install python3-venv)"
        ) from None
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.create(VENV, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallationError(f"{VENV} cannot be created: {error}") from None


def _install(*, everything: bool) -> bool:
    """Install the packages and the project. Return whether everything was installed."""
    with _requirements(everything=everything) as requirements:
        if _install_with_uv(requirements):
            _check_shared_files()
            return everything
    print("Installing with pip instead, which takes some minutes ...", flush=True)
    # pip takes hashes from requirements only, not from constraints: it installs the whole lock.
    # With dependencies, so that aws-cdk-lib comes after a package whose files it replaces.
    _run([*_PIP, "install", "--require-hashes", "-r", str(LOCK)])
    _run([*_PIP, "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    _check_shared_files()
    return True


_PIP: Final = (str(_PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check")


@contextmanager
def _requirements(*, everything: bool) -> Iterator[list[str]]:
    """Give the options that name what to install, with the versions and hashes of the lock."""
    if everything:
        yield ["-r", str(LOCK)]
        return
    with _file("\n".join(demo_requirements())) as file:
        yield ["-r", str(file), "-c", str(LOCK)]


def _install_with_uv(requirements: Sequence[str]) -> bool:
    """Install with uv. Return whether that was possible."""
    with _file(locked_package("uv")) as file:
        bootstrap = [*_PIP, "install", "--require-hashes", "--no-deps", "-r", str(file)]
        if not _try(bootstrap):
            print("uv cannot be had.", flush=True)
            return False
    listed = subprocess.run(
        [_PYTHON, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True
    ).stdout
    settings = translate_for_uv(read_pip_settings(listed))
    environment = {k: v for k, v in os.environ.items() if k not in _NOT_FOR_UV}
    # What is set for uv itself is more specific than what is set for pip.
    environment = {**settings.environment, **environment}
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(_PYTHON)]
    uv += settings.arguments
    hashed = [*uv, "--require-hashes", *requirements]
    project = [*uv, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    with _file(locked_package(_OWNER_OF_SHARED_FILES)) as file:
        again = [*uv, "--require-hashes", "--no-deps", "--reinstall", "-r", str(file)]
        return all(_try(each, environment) for each in (hashed, again, project))


def _check_shared_files() -> None:
    (site_packages,) = VENV.glob("lib/python*/site-packages")
    replaced = list(find_replaced_files(site_packages, _OWNER_OF_SHARED_FILES.replace("-", "_")))
    if replaced:
        raise InstallationError(
            f"another package has replaced files of {_OWNER_OF_SHARED_FILES}: "
            f"{', '.join(str(each.relative_to(ROOT)) for each in replaced)}. "
            "Remove .venv and call make again; if that does not help, report it"
        )


def _try(command: Sequence[str], environment: Mapping[str, str] | None = None) -> bool:
    try:
        return subprocess.run(command, env=environment, check=False).returncode == 0
    except OSError as error:  # such as an executable for another C library
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return False


def _run(command: Sequence[str]) -> None:
    if not _try(command):
        raise InstallationError(
            "the packages cannot be installed, see the message above. make needs a package index, "
            "over the network or as pip is configured (pip config list)"
        )


@contextmanager
def _file(text: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(text, encoding="utf-8")
        yield file

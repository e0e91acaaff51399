"""The locked versions, and the requirements of the demo and of everything."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "constraints.txt"
DEMO_REQUIREMENTS: Final = ROOT / "requirements-demo.txt"


def locked_package(name: str) -> str:
    """Return the lines of the lock on a package: its version and hashes.

    Raises
    ------
    ValueError
        If the package is not locked.
    """
    lines = LOCK.read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(name)}==.*(?:\n[ \t]+.*)*", lines, re.MULTILINE)
    if found is None:
        raise ValueError(f"{LOCK.name}: expected a version of {name}, found none: run make lock")
    return found[0] + "\n"


def demo_requirements() -> list[str]:
    """Return what the demo needs, each with its version. The project itself is left out.

    A requirements file can only refer to the project without a hash, which an installation with
    hashes refuses.
    """
    return _read(DEMO_REQUIREMENTS)


def fingerprint() -> str:
    """Return a text that changes with every file that decides what is installed."""
    read = (LOCK, *sorted(ROOT.glob("requirements*.txt")))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in read)).hexdigest()


def _read(file: Path) -> list[str]:
    requirements: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            requirements += _read(file.parent / text.removeprefix("-r ").strip())
        elif text and not text.startswith("-"):
            requirements.append(text)
    return requirements

"""What `make` installs is pinned with hashes, and is what the requirements ask for."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([\w.\[\]-]+)==([^\s;]+)", re.MULTILINE)
LOCK = (ROOT / "constraints.txt").read_text(encoding="utf-8")


def _pins(text: str) -> dict[str, str]:
    return {
        re.sub(
            r"\[.*\]|[-_.]+", lambda found: "" if "[" in found[0] else "-", name
        ).lower(): version
        for name, version in PIN.findall(text)
    }


def test_what_is_installed_is_what_the_requirements_ask_for() -> None:
    asked: dict[str, str] = {}
    for file in ROOT.glob("requirements*.txt"):
        asked |= _pins(file.read_text(encoding="utf-8"))

    assert len(asked) > 20
    assert asked.items() <= _pins(LOCK).items(), "requirements*.txt changed: run make lock"


def test_every_version_has_hashes_and_no_address() -> None:
    packages = re.split(r"^(?=[a-zA-Z])", LOCK, flags=re.MULTILINE)[1:]

    assert len(packages) > 80
    assert [each.split()[0] for each in packages if "--hash=sha256:" not in each] == []
    for address in ("://", "--index-url", "--find-links", "file:"):
        assert address not in LOCK

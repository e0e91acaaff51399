"""What `make` installs is pinned with hashes, and is what the requirements ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([\w.\[\]-]+)==([^\s;]+)", re.MULTILINE)

#: The folders of locked requirements, each with more packages than this.
LOCKS = {".": 80, "docs_site": 25, "tests/formats": 70}


def _pins(text: str) -> dict[str, str]:
    return {
        re.sub(
            r"\[.*\]|[-_.]+", lambda found: "" if "[" in found[0] else "-", name
        ).lower(): version
        for name, version in PIN.findall(text)
    }


def _lock(folder: str) -> str:
    return (ROOT / folder / "constraints.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", LOCKS)
def test_what_is_installed_is_what_the_requirements_ask_for(folder: str) -> None:
    asked: dict[str, str] = {}
    for file in (ROOT / folder).glob("requirements*.txt"):
        asked |= _pins(file.read_text(encoding="utf-8"))

    assert len(asked) > 2
    assert asked.items() <= _pins(_lock(folder)).items(), "requirements*.txt changed: run make lock"


@pytest.mark.parametrize("folder", LOCKS)
def test_every_version_has_hashes_and_no_address(folder: str) -> None:
    lock = _lock(folder)
    packages = re.split(r"^(?=[a-zA-Z])", lock, flags=re.MULTILINE)[1:]

    assert len(packages) > LOCKS[folder]
    assert [each.split()[0] for each in packages if "--hash=sha256:" not in each] == []
    for address in ("://", "--index-url", "--find-links", "file:"):
        assert address not in lock


@pytest.mark.parametrize("folder", [".", "tests/permissions"])
def test_every_npm_package_has_a_hash(folder: str) -> None:
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 3
    assert [name for name, each in packages.items() if name and "integrity" not in each] == []


def test_no_npm_package_but_the_evaluator_of_the_tests_has_a_copyleft_license() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    licenses = {name: each.get("license", "none") for name, each in packages.items() if name}
    assert len(licenses) > 30
    assert {name for name, each in licenses.items() if "GPL" in each} == set()


def test_actions_are_named_by_commit() -> None:
    workflows = list((ROOT / ".github" / "workflows").glob("*.yml"))
    used = [
        line.strip()
        for file in workflows
        for line in file.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert len(used) > 3
    by_commit = re.compile(r"- uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [line for line in used if by_commit.fullmatch(line) is None] == []

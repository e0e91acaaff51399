"""`make release` tags what is ready, and says what is not."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from release.__main__ import CHECKS, release
from release.version import ReleaseError

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 3, 14)
PASSES = ((sys.executable, "-c", ""),)
FAILS = ((sys.executable, "-c", "raise SystemExit(1)"),)

CHANGELOG = """# Changelog

## [0.2.0] - 2026-03-14

### Added

- A thing.

## [0.1.0] - 2026-01-02

- The first.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "Example")
    git(tmp_path, "config", "user.email", "dev@example.com")
    git(tmp_path, "config", "commit.gpgsign", "false")
    git(tmp_path, "config", "tag.gpgsign", "false")
    commit(tmp_path)
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Change")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def refused(root: Path, message: str, checks: tuple[tuple[str, ...], ...] = PASSES) -> None:
    before = git(root, "tag", "--list")
    with pytest.raises(ReleaseError, match=message):
        release(root, checks, TODAY, lambda _: None)
    assert git(root, "tag", "--list") == before


def test_version_that_is_ready_is_tagged(root: Path) -> None:
    reported: list[str] = []

    release(root, PASSES, TODAY, reported.append)

    assert git(root, "tag", "--list") == "v0.2.0\n"
    assert git(root, "rev-parse", "v0.2.0^{}") == git(root, "rev-parse", "HEAD")
    assert "It is not published yet" in reported[-1]


@pytest.mark.parametrize("name", ["CHANGELOG.md", "new.py"])
def test_tree_with_changes_is_refused(root: Path, name: str) -> None:
    with (root / name).open("a", encoding="utf-8") as file:
        file.write("\n")

    refused(root, rf"the tree has changes; commit or stash them:\n.. {re.escape(name)}")


def test_second_release_of_a_version_is_refused(root: Path) -> None:
    release(root, PASSES, TODAY, lambda _: None)

    refused(root, r"the tag v0\.2\.0 exists; a released version never changes: raise version")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("pyproject.toml", "0.2.0", "0.3.0", r"'## \[0\.3\.0\] - 2026-03-14'.*first is 0\.2\.0"),
        ("pyproject.toml", "0.2.0", "0.2.0.dev1", r"expected three numbers .* got 0\.2\.0\.dev1"),
        ("CHANGELOG.md", "2026-03-14", "Unreleased", r"has the date Unreleased.*2026-03-14'"),
        ("CHANGELOG.md", "2026-03-14", "2026-03-13", r"has the date 2026-03-13, and today"),
        ("CHANGELOG.md", "- A thing.", "", r"the section \[0\.2\.0\] has no changes"),
        ("CHANGELOG.md", CHANGELOG, "# Changelog\n", r"it has none"),
    ],
)
def test_version_that_the_changelog_does_not_describe_is_refused(
    root: Path, file: str, old: str, new: str, message: str
) -> None:
    replace(root / file, old, new)
    commit(root)

    refused(root, message)


def test_failed_check_leaves_no_tag(root: Path) -> None:
    refused(root, "failed; no tag was created", FAILS)


def test_check_that_changes_the_tree_leaves_no_tag(root: Path) -> None:
    write = "import pathlib; pathlib.Path('left-over').touch()"

    refused(root, "the tree has changes", ((sys.executable, "-c", write),))


def test_folder_without_git_is_refused(tmp_path: Path) -> None:
    refused_message = "git status failed: .*not a git repository"

    with pytest.raises(ReleaseError, match=refused_message):
        release(tmp_path, PASSES, TODAY, lambda _: None)


def test_checks_are_targets_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert len(CHECKS) >= 3
    for make, target in CHECKS:
        assert make == "make"
        assert re.search(rf"^{target}: install", makefile, re.MULTILINE), target


def test_changelog_begins_with_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    headings = re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)

    assert headings[0] == version

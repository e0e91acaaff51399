"""The version in pyproject.toml and CHANGELOG.md."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Final

_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
_HEADING: Final = re.compile(
    r"^## \[(?P<version>[^\]]+)\](?: - (?P<when>\S+))?[ \t]*$", re.MULTILINE
)


class ReleaseError(Exception):
    """A version cannot be released."""


def read_release(root: Path, today: date) -> str:
    """Return the version to release.

    Raises
    ------
    ReleaseError
        If pyproject.toml and CHANGELOG.md do not have the same version, with today's date and with
        changes.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    if not _VERSION.fullmatch(version):
        raise ReleaseError(
            f"pyproject.toml: version: expected three numbers such as 0.1.0, got {version}"
        )
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = [*_HEADING.finditer(changelog)]
    if not headings or headings[0]["version"] != version:
        first = f"its first is {headings[0]['version']}" if headings else "it has none"
        raise ReleaseError(
            f"CHANGELOG.md: expected the first section to be '## [{version}] - {today}', as "
            f"pyproject.toml has version {version}; {first}"
        )
    if headings[0]["when"] != today.isoformat():
        raise ReleaseError(
            f"CHANGELOG.md: the section [{version}] has the date {headings[0]['when']}, and today "
            f"(UTC) is {today}: write '## [{version}] - {today}', and commit it"
        )
    section = changelog[headings[0].end() : headings[1].start() if headings[1:] else None]
    if not re.search(r"^- \S", section, re.MULTILINE):
        raise ReleaseError(f"CHANGELOG.md: the section [{version}] has no changes ('- ...')")
    return version

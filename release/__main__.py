"""`make release`: checks and tags the version in pyproject.toml, without publishing it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from release.distributions import ROOT
from release.version import ReleaseError, read_release

#: The commands that check and build a release.
CHECKS = (
    ("make", "test"),
    ("make", "full"),
    ("make", "compatibility"),
    ("make", "faults"),
    ("make", "dist"),
    ("make", "sbom"),
)


def release(
    root: Path, checks: Sequence[Sequence[str]], today: date, report: Callable[[str], object]
) -> None:
    """Check the version, run the checks, and tag the commit.

    Raises
    ------
    ReleaseError
        If the version cannot be released, or a check fails. Then no tag is created.
    """
    version, tag = _releasable(root, today)
    for command in checks:
        report(f"release {version}: {' '.join(command)}")
        if subprocess.run(command, cwd=root, check=False).returncode:  # noqa: S603 - of this file
            raise ReleaseError(f"{' '.join(command)} failed; no tag was created")
    if _releasable(root, today) != (version, tag):
        raise ReleaseError("the version changed while the checks ran; no tag was created")
    _git(root, "tag", "--annotate", tag, "--message", f"Version {version}")
    report(
        f"{tag} is tagged here, and dist has its files. It is not published yet.\n"
        f"To publish: git push origin {tag}, then python -m twine upload dist/*.whl dist/*.tar.gz\n"
        f"To undo: git tag --delete {tag}"
    )


def _releasable(root: Path, today: date) -> tuple[str, str]:
    """Return the version and its tag, if the tree and the changelog are ready."""
    changed = _git(root, "status", "--porcelain")
    if changed:
        raise ReleaseError(f"the tree has changes; commit or stash them:\n{changed}")
    version = read_release(root, today)
    tag = f"v{version}"
    if _git(root, "tag", "--list", tag):
        raise ReleaseError(
            f"the tag {tag} exists; a released version never changes: raise version in "
            "pyproject.toml, and add its section to CHANGELOG.md"
        )
    return version, tag


def _git(root: Path, *arguments: str) -> str:
    result = subprocess.run(  # noqa: S603 - arguments of this file
        ["git", *arguments],  # noqa: S607 - the developer's git
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ReleaseError(f"git {arguments[0]} failed: {result.stderr.strip()}")
    return result.stdout.rstrip()


if __name__ == "__main__":
    try:
        release(ROOT, CHECKS, datetime.now(tz=UTC).date(), lambda text: print(text, flush=True))  # noqa: T201
    except ReleaseError as error:
        sys.exit(f"error: {error}")

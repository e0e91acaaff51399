"""The required contents of the wheel and the source distribution.

`python -m release.distributions dist` checks the files in a folder.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).parents[1]

#: The packages, and the folders that they are in.
PACKAGES: Final = {
    "human_loop_events": "",
    "human_loop_tables": "",
    "human_loops_cli": "",
    "human_loop_reviews": "lambda",
}

#: The suffixes of a package's files: modules, and the style and script of the report.
_KINDS: Final = {".py", ".css", ".js"}

#: Other files in the wheel, and their paths in the repository.
_ADDED: Final = {
    "human_loops_cli/runbook.md": "docs/operations.md",
    "human_loops_cli/cli-policy.json": "docs/cli-policy.json",
}

#: The files of a source distribution that are in no package.
TOP: Final = ("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", *_ADDED.values())

#: The files that the build adds to a source distribution.
_OF_THE_BUILD: Final = {"PKG-INFO", ".gitignore"}


class DistributionError(Exception):
    """A distribution does not have the required contents."""


def wheel_contents(root: Path = ROOT) -> dict[str, bytes]:
    """Return the files that the wheel must have, without its metadata, with their content."""
    modules = {
        path.relative_to(root / parent).as_posix(): path.read_bytes()
        for package, parent in PACKAGES.items()
        for path in (root / parent / package).rglob("*")
        if path.suffix in _KINDS or path.name == "py.typed"
    }
    return modules | {name: (root / source).read_bytes() for name, source in _ADDED.items()}


def check_wheel(wheel: Path, root: Path = ROOT) -> None:
    """Compare a wheel with the repository.

    Raises
    ------
    DistributionError
        If a file is missing, is not in the repository, or differs.
    """
    with zipfile.ZipFile(wheel) as archive:
        found = {
            name: archive.read(name)
            for name in archive.namelist()
            if not PurePosixPath(name).parts[0].endswith(".dist-info")
        }
    _compare(wheel.name, found, wheel_contents(root))


def check_sdist(sdist: Path, root: Path = ROOT) -> None:
    """Compare a source distribution with the repository.

    Raises
    ------
    DistributionError
        If a file is missing, is not in the repository, or differs.
    """
    expected = {name: (root / name).read_bytes() for name in TOP}
    for name, content in wheel_contents(root).items():
        if name not in _ADDED:
            expected[str(PurePosixPath(PACKAGES[name.partition("/")[0]], name))] = content
    with tarfile.open(sdist) as archive:
        found = {
            name.partition("/")[2]: file.read()
            for name in archive.getnames()
            if (file := archive.extractfile(name))
        }
    _compare(
        sdist.name,
        {name: content for name, content in found.items() if name not in _OF_THE_BUILD},
        expected,
    )


def check_folder(folder: Path) -> list[Path]:
    """Check the wheel and the source distribution in a folder, and return them.

    Raises
    ------
    DistributionError
        If there is not one of each, or one does not have the required contents.
    """
    files = sorted(folder.glob("*"))
    kinds = [re.sub(r"^.*?(\.whl|\.tar\.gz)$", r"\1", each.name) for each in files]
    if sorted(kinds) != [".tar.gz", ".whl"]:
        names = ", ".join(each.name for each in files) or "nothing"
        raise DistributionError(f"{folder}: expected a wheel and a .tar.gz, found {names}")
    for each in files:
        (check_wheel if each.suffix == ".whl" else check_sdist)(each)
    return files


def _compare(name: str, found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    faults = [
        *(f"it lacks {each}" for each in sorted(expected.keys() - found.keys())),
        *(f"it has {each}" for each in sorted(found.keys() - expected.keys())),
        *(
            f"it has another {each}"
            for each in sorted(expected.keys() & found.keys())
            if expected[each] != found[each]
        ),
    ]
    if faults:
        raise DistributionError(f"{name} is not made from this repository: {'; '.join(faults)}")


if __name__ == "__main__":
    try:
        for built in check_folder(Path(sys.argv[1])):
            sys.stdout.write(f"{built} {built.stat().st_size / 1000:.0f} KB\n")
    except DistributionError as error:
        sys.exit(f"error: {error}")

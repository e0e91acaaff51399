"""Files that several packages bring: the one of the right package must be there.

``aws-cdk-cloud-assembly-schema`` and ``aws-cdk-lib`` have files of the same name. An installer
that unpacks packages in parallel keeps either.
"""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path


def find_replaced_files(site_packages: Path, owner: str) -> Iterator[Path]:
    """Yield the files of a package that another package has replaced by different ones.

    Parameters
    ----------
    site_packages
        Where packages are installed.
    owner
        The name of the package of which all files must be there, such as ``aws_cdk_lib``.

    Raises
    ------
    FileNotFoundError
        If the package is not installed.
    """
    record = next(site_packages.glob(f"{owner}-*.dist-info/RECORD"), site_packages / owner)
    own = _hashes(record)
    others = {
        path
        for other in site_packages.glob("*.dist-info/RECORD")
        if other != record
        for path in _hashes(other)
    }
    for path in sorted(own.keys() & others):
        file = site_packages / path
        if not file.is_file() or _sha256(file) != own[path]:
            yield file


def _hashes(record: Path) -> dict[str, str]:
    """Return the hash of each file that an installed package lists with one."""
    with record.open(encoding="utf-8", newline="") as rows:
        return {path: digest for path, digest, *_ in csv.reader(rows) if digest}


def _sha256(file: Path) -> str:
    """Return the hash of a file in the form of RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest())
    return f"sha256={digest.decode().rstrip('=')}"

"""Small wheels, and a project that installs them: everything of an installation but its size."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: A build backend in the project itself, because no package index is reached.
BACKEND = f"""
import pathlib
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.installation.wheels import write_wheel

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    write_wheel(pathlib.Path(wheel_directory), "project", {{"project.pth": ""}})
    return "project-1.0-py3-none-any.whl"
"""


def write_wheel(folder: Path, name: str, files: Mapping[str, str], *, needs: str = "") -> str:
    """Write a wheel of version 1.0, and return its line in a lock."""
    distribution = name.replace("-", "_")
    info = f"{distribution}-1.0.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_sha256(text)},{len(text)}\n" for path, text in contents.items())
    path = folder / f"{distribution}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, text in contents.items():
            entry = zipfile.ZipInfo(member)
            # As of a regular file. pip makes no other one executable.
            entry.external_attr = (0o100755 if "/scripts/" in member else 0o100644) << 16
            wheel.writestr(entry, text)
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}==1.0 \\\n    --hash=sha256:{digest}\n"


def write_project(folder: Path, *, with_uv: bool) -> Path:
    """Write a project with this one's `installation`, and return the folder of its wheels."""
    wheels = folder.parent / "wheels"
    wheels.mkdir()
    real_uv = Path(sys.executable).parent / "uv"
    uv = {"uv-1.0.data/scripts/uv": f'#!/bin/sh\nexec "{real_uv}" "$@"\n'}
    schema = "aws-cdk-cloud-assembly-schema"
    lock = write_wheel(wheels, schema, {"aws_cdk/shared.py": "SMALL = 1"})
    lock += write_wheel(wheels, "aws-cdk-lib", {"aws_cdk/shared.py": "WHOLE = 1"}, needs=schema)
    lock += write_wheel(wheels, "for-tests", {"for_tests.py": ""})
    lock += write_wheel(wheels, "uv", uv)
    if not with_uv:
        # It can be had, and does not run: as where there is none for the machine's C library.
        lock = lock[: lock.index("uv==")] + write_wheel(wheels, "uv", {"uv.py": ""})
    shutil.copytree(ROOT / "installation", folder / "installation")
    (folder / "constraints.txt").write_text(lock, encoding="utf-8")
    (folder / "requirements.txt").write_text("-e .\naws-cdk-lib==1.0\n", encoding="utf-8")
    (folder / "requirements-demo.txt").write_text(
        f"-r requirements.txt\n{schema}==1.0  # both\n", encoding="utf-8"
    )
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "project"\nversion = "1.0"\n',
        encoding="utf-8",
    )
    return wheels


def _sha256(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256={digest.decode().rstrip('=')}"

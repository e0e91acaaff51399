"""`python -m installation` sets up what is missing, completely, and never takes a half for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installation.wheels import write_project


def _install(project: Path, wheels: Path, what: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))
    }
    environment |= {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": str(wheels),
        "PIP_NO_INDEX": "true",
        "UV_CACHE_DIR": str(wheels.parent / "cache"),
    }
    return subprocess.run(
        [sys.executable, "-m", "installation", what],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )


def _project(folder: Path, *, with_uv: bool = True) -> tuple[Path, Path]:
    project = folder / "a project"
    project.mkdir()
    return project, write_project(project, with_uv=with_uv)


def _installed(project: Path) -> set[str]:
    return {
        path.name.partition("-1.0")[0] for path in project.glob(".venv/lib/*/*/*-1.0.dist-info")
    }


def _shared_file(project: Path) -> str:
    (file,) = project.glob(".venv/lib/*/site-packages/aws_cdk/shared.py")
    return file.read_text(encoding="utf-8")


@pytest.mark.full
def test_everything_is_added_to_the_demo_and_another_lock_begins_anew(tmp_path: Path) -> None:
    project, wheels = _project(tmp_path)
    kept = project / ".venv/kept"

    ran = _install(project, wheels, "demo")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "pip instead" not in ran.stdout
    assert _installed(project) == {"aws_cdk_cloud_assembly_schema", "aws_cdk_lib", "project", "uv"}
    assert _shared_file(project) == "WHOLE = 1"
    assert (project / ".venv/.demo").exists()
    assert not (project / ".venv/.installed").exists()

    kept.touch()
    ran = _install(project, wheels, "all")

    assert ran.returncode == 0, ran.stderr
    assert "for_tests" in _installed(project)
    assert (project / ".venv/.demo").exists()
    assert (project / ".venv/.installed").exists()
    assert kept.exists()

    assert _install(project, wheels, "all").stdout == ""

    lock = project / "constraints.txt"
    lock.write_text(lock.read_text(encoding="utf-8") + "# another\n", encoding="utf-8")
    assert _install(project, wheels, "demo").returncode == 0
    assert not kept.exists()
    assert "for_tests" not in _installed(project)
    assert not (project / ".venv/.installed").exists()


@pytest.mark.full
def test_pip_installs_everything_where_uv_does_not_run(tmp_path: Path) -> None:
    project, wheels = _project(tmp_path, with_uv=False)

    ran = _install(project, wheels, "demo")

    assert ran.returncode == 0, ran.stderr
    assert "Installing with pip instead" in ran.stdout
    assert _installed(project) >= {"aws_cdk_lib", "for_tests", "project"}
    assert _shared_file(project) == "WHOLE = 1"
    assert (project / ".venv/.installed").exists()


@pytest.mark.full
def test_what_cannot_be_installed_is_an_error_and_not_marked(tmp_path: Path) -> None:
    project, wheels = _project(tmp_path)
    (project / ".venv").mkdir()
    (project / ".venv/half").touch()
    (wheels / "aws_cdk_lib-1.0-py3-none-any.whl").write_bytes(b"damaged")

    ran = _install(project, wheels, "demo")

    assert ran.returncode == 1
    assert "error: the packages cannot be installed, see the message above" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (project / ".venv/half").exists()
    assert not (project / ".venv/.demo").exists()


def test_unknown_set_is_an_error() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "installation", "tests"], capture_output=True, text=True
    )

    assert ran.returncode == 1
    assert "expected `python3 -m installation demo`" in ran.stderr

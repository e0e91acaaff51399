"""What a consumer has after `pip install`: an empty environment with the wheel and what it needs.

`make test` installs the command line, and `make full` the lowest CDK, with which it synthesizes the
smallest example. `make compatibility` installs the lowest and the newest CDK, and synthesizes every
example.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from functools import cache
from pathlib import Path

import pytest

from release.distributions import check_wheel

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("COMPATIBILITY") == "full"
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]["optional-dependencies"]

#: The lowest versions that the extra admits. The newest are what the registry has.
LOWEST = [re.sub(r">=([^,]+),.*", r"==\1", each) for each in EXTRAS["cdk"]]

VERSIONS = {"lowest": LOWEST} | ({"newest": []} if FULL else {})
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*_app.py"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [
            *(sys.executable, "-m", "build", "--no-isolation", "--wheel"),
            *("--outdir", str(built), str(ROOT)),
        ],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    (path,) = built.glob("*.whl")
    check_wheel(path)
    return path


@cache
def _environment(folder: Path, wheel: Path, extra: str, pins: tuple[str, ...]) -> Path:
    """Install the wheel with an extra, and return the environment's Python."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"),
            *("--python", str(python), "install", "--no-compile", f"{wheel}[{extra}]", *pins),
        ],
        check=True,
    )
    return python


def _run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTHON", "AWS_", "JSII_"))
    }
    return subprocess.run(
        [str(python), "-W", "error::DeprecationWarning:human_loop_events", *arguments],
        cwd=cwd,
        env={**environment, "CDK_OUTDIR": str(cwd / "cdk.out"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.full
@pytest.mark.parametrize("example", EXAMPLES if FULL else ["minimal_app.py"])
@pytest.mark.parametrize("version", VERSIONS)
def test_example_synthesizes_with_the_installed_package(
    wheel: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    version: str,
    example: str,
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"cdk-{version}"
    python = _environment(folder, wheel, "cdk", tuple(VERSIONS[version]))
    shutil.copy(ROOT / "examples" / example, tmp_path)

    synth = _run(python, example, cwd=tmp_path)

    assert synth.returncode == 0, synth.stderr
    assert "deprecated" not in synth.stderr.lower()
    templates = [*(tmp_path / "cdk.out").rglob("*.template.json")]
    types = {
        resource["Type"]
        for path in templates
        for resource in json.loads(path.read_text(encoding="utf-8"))["Resources"].values()
    }
    assert "AWS::Events::Rule" in types
    installed = _installed(python)
    assert not installed & {"boto3", "rich", "typer", "cdk-nag"}
    assert set(LOWEST) <= installed if version == "lowest" else "aws-cdk-lib" in str(installed)


@pytest.mark.full
def test_command_line_runs_with_the_installed_package(
    wheel: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    python = _environment(tmp_path_factory.getbasetemp() / "cli", wheel, "cli", ())
    samples = ROOT / "local" / "samples" / "outputs"

    section = _run(python, "-m", "human_loops_cli", "runbook", "FailedLoops", cwd=tmp_path)
    review = _run(python, "-m", "human_loops_cli", "review", str(samples), cwd=tmp_path)

    assert section.stdout.startswith("## FailedLoops")
    assert "Reviews" in review.stdout, review.stderr
    assert "aws-cdk-lib" not in str(_installed(python))


def _installed(python: Path) -> set[str]:
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "list", "--format", "freeze"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return set(listed.split())


def test_lowest_versions_are_those_of_the_extra() -> None:
    assert [each.partition("==")[0] for each in LOWEST] == ["aws-cdk-lib", "constructs"]
    assert all("==" in each and "," not in each for each in LOWEST)
    assert len(EXAMPLES) >= 5

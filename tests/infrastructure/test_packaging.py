"""What other teams install, and what the command line does on a machine that knows no account."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack

from human_loop_events import HumanLoopEvents

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "lambda" / "human_loop_reviews"

#: Of a distribution, the parts that the wheel is made from.
SOURCES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "human_loop_events",
    "human_loops_cli",
    "lambda",
)

SYNTHESIZE = """
import sys
from aws_cdk import App, Stack
import human_loop_events
app = App(analytics_reporting=False, outdir=sys.argv[1])
human_loop_events.HumanLoopEvents(Stack(app, "Loops"), "HumanLoops")
app.synth()
print(human_loop_events.__file__, end="")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the project's wheel into a folder of its own."""
    sources, wheels, site = (tmp_path_factory.mktemp(name) for name in ("src", "wheels", "site"))
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, sources / name)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    subprocess.run(
        [*pip, "wheel", str(sources), "--no-deps", "--no-build-isolation", "-w", str(wheels)],
        check=True,
    )
    (wheel,) = wheels.glob("a2i_human_loop_events-*.whl")
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True
    )
    return site


def test_wheel_holds_the_three_packages_and_nothing_else(site: Path) -> None:
    files = {
        path.relative_to(site).as_posix()
        for path in site.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".dist-info" not in str(path)
    }

    assert files == {
        *_files_of(ROOT / "human_loop_events"),
        *_files_of(ROOT / "human_loops_cli"),
        *_runtime_files(),
        "bin/human-loops",
    }


def test_command_line_of_the_wheel_runs_without_cdk(site: Path) -> None:
    code = (
        "import sys; sys.modules['aws_cdk'] = None\n"
        "from human_loops_cli.__main__ import main\n"
        "sys.argv = ['human-loops', '--help']\n"
        "main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    help_text = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=site,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout

    assert "dead-letters" in help_text
    assert "human_loops_cli.__main__" in (site / "bin" / "human-loops").read_text()


def test_function_from_the_wheel_is_the_one_from_the_repository(site: Path, tmp_path: Path) -> None:
    library = subprocess.run(
        [sys.executable, "-c", SYNTHESIZE, str(tmp_path / "installed")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    app = App(analytics_reporting=False, outdir=str(tmp_path / "here"))
    HumanLoopEvents(Stack(app, "Loops"), "HumanLoops")
    app.synth()

    assert Path(library).is_relative_to(site)
    installed, here = _assets(tmp_path / "installed"), _assets(tmp_path / "here")
    assert installed == here
    assert list(here.values()) == [_runtime_files()]


def test_library_imports_the_contract_of_the_runtime_and_nothing_else_of_it() -> None:
    modules = _modules_after("import human_loop_events")

    assert "aws_cdk" in modules
    assert {name for name in modules if name.startswith("human_loop_reviews")} == {
        "human_loop_reviews",
        "human_loop_reviews.contract",
    }


def test_runtime_imports_the_standard_library_and_boto3_only() -> None:
    imported = _modules_after(
        "import pkgutil, importlib, human_loop_reviews as package\n"
        "for module in pkgutil.walk_packages(package.__path__, 'human_loop_reviews.'):\n"
        "    importlib.import_module(module.name)"
        " if not module.name.endswith('__main__') else None"
    )

    assert {"boto3", "human_loop_reviews.functions.review_handler"} <= imported
    # boto3 and what it brings; certifi is what botocore takes if it is there.
    in_lambda = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
    allowed = sys.stdlib_module_names | in_lambda | {"certifi", "human_loop_reviews"}
    foreign = _top_level(imported) - allowed - _top_level(_modules_after("pass"))
    assert {name for name in foreign if not name.startswith("__")} == set()


def test_command_line_synthesizes_without_credentials_and_without_hints(tmp_path: Path) -> None:
    npx = shutil.which("npx", path=str(Path(sys.executable).parent))
    assert npx
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    synth = subprocess.run(
        [
            *(npx, "cdk", "synth", "--output", str(tmp_path / "cdk.out")),
            *("--context", f"deployments={json.dumps({'dev': {'output': {'bucket': 'reviews'}}})}"),
        ],
        cwd=ROOT,
        env={
            **environment,
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert synth.returncode == 0, synth.stderr
    assert "AWS::Events::Rule" in synth.stdout
    for hint in ("feature flag", "end-of-life", "deprecated", "credentials", "warning"):
        assert hint not in synth.stderr.lower()
    assert json.loads((tmp_path / "cdk.out" / "HumanLoops-dev.template.json").read_text())[
        "Resources"
    ]


def _runtime_files() -> set[str]:
    return _files_of(RUNTIME)


def _files_of(package: Path) -> set[str]:
    files = {path for pattern in ("*.py", "py.typed") for path in package.rglob(pattern)}
    return {path.relative_to(package.parent).as_posix() for path in files}


def _assets(output: Path) -> dict[str, set[str]]:
    """Give the files in each asset that is uploaded as an archive, by the asset's hash."""
    manifest = json.loads((output / "Loops.assets.json").read_text(encoding="utf-8"))
    folders = {
        asset_hash: output / asset["source"]["path"]
        for asset_hash, asset in manifest["files"].items()
        if asset["source"]["packaging"] == "zip"
    }
    return {
        asset_hash: {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        for asset_hash, folder in folders.items()
    }


def _top_level(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def _modules_after(statements: str) -> set[str]:
    """Return the modules in a new interpreter after it ran some statements."""
    output = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{statements}\nimport sys, json; print(json.dumps([*sys.modules]))",
        ],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambda")]),
            "AWS_DEFAULT_REGION": "eu-west-1",
        },
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return set(json.loads(output))

"""What other teams install, and what the command line does on a machine that knows no account."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from aws_cdk import App, FileSystem, IgnoreMode, Stack

from human_loop_events import FieldMapping, HumanLoopEvents, ReviewHandlerSettings
from human_loop_events.reviews.runtime_function import _all_but_modules
from release.distributions import (
    PACKAGES,
    TOP,
    DistributionError,
    check_folder,
    check_wheel,
    wheel_contents,
)

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "lambda" / "human_loop_reviews"

#: Modules that were deleted, as a build of long ago left them behind.
STALE = (
    "build/lib/human_loop_events/deleted.py",
    "build/lib/human_loop_reviews/deleted.py",
    "build/lib/human_loops_cli/deleted.py",
)

SYNTHESIZE = """
import sys
from aws_cdk import App, Stack
import human_loop_events
app = App(analytics_reporting=False, outdir=sys.argv[1])
handler = human_loop_events.ReviewHandlerSettings(
    mappings={"tickets": [human_loop_events.FieldMapping(name="Town", path="town")]}
)
human_loop_events.HumanLoopEvents(Stack(app, "Loops"), "HumanLoops", handler=handler)
app.synth()
print(human_loop_events.__file__, end="")
"""


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the distributions from a tree in which there was a build before."""
    sources, built = tmp_path_factory.mktemp("src"), tmp_path_factory.mktemp("dist")
    for name in (*TOP, *(str(Path(parent, package)) for package, parent in PACKAGES.items())):
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name)
        else:
            shutil.copy(ROOT / name, sources / name)
    for name in STALE:
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        (sources / name).write_text("raise RuntimeError", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(built), str(sources)],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return built


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, distributions: Path) -> Path:
    """Install the project's wheel into a folder of its own."""
    site = tmp_path_factory.mktemp("site")
    (wheel,) = distributions.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True
    )
    return site


def test_distributions_hold_the_packages_of_the_repository_and_nothing_else(
    distributions: Path,
) -> None:
    assert len(check_folder(distributions)) == 2
    assert len(wheel_contents()) > 100
    assert {each for each in wheel_contents() if each.endswith("py.typed")} == {
        f"{package}/py.typed" for package in PACKAGES
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_module_that_is_not_in_the_repository_is_found_in_a_wheel(
    distributions: Path, tmp_path: Path, package: str
) -> None:
    (wheel,) = distributions.glob("*.whl")
    changed = Path(shutil.copy(wheel, tmp_path / wheel.name))
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr(f"{package}/deleted.py", "")

    with pytest.raises(DistributionError, match=rf"it has {package}/deleted\.py"):
        check_wheel(changed)


def test_folder_with_a_distribution_too_many_is_refused(
    distributions: Path, tmp_path: Path
) -> None:
    for each in distributions.iterdir():
        shutil.copy(each, tmp_path)
    (tmp_path / "a2i_human_loop_events-0.0.9-py3-none-any.whl").touch()

    with pytest.raises(DistributionError, match=r"a wheel and a \.tar\.gz, found .*0\.0\.9"):
        check_folder(tmp_path)


def test_base_install_has_neither_cdk_nor_the_packages_of_the_command_line(site: Path) -> None:
    (metadata,) = site.glob("*.dist-info/METADATA")
    needs = [
        line.removeprefix("Requires-Dist: ")
        for line in metadata.read_text(encoding="utf-8").splitlines()
        if line.startswith("Requires-Dist: ")
    ]

    assert [each for each in needs if "extra ==" not in each] == ["jmespath<2,>=1.0.1"]
    assert {re.split(r"[<>=]", each)[0] for each in needs if "extra == 'cdk'" in each} == {
        "aws-cdk-lib",
        "constructs",
    }
    assert {re.split(r"[<>=]", each)[0] for each in needs if "extra == 'cli'" in each} == {
        "boto3",
        "rich",
        "typer",
    }


@pytest.mark.parametrize("arguments", [["--help"], ["runbook"]])
def test_command_line_of_the_wheel_runs_without_cdk(site: Path, arguments: list[str]) -> None:
    code = (
        "import sys; sys.modules['aws_cdk'] = sys.modules['human_loop_events'] = None\n"
        "from human_loops_cli.__main__ import main\n"
        f"sys.argv = ['human-loops', *{arguments}]\n"
        "main()"
    )
    output = _run_in(site, code).stdout

    assert {"--help": "dead-letters", "runbook": "## FailedLoops"}[arguments[0]] in output
    assert "human_loops_cli.__main__" in (site / "bin" / "human-loops").read_text()


@pytest.mark.full
def test_constructs_need_no_package_of_the_command_line(site: Path) -> None:
    without = "boto3", "botocore", "rich", "typer", "human_loops_cli"
    blocked = "".join(f"sys.modules[{each!r}] = None\n" for each in without)
    code = f"import sys\n{blocked}from human_loop_events import HumanLoopTask\nprint('imported')"

    assert _run_in(site, code).stdout == "imported\n"


def test_constructs_without_cdk_say_what_to_install(site: Path) -> None:
    code = (
        "import importlib.util as util\n"
        "find_spec = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'aws_cdk' else find_spec(name)\n"
        "try: import human_loop_events\n"
        "except ModuleNotFoundError as error: print(error)"
    )

    assert "pip install 'path/to/a2i-human-loop-events[cdk]'" in _run_in(site, code).stdout


@pytest.mark.full
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
    handler = ReviewHandlerSettings(mappings={"tickets": [FieldMapping(name="Town", path="town")]})
    HumanLoopEvents(Stack(app, "Loops"), "HumanLoops", handler=handler)
    app.synth()

    assert Path(library).is_relative_to(site)
    installed, here = _assets(tmp_path / "installed"), _assets(tmp_path / "here")
    assert installed == here
    mappings = {"python/human_loop_mappings/tickets.json"}
    assert sorted(map(sorted, here.values())) == sorted(map(sorted, [_runtime_files(), mappings]))


@pytest.mark.full
def test_library_imports_only_the_shared_modules_of_the_runtime() -> None:
    modules = _modules_after("import human_loop_events")

    assert "aws_cdk" in modules
    assert {name for name in modules if name.startswith("human_loop_reviews")} == {
        "human_loop_reviews",
        "human_loop_reviews.callback_contract",
        "human_loop_reviews.contract",
        "human_loop_reviews.mapping",
        "human_loop_reviews.outcome_schema",
        "human_loop_reviews.outcome_values",
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


@pytest.mark.full
def test_command_line_synthesizes_without_credentials_and_without_hints(tmp_path: Path) -> None:
    npx = shutil.which("npx", path=str(Path(sys.executable).parent))
    assert npx
    output = {"bucket": "reviews", "encrypted_by_s3": True}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    synth = subprocess.run(
        [
            *(npx, "cdk", "synth", "--output", str(tmp_path / "cdk.out")),
            *("--context", f"deployments={json.dumps({'dev': {'output': output}})}"),
        ],
        cwd=ROOT,
        env={
            **environment,
            "CDK_VALIDATION": "true",
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


def _run_in(site: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=site,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )


def test_files_that_editors_leave_do_not_change_the_asset(tmp_path: Path) -> None:
    def fingerprint() -> str:
        exclude = _all_but_modules(RUNTIME.name)
        return FileSystem.fingerprint(str(tmp_path), exclude=exclude, ignore_mode=IgnoreMode.GIT)

    package = tmp_path / RUNTIME.name
    shutil.copytree(RUNTIME, package)
    whole = fingerprint()
    for folder in (package, package / "review"):
        for name in ("#a.py#", ".#a.py", "a.py~", ".a.py.swp", "a.py.orig", ".DS_Store", "4913"):
            (folder / name).write_text("left behind")
    assert fingerprint() == whole
    (package / "review" / "a.py").touch()
    changed = fingerprint()
    assert changed != whole
    (package / "py.typed").write_text("changed")
    assert fingerprint() != changed


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

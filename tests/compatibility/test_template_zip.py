"""What teams without CDK in Python do with the zip, with the tools that they have.

`make compatibility` installs these tools: the AWS CLI, and CDK and TypeScript from npm. `make test`
deploys the zip with `tests/cloudformation_package.py` in their place.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.emulator import running_emulator
from release.template_zip import write_zip
from tests.cloudformation_package import package
from tests.compatibility.test_installed import FULL

ROOT = Path(__file__).parents[2]
TEMPLATE = "human-loop-events.template.json"
BUCKET = "example-artifacts"

pytestmark = pytest.mark.skipif(not FULL, reason="installs tools: make compatibility")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the unpacked zip."""
    folder = tmp_path_factory.mktemp("dist")
    with zipfile.ZipFile(write_zip(folder)) as archive:
        archive.extractall(folder)
    (root,) = (each for each in folder.iterdir() if each.is_dir())
    return root


def _run(*command: str, cwd: Path, env: Mapping[str, str]) -> str:
    result = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_aws_cli_packages_and_deploys_the_template(unpacked: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "cli", with_pip=False)
    python = str(tmp_path / "cli" / "bin" / "python")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--python", python, "install", "awscli", cwd=tmp_path, env=os.environ)
    to_bucket = ("--s3-bucket", BUCKET, "--s3-prefix", "human-loop-events")
    with running_emulator() as emulator:
        aws = (python, "-m", "awscli", "cloudformation")
        s3 = emulator.client("s3")
        s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": emulator.region}
        )
        _run(
            *(*aws, "package", "--template-file", TEMPLATE, *to_bucket),
            *("--use-json", "--output-template-file", "packaged.json"),
            cwd=unpacked,
            env=emulator.environment,
        )
        _run(
            *(*aws, "deploy", "--template-file", "packaged.json", *to_bucket),
            *("--stack-name", "HumanLoops", "--capabilities", "CAPABILITY_IAM"),
            *("--parameter-overrides", "FlowDefinitionNames=invoices,tickets"),
            *("OutputBucket=example-reviews", "OutputPrefix=reviews/"),
            cwd=unpacked,
            env=emulator.environment,
        )
        (stack,) = emulator.client("cloudformation").describe_stacks()["Stacks"]
        packaged = json.loads((unpacked / "packaged.json").read_bytes())
        uploaded = [_files(s3, each) for each in _code(packaged)]

    ours: dict[str, bytes] = {}
    template = json.loads((unpacked / TEMPLATE).read_bytes())
    expected = package(template, unpacked, BUCKET, ours.__setitem__)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert uploaded == [_names(ours[each["S3Key"]]) for each in _code(expected)]
    assert _without_code(packaged) == _without_code(expected)


def test_typescript_app_is_typed_and_synthesizes(unpacked: Path, tmp_path: Path) -> None:
    app = tmp_path / "typescript"
    shutil.copytree(ROOT / "examples" / "typescript", app)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "HUMAN_LOOP_EVENTS": str(unpacked),
        "CDK_OUTDIR": str(tmp_path / "cdk.out"),
    }
    _run(
        *("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"), cwd=app, env=environment
    )

    _run("npx", "tsc", cwd=app, env=environment)
    _run("npx", "tsx", "app.ts", cwd=app, env=environment)

    synthesized = json.loads((tmp_path / "cdk.out" / "HumanLoops.template.json").read_bytes())
    template = json.loads((unpacked / TEMPLATE).read_bytes())
    assert template["Resources"].keys() <= synthesized["Resources"].keys()
    assert len(_code(synthesized)) == 3
    assert all(each["S3Key"].endswith(".zip") for each in _code(synthesized))
    app_file = app / "app.ts"
    app_file.write_text(app_file.read_text().replace("invoices,tickets", "invoices, tickets"))
    wrong = subprocess.run(
        ["npx", "tsx", "app.ts"],
        cwd=app,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "FlowDefinitionNames: expected names of flow definitions" in wrong.stderr


def _code(template: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return where the code of the functions and the layer is."""
    properties = [each["Properties"] for each in template["Resources"].values()]
    found = [each.get("Code") or each.get("Content") for each in properties]
    return [each for each in found if isinstance(each, dict) and "S3Key" in each]


def _without_code(template: Mapping[str, Any]) -> Any:
    """Return the resources with the same key for all code: each program makes another one."""
    resources = json.loads(json.dumps(template["Resources"]))
    for each in _code({"Resources": resources}):
        each["S3Key"] = "code"
    return resources


def _files(s3: Any, code: Mapping[str, str]) -> list[str]:
    return _names(s3.get_object(Bucket=code["S3Bucket"], Key=code["S3Key"])["Body"].read())


def _names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sorted(archive.namelist())

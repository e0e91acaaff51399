"""The same input gives the same templates and assets, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infrastructure.cases.deployments import EVERY_KEY

ROOT = Path(__file__).parents[2]
SOURCES = ("app.py", "cdk.json", "stacks", "human_loop_events", "lambda")


def _synthesized(folder: Path, output: Path, hash_seed: str) -> dict[str, bytes]:
    """Return the files of the cloud assembly that are deployed, as the CDK CLI writes them."""
    deployments = {
        "dev": {"output_bucket": {}, "handler": {"include_values": True}},
        "prod": EVERY_KEY,
    }
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    subprocess.run(
        [
            str(ROOT / "node_modules" / ".bin" / "cdk"),
            *("synth", "--quiet", "--no-notices", "--output", str(output)),
            *("--app", f"{sys.executable} {folder / 'app.py'}"),
            *("--context", f"deployments={json.dumps(deployments)}"),
        ],
        cwd=folder,
        env={
            **environment,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join([str(folder), str(folder / "lambda")]),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        },
        check=True,
    )
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file()
        and (path.name.endswith((".template.json", ".assets.json")) or path.suffix == ".py")
        and "__pycache__" not in path.parts
    }


@pytest.mark.full
def test_same_deployments_in_another_folder_give_the_same_bytes(tmp_path: Path) -> None:
    elsewhere = tmp_path / "another-folder" / "deep"
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, elsewhere / name, ignore=ignored)
        else:
            elsewhere.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, elsewhere / name)

    here = _synthesized(ROOT, tmp_path / "here", "1")
    there = _synthesized(elsewhere, tmp_path / "there", "4294967295")

    assert {name.partition(".")[0] for name in here} >= {"HumanLoops-dev", "HumanLoops-prod"}
    assert any(name.endswith("review_handler.py") for name in here)
    assert here == there

"""The apps of the README run, the demo prints its table, and every parameter is documented."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from local.cases import CASES
from local.observer import Observation
from local.report import fields_table
from stacks.deployments_file import read_deployments

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_example_synthesizes_with_an_alert_for_a_person_and_a_page(tmp_path: Path) -> None:
    # In one process, which loads CDK once.
    run_each = "import sys\nfor example in sys.argv[1:]: exec(example, {})"
    subprocess.run(
        [sys.executable, "-c", run_each, *blocks("python")],
        check=True,
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(tmp_path)},
    )

    assert len(list(tmp_path.glob("*.template.json"))) == len(blocks("python"))

    template = json.loads((tmp_path / "Reviews.template.json").read_text())
    types = [resource["Type"] for resource in template["Resources"].values()]
    assert types.count("AWS::Events::Rule") == 4  # with the reconciler's schedule
    assert types.count("AWS::SNS::Subscription") == 1


def test_table_is_what_the_demo_prints() -> None:
    (case,) = [case for case in CASES if case.loop == "invoice-1042"]
    assert case.sample is not None
    observation = Observation(outcomes=[case.sample.outcome])
    assert f"\n{fields_table([case], {case.loop: observation})}\n" in README


def test_first_screen_has_what_a_reader_looks_for_first() -> None:
    first_screen = README[: README.index("## What you get")]
    assert len(first_screen.split()) < 300
    for text in ("How do I use this?", "30 July 2026", "```mermaid", "make demo", "configure"):
        assert text in first_screen


def test_deployments_of_the_page_are_accepted() -> None:
    page = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    (written, *_) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    deployments = read_deployments(YAML(typ="safe", pure=True).load(written)["deployments"])
    assert [each.name for each in deployments] == ["staging", "prod-eu", "prod-us"]

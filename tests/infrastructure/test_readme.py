"""What the README shows is true: its example runs, its JSON is what the code takes and makes."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema

from human_loop_events import HumanLoopEvents, Reconciler, ReviewHandler
from stacks.deployments_file import read_deployments

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_example_synthesizes_with_an_alert_for_a_person_and_a_page(tmp_path: Path) -> None:
    for example in blocks("python"):
        subprocess.run(
            [sys.executable, "-c", example],
            check=True,
            cwd=ROOT,
            env={**os.environ, "CDK_OUTDIR": str(tmp_path)},
        )

    assert len(list(tmp_path.glob("*.template.json"))) == len(blocks("python"))

    template = json.loads((tmp_path / "Reviews.template.json").read_text())
    types = [resource["Type"] for resource in template["Resources"].values()]
    assert types.count("AWS::Events::Rule") == 4  # with the reconciler's schedule
    assert types.count("AWS::SNS::Subscription") == 1


def test_outcome_fits_its_schema() -> None:
    schema = json.loads((ROOT / "docs" / "outcome.schema.json").read_text())
    outcome: dict[str, Any] = json.loads(blocks("json")[0])

    jsonschema.validate(outcome, schema)


def test_configuration_is_accepted() -> None:
    context = json.loads(f"{{{blocks('json')[1]}}}")

    deployments = read_deployments(context["deployments"])

    assert [each.stack_name for each in deployments] == ["HumanLoops-staging", "HumanLoops-prod"]


def test_every_parameter_is_documented() -> None:
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    for construct, text in (
        (HumanLoopEvents, README),
        (ReviewHandler, reference),
        (Reconciler, reference),
    ):
        names = list(inspect.signature(construct.__init__).parameters)[3:]
        assert len(names) >= 10
        assert [name for name in names if f"`{name}`" not in text] == []

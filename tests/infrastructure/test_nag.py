"""cdk-nag 3 and 2 find nothing that is not acknowledged, and no acknowledgement is idle."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from aws_cdk import Stack
from aws_cdk import aws_sqs as sqs

from tests.infrastructure.cases import (
    CASES,
    COVERING,
    Case,
    Synthesized,
    new_app,
    synthesize,
    synthesized_app,
)
from tests.infrastructure.nag import (
    OWN_CONSTRUCTS,
    Acknowledged,
    Finding,
    findings,
    without_acknowledgements,
)
from tests.infrastructure.nag_table import generalised, render

ROOT = Path(__file__).parents[2]
SECURITY = ROOT / "docs" / "security.md"
NAG_2 = "2.38.2"

#: Cases in which nothing stands beside the constructs: a consumer's app which only uses them, with
#: the recommended feature flags and with none, and the project's own app.
CONSTRUCTS_ALONE = (
    "minimal",
    "minimal-no-flags",
    "composed-without-handler",
    "buffered",
    "two-constructs",
    "known-environment",
    "default-app",
    "configured-app",
    "in-a-vpc",
    "hub-and-spoke",
    "hub-of-an-organization",
)


def test_packs_find_something_where_there_is_something_to_find() -> None:
    app = new_app()
    sqs.Queue(Stack(app, "Control"), "Queue")
    app.synth()

    assert {finding.rule for finding in findings(app)} >= {"AwsSolutions-SQS3", "AwsSolutions-SQS4"}


def test_every_construct_of_a_case_counts_as_ours(synthesized: Synthesized) -> None:
    _, stack = synthesized_app(synthesized.name)
    ids = {
        child.node.id
        for child in stack.node.children
        if type(child).__module__.startswith("human_loop_events.")
    }

    assert ids
    assert ids <= set(OWN_CONSTRUCTS)


def test_constructs_have_no_findings(synthesized: Synthesized) -> None:
    app, _ = synthesized_app(synthesized.name)
    found = findings(app)

    assert _unexpected(found, synthesized.name) == []
    if synthesized.name in CONSTRUCTS_ALONE:
        assert found == set()


Unacknowledged: TypeAlias = tuple[set[Finding], list[Acknowledged]]


@pytest.fixture(scope="module")
def unacknowledged() -> Unacknowledged:
    """Give what is found without acknowledgements, and what these would be."""
    return _without_acknowledgements(case for case in CASES if case.name in COVERING)


def _without_acknowledgements(cases: Iterable[Case]) -> Unacknowledged:
    found: set[Finding] = set()
    acknowledged: list[Acknowledged] = []
    for case in cases:
        app = new_app(case.flags)
        with without_acknowledgements() as recorded:
            case.build(app)
        app.synth()
        found |= findings(app)
        acknowledged += recorded
    return found, acknowledged


@pytest.mark.full
def test_other_cases_have_no_other_resources_and_acknowledgements(
    unacknowledged: Unacknowledged,
) -> None:
    _, acknowledged = unacknowledged
    _, others = _without_acknowledgements(case for case in CASES if case.name not in COVERING)
    types = {
        case.name: {each["Type"] for each in synthesize(case.name).resources.values()}
        for case in CASES
    }

    assert others
    assert render(acknowledged + others) == render(acknowledged)
    assert set().union(*types.values()) == set().union(*(types[name] for name in COVERING))


def test_every_acknowledgement_is_needed_in_some_case(unacknowledged: Unacknowledged) -> None:
    found, acknowledged = unacknowledged

    idle = {generalised(each.finding) for each in acknowledged} - {
        generalised(finding) for finding in found if finding.is_ours
    }
    assert acknowledged
    assert idle == set()


def test_documentation_lists_every_acknowledgement(unacknowledged: Unacknowledged) -> None:
    _, acknowledged = unacknowledged
    table = render(acknowledged)
    print(f"\n{table}")  # noqa: T201 - shown by `pytest -s`, and when the documentation is behind

    assert table in SECURITY.read_text(encoding="utf-8"), (
        "docs/security.md is behind: python -m tests.infrastructure.nag_table writes its table"
    )


@pytest.fixture(scope="module")
def nag_2() -> Path:
    """Install version 2 once, apart from the environment, which has version 3."""
    folder = ROOT / "build" / f"cdk-nag-{NAG_2}"
    if not folder.is_dir():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--no-deps", "--target", str(unfinished), f"cdk-nag=={NAG_2}"),
            ],
            check=True,
        )
        unfinished.rename(folder)
    return folder


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(("everything-on", "callbacks"), id="two", marks=pytest.mark.full),
        pytest.param(tuple(case.name for case in CASES), id="all", marks=pytest.mark.full),
    ],
)
def test_constructs_have_no_findings_under_cdk_nag_2(nag_2: Path, cases: tuple[str, ...]) -> None:
    report: dict[str, Any] = json.loads(
        subprocess.run(
            [sys.executable, "-m", "tests.infrastructure.nag_two", *cases],
            check=True,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(nag_2)},
        ).stdout
    )

    assert report["version"] == NAG_2
    control = report["findings"].pop("control")
    assert any("AwsSolutions-SQS3" in each["message"] for each in control)
    assert report["findings"].keys() == set(cases)
    for name, messages in report["findings"].items():
        found = {Finding(each["message"], each["path"]) for each in messages}
        assert _unexpected(found, name) == []
        assert found == set() or name not in CONSTRUCTS_ALONE


def _unexpected(found: set[Finding], case_name: str) -> list[Finding]:
    """Give the findings on the constructs that nothing explains."""
    return [
        finding
        for finding in found
        if finding.is_ours
        and not (
            # The objects of another stack's bucket: cdk-nag names the finding after an output that
            # CDK makes up later, so only the app can acknowledge it.
            case_name == "from-another-stack" and finding.rule.startswith("AwsSolutions-IAM5")
        )
    ]

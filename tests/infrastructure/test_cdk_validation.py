"""CDK's own validation has no findings in any template. Other tests run without it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk
import jsii
import pytest
from aws_cdk import (
    CloudFormationValidatePlugin,
    IPolicyValidationContext,
    PolicyValidationStack,
)
from aws_cdk.assertions import Template

from tests.infrastructure.cases import ACCOUNT, REGION, Synthesized
from tests.infrastructure.examples import EXAMPLES, run_example


def test_control_has_a_finding(tmp_path: Path) -> None:
    broken = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}}}

    (finding,) = _findings({"Broken": broken}, tmp_path)

    assert "'Colour' was unexpected" in finding


def test_other_tests_run_without_it() -> None:
    assert os.environ["CDK_VALIDATION"] == "false"


def test_case_has_no_findings(synthesized: Synthesized, tmp_path: Path) -> None:
    assert _findings(synthesized.templates, tmp_path) == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_has_no_findings(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = {
        each.stack_name: dict(Template.from_stack(each).to_json())
        for each in run_example(example, monkeypatch).node.find_all()
        if isinstance(each, aws_cdk.Stack)
    }

    assert templates
    assert _findings(templates, tmp_path) == []


@jsii.implements(IPolicyValidationContext)
class _Context:
    """What CDK gives a plugin when it synthesizes."""

    def __init__(self, templates: list[Path]) -> None:
        self._paths = [str(each) for each in templates]

    @property
    def app_construct(self) -> aws_cdk.App:
        return aws_cdk.App()

    @property
    def stack_templates(self) -> list[PolicyValidationStack]:
        return [
            PolicyValidationStack(
                stack_construct_path=each, template_path=each, account_id=ACCOUNT, region=REGION
            )
            for each in self._paths
        ]

    @property
    def template_paths(self) -> list[str]:
        return self._paths

    @property
    def account_id(self) -> str:
        return ACCOUNT

    @property
    def region(self) -> str:
        return REGION


def _findings(templates: Mapping[str, Mapping[str, Any]], folder: Path) -> list[str]:
    """Return what CDK finds in templates, by name."""
    paths = [folder / f"{name}.template.json" for name in templates]
    for path, template in zip(paths, templates.values(), strict=True):
        path.write_text(json.dumps(template), encoding="utf-8")
    report = _plugin().validate(_Context(paths))
    findings = [f"{each.rule_name}: {each.description}" for each in report.violations]
    assert report.success == (not findings)
    return findings


@cache
def _plugin() -> CloudFormationValidatePlugin:
    """Return the plugin, which takes seconds to start."""
    return CloudFormationValidatePlugin()

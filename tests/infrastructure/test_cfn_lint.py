"""cfn-lint has no errors and no warnings but those of what CDK itself writes."""

from __future__ import annotations

import functools
import json

from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.infrastructure.cases import REGION, Synthesized

#: Warnings on what CDK writes into every template, whoever uses it, and why they do no harm.
FROM_CDK = {
    "W3005": "CDK makes a function depend on its role, which the reference to it does already.",
}


def test_control_is_linted() -> None:
    broken = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}}}

    assert lint_rules(json.dumps(broken)) == {"E3002"}


def test_template_has_no_errors_and_no_warnings(synthesized: Synthesized) -> None:
    assert lint_rules(json.dumps(synthesized.template)) <= set(FROM_CDK)


@functools.cache
def lint_rules(template: str) -> set[str]:
    config = ManualArgs(regions=[REGION], ignore_checks=["I"])
    return {match.rule.id for match in lint(template, config=config)}

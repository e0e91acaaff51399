"""cfn-lint has no errors and no warnings but those of what CDK itself writes."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from tests.infrastructure.cases import REGION, Synthesized

if TYPE_CHECKING:
    from cfnlint.runner import Runner

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
    from cfnlint.decode.decode import decode_str

    decoded, errors = decode_str(template)
    assert not errors
    assert decoded is not None
    return {match.rule.id for match in _linter().validate_template(decoded)}


@functools.cache
def _linter() -> Runner:
    """Return the linter with its rules, which take as long to load as a template to lint."""
    # Imported by the process that lints, and not by all that collect the tests.
    from cfnlint.config import ConfigMixIn, ManualArgs
    from cfnlint.runner import Runner

    return Runner(ConfigMixIn(**ManualArgs(regions=[REGION], ignore_checks=["I"])))

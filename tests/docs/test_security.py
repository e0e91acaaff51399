"""The grants in docs/security.md are those of the template."""

from __future__ import annotations

import re
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from docs_tools.docstrings import DOCS
from human_loop_events import (
    CorrectedDocuments,
    HumanLoopEvents,
    OutcomeArchiveSettings,
    OutputLocation,
)
from tests.infrastructure.cases import new_app
from tests.infrastructure.templates import listed

PAGE = (DOCS / "security.md").read_text(encoding="utf-8")


def _documented() -> dict[str, set[str]]:
    """Return the actions by method. A row without one continues that above."""
    section = PAGE.partition("### Grants\n")[2].partition("\n### ")[0]
    actions: dict[str, set[str]] = {}
    method = ""
    for row in section.splitlines():
        cells = row.split(" | ")
        if row.startswith("| ") and len(cells) > 2:
            method = next(iter(re.findall(r"(\w+)\(", cells[0])), method)
            actions.setdefault(method, set()).update(re.findall(r"`(\w+:\w+)`", cells[1]))
    del actions[""]
    return actions


def test_grants_have_the_documented_actions() -> None:
    stack = Stack(new_app(), "Loops")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "reviews")
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd")
    loops = HumanLoopEvents(
        stack,
        "HumanLoops",
        output=OutputLocation(bucket, prefix="reviews/", encryption_key=key),
        outcome_archive=OutcomeArchiveSettings(),
    )
    others: dict[str, Any] = {
        "grant_query": loops.outcome_archive,
        "grant_read": CorrectedDocuments(bucket, prefix="corrected/", encryption_key=key),
    }
    for method in _documented():
        role = iam.Role(stack, method, assumed_by=iam.AccountRootPrincipal())
        getattr(others.get(method, loops), method)(role)

    granted: dict[str, set[str]] = {method: set() for method in _documented()}
    for name, policy in Template.from_stack(stack).find_resources("AWS::IAM::Policy").items():
        role_id = name.partition("DefaultPolicy")[0]
        (method,) = (each for each in granted if role_id == each.replace("_", ""))
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            granted[method].update(listed(statement["Action"]))
    assert granted == _documented()


def test_grants_are_found() -> None:
    assert list(_documented()) == [
        *("grant_read_output", "grant_write_output", "grant_read", "grant_query")
    ]

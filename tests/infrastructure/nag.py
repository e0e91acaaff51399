"""Running cdk-nag's five packs over a case: what they find, and what the constructs acknowledge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from aws_cdk import Acknowledgment, App
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)
from constructs import Construct

from tests.infrastructure.cases.events import JOB_FILTERS

PACKS = (
    AwsSolutionsChecks,
    ServerlessChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    PCIDSS321Checks,
)

#: The ids of the constructs in the cases. What is beside them belongs to the user of the case.
OWN_CONSTRUCTS = (
    "Alerts",
    "Callbacks",
    "Claims",
    "Delivery",
    "Events",
    "Hub",
    "HumanLoops",
    "Invoices",
    "Ledger",
    "Reconciler",
    "Review",
    "ReviewHandler",
    "Wait",
    "Spoke",
    *JOB_FILTERS,
)


class Finding(NamedTuple):
    """What a rule says of a resource."""

    rule: str
    path: str

    @property
    def is_ours(self) -> bool:
        return self.path.split("/")[1] in OWN_CONSTRUCTS


class Acknowledged(NamedTuple):
    """A finding that a construct accepts, and why."""

    finding: Finding
    reason: str


def findings(app: App) -> set[Finding]:
    """Return what cdk-nag 3 finds in a synthesized app."""
    return {
        Finding(violation.rule_name, resource.construct_path)
        for pack in PACKS
        for violation in pack(app).validate_scope(app).violations
        for resource in violation.violating_resources
        if resource.construct_path is not None
    }


@contextmanager
def without_acknowledgements() -> Iterator[list[Acknowledged]]:
    """Keep acknowledgements from cdk-nag, and record them instead."""
    recorded: list[Acknowledged] = []

    class Recorder:
        """Stands in for CDK's `Validations`."""

        def __init__(self, construct: Construct) -> None:
            self._construct = construct

        @staticmethod
        def of(construct: Construct) -> Recorder:
            return Recorder(construct)

        def acknowledge(self, *acknowledgements: Acknowledgment) -> None:
            resource = self._construct.node.default_child
            assert resource is not None
            recorded.extend(
                Acknowledged(Finding(each.id, resource.node.path), each.reason or "")
                for each in acknowledgements
            )

    with patch("aws_cdk.Validations", Recorder):
        yield recorded

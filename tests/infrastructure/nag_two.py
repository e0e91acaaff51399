"""Print as JSON what cdk-nag 2 finds in the cases that the arguments name.

It is run where cdk-nag 2 comes first on the path.

Versions 2 and 3 share a name and cannot live in one environment, so this runs on its own.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

import cdk_nag
from aws_cdk import App, Aspects, Stack
from aws_cdk import aws_sqs as sqs

from tests.infrastructure.cases import CASES, RECOMMENDED_FLAGS, new_app

PACKS = (
    "AwsSolutionsChecks",
    "ServerlessChecks",
    "HIPAASecurityChecks",
    "NIST80053R5Checks",
    "PCIDSS321Checks",
)

#: With this flag synthesis stops at the first finding of version 2 instead of listing them all.
LISTING = {"@aws-cdk/core:annotationsInValidationReport": False}


def findings(app: App) -> list[dict[str, str]]:
    """Synthesize an app with the packs of version 2, which are aspects, and read what they say."""
    packs: dict[str, Any] = vars(cdk_nag)
    for pack in PACKS:
        Aspects.of(app).add(packs[pack](reports=False))
    return [
        {"path": message.id.removeprefix("/"), "message": str(message.entry.data)}
        for stack in app.synth().stacks
        for message in stack.messages
        if str(message.entry.data).startswith(
            ("AwsSolutions", "Serverless", "HIPAA", "NIST", "PCI")
        )
    ]


def control() -> App:
    """Make an app in which there is something to find."""
    app = new_app({**RECOMMENDED_FLAGS, **LISTING})
    sqs.Queue(Stack(app, "Control"), "Queue")
    return app


def main() -> None:
    found = {"control": findings(control())}
    for case in CASES:
        if case.name not in sys.argv[1:]:
            continue
        app = new_app({**case.flags, **LISTING})
        case.build(app)
        found[case.name] = findings(app)
    json.dump({"version": version("cdk-nag"), "findings": found}, sys.stdout)


if __name__ == "__main__":
    main()

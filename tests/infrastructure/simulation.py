"""Whether AWS would allow a request, by the policies of templates and a policy evaluator."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request, and the policies that decide it."""

    principal: str
    action: str
    resource: str
    account: str
    """The account of the resource."""
    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    identity_policies: Sequence[Any] = ()
    resource_policy: Any = None


def allowed(*requests: Request) -> list[bool]:
    """Decide requests. A request or policy that the evaluator cannot read is an error."""
    simulations = [
        {
            "request": {
                "principal": each.principal,
                "action": each.action,
                "resource": {"resource": each.resource, "accountId": each.account},
                "contextVariables": dict(each.context),
            },
            "identityPolicies": [
                {"name": str(number), "policy": policy}
                for number, policy in enumerate(each.identity_policies)
            ],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            **({"resourcePolicy": each.resource_policy} if each.resource_policy else {}),
        }
        for each in requests
    ]
    run = subprocess.run(
        [ROOT / ".venv" / "bin" / "node", ROOT / "tests" / "infrastructure" / "simulate.mjs"],
        input=json.dumps(simulations),
        capture_output=True,
        text=True,
        check=True,
    )
    results = json.loads(run.stdout)
    for result in results:
        assert "errors" not in result, result
        assert result["ignoredContextKeys"] == [], result
    return [result["overallResult"] == "Allowed" for result in results]


def deployed(value: Any, *, account: str, region: str) -> Any:
    """Write what CloudFormation makes of a part of a template, as far as policies need it."""
    known = {"AWS::Partition": "aws", "AWS::AccountId": account, "AWS::Region": region}

    def write(value: Any) -> Any:
        match value:
            case list():
                return [write(each) for each in value]
            case {"Fn::Join": [separator, parts]}:
                return separator.join(write(part) for part in parts)
            case {"Ref": str(name)}:
                return known.get(name, name)
            case {"Fn::GetAtt": [logical_id, _]}:
                return f"arn:aws:example:{region}:{account}:{logical_id}"
            case dict():
                return {key: write(each) for key, each in value.items()}
        return value

    return write(value)

"""Evaluation of requests against IAM policies, by the npm package `@cloud-copilot/iam-simulate`.

Its license is AGPL-3.0. It runs as a separate process, and is installed for the tests only: from
the package file beside this module, which `make install` and `make demo` do not read.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("evaluate.mjs")

Context = Mapping[str, str | list[str]]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to AWS, and whether it must be allowed."""

    why: str
    """Who does what, for the message of a failed test."""
    principal: str
    action: str
    resource: str
    account: str
    """The account of the resource."""
    context: Context
    identity: tuple[str, ...] = ()
    """The names of the principal's policies."""
    resource_policy: str | None = None
    """The name of the resource's policy."""
    must_be_allowed: bool = True

    def __str__(self) -> str:
        must = "must" if self.must_be_allowed else "must not"
        return f"{self.why}: {must} be allowed {self.action} on {self.resource}, {self.context}"


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A policy of which something is taken away."""

    what: str
    """The policy and what is taken away."""
    policy: str
    document: Mapping[str, Any]
    actions: tuple[str, ...]
    """The actions of the changed statement, which alone can have another answer."""


@dataclass(frozen=True)
class Evaluation:
    """What the evaluator said."""

    wrong: list[str]
    """The requests with another answer than expected, or that the evaluator does not understand."""
    needed: list[str]
    """The mutations that change an answer."""
    unneeded: list[str]
    """The mutations that change none: no request needs what they take away."""


def evaluate(
    policies: Mapping[str, Mapping[str, Any]],
    requests: Sequence[Request],
    mutations: Sequence[Mutation] = (),
) -> Evaluation:
    """Evaluate all requests, and again those that each mutation concerns, in one process."""
    assert requests, "nothing to evaluate"
    requests = list({_without_reason(request): request for request in requests}.values())
    answer = _run(
        {
            "policies": policies,
            "requests": [
                {**asdict(request), "resourcePolicy": request.resource_policy}
                for request in requests
            ],
            "mutations": [asdict(mutation) for mutation in mutations],
        }
    )
    wrong = [
        f"{request} ({reply.get('problem', 'it is not so')})"
        for request, reply in zip(requests, answer["answers"], strict=True)
        if reply.get("allowed") != request.must_be_allowed
    ]
    whats: dict[bool, list[str]] = {True: [], False: []}
    for mutation, is_needed in zip(mutations, answer["needed"], strict=True):
        whats[is_needed].append(mutation.what)
    return Evaluation(wrong, needed=whats[True], unneeded=whats[False])


def _without_reason(request: Request) -> str:
    return repr(replace(request, why=""))


def _run(questions: Mapping[str, Any]) -> Any:
    node = Path(sys.executable).with_name("node")
    result = subprocess.run(
        [node, _SCRIPT], input=json.dumps(questions), capture_output=True, text=True
    )
    missing = "ERR_MODULE_NOT_FOUND" in result.stderr
    assert not missing, "the evaluator is missing: make tests/permissions/node_modules/.installed"
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)

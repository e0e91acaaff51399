"""Fixtures of the tests of templates."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.infrastructure.cases import CASES, COVERING, Synthesized, synthesize


def pytest_configure() -> None:
    # CDK runs on the Node of the environment, however pytest was started.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@pytest.fixture(
    params=[
        pytest.param(case.name, marks=[] if case.name in COVERING else [pytest.mark.full])
        for case in CASES
    ],
    scope="session",
)
def synthesized(request: pytest.FixtureRequest) -> Synthesized:
    """Give each case in turn, synthesized once. `make test` has those that cover all resources."""
    return synthesize(request.param)

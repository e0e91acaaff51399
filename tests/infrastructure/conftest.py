"""Fixtures of the tests of templates."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.infrastructure.cases import CASES, Synthesized, synthesize


def pytest_configure() -> None:
    # CDK runs on the Node of the environment, however pytest was started.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@pytest.fixture(params=[case.name for case in CASES], scope="session")
def synthesized(request: pytest.FixtureRequest) -> Synthesized:
    """Give each case in turn, synthesized once."""
    return synthesize(request.param)

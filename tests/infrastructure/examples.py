"""The example apps, as tests run them."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk
import pytest

from tests.infrastructure.cases import RECOMMENDED_FLAGS, new_app

_FOLDER = Path(__file__).parents[2] / "examples"

#: The names of their files.
EXAMPLES = sorted(path.name for path in _FOLDER.glob("*_app.py"))


def run_example(
    name: str, monkeypatch: pytest.MonkeyPatch, flags: Mapping[str, Any] = RECOMMENDED_FLAGS
) -> aws_cdk.App:
    """Return the app that an example makes with some feature flags."""
    # CDK takes flags from its command line's environment, which cannot change once it runs here.
    monkeypatch.setattr(aws_cdk, "App", lambda: new_app(flags))
    app: aws_cdk.App = runpy.run_path(str(_FOLDER / name), run_name="__main__")["app"]
    return app

"""docs/step-functions.md says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from human_loop_reviews.callbacks.request import NewLoop, parse_request

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "step-functions.md").read_text(encoding="utf-8")


def test_example_is_the_one_that_is_deployed() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    app = (ROOT / "examples" / "state_machine_app.py").read_text(encoding="utf-8")

    assert _tokens(example) in _tokens(app)


def _tokens(code: str) -> str:
    """Leave out what formatting changes with the indentation."""
    return re.sub(r",(?=[)\]}])", "", re.sub(r"\s+", "", code))


def test_state_without_cdk_has_a_payload_that_is_accepted() -> None:
    (state,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    payload = json.loads(state)["Parameters"]["Payload"]
    request = parse_request({key.removesuffix(".$"): value for key, value in payload.items()})

    assert isinstance(request.loop, NewLoop)
    assert request.timeout_seconds == json.loads(state)["TimeoutSeconds"]

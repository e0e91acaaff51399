"""The payload of a state: what it may hold, and that anything else is one kind of error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loop_reviews.callback_contract import CallbackKey
from human_loop_reviews.callbacks.request import (
    CallbackRequest,
    InvalidRequestError,
    NewLoop,
    parse_request,
)
from human_loop_reviews.callbacks.result import Failure, Success, result_of
from human_loop_reviews.contract import HumanLoopStatus

PAYLOAD = {
    "taskToken": "a token",
    "stateEntry": "an execution",
    "timeoutSeconds": 60,
    "flowDefinition": "invoices",
    "inputContent": {"a": 1},
}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*CallbackKey, "another"]), JSON))
def test_any_payload_is_a_request_or_an_error_that_names_a_key(changes: dict[str, Any]) -> None:
    said = ""
    try:
        assert isinstance(parse_request(PAYLOAD | changes), CallbackRequest)
    except InvalidRequestError as error:
        said = str(error)

    assert not said or any(key in said for key in [*CallbackKey, "another"])


@given(st.dictionaries(st.text(), JSON))
def test_input_content_is_passed_on_as_it_is(content: dict[str, Any]) -> None:
    loop = parse_request(PAYLOAD | {"inputContent": content}).loop
    assert isinstance(loop, NewLoop)
    loop.input_content.encode()
    assert json.dumps(json.loads(loop.input_content)) == json.dumps(content)


@pytest.mark.parametrize("key", ["stateEntry", "inputContent", "flowDefinition", "humanLoopName"])
def test_request_id_is_of_all_but_the_token(key: str) -> None:
    request = parse_request(PAYLOAD)
    another = {"inputContent": {"a": 2}}.get(key, "another")

    assert parse_request(PAYLOAD | {"taskToken": "b"}).request_id == request.request_id
    assert parse_request(PAYLOAD | {key: another}).request_id != request.request_id


@given(
    st.fixed_dictionaries(
        {
            "humanLoopStatus": st.sampled_from([*HumanLoopStatus]),
            "humanLoopArn": st.text(),
            "failureCode": st.none() | st.text(),
            "failureReason": st.none() | st.text(),
            "outputError": st.none() | st.text(min_size=1),
            "fields": st.lists(JSON),
            "fieldsLeftOut": st.integers(0),
        }
    ),
    st.booleans(),
)
def test_any_outcome_is_a_result_that_step_functions_accepts(
    outcome: dict[str, Any], accept_stopped: bool
) -> None:
    result = result_of(outcome, accept_stopped=accept_stopped)
    if isinstance(result, Success):
        assert outcome["humanLoopStatus"] != HumanLoopStatus.FAILED
        assert json.dumps(json.loads(result.output)) == json.dumps(outcome)
    else:
        assert isinstance(result, Failure)
        assert result.error.startswith("HumanLoop.")
        assert len(result.error) <= 256
        assert 0 < len(result.cause) <= 32_768

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from human_loop_reviews import handler
from human_loop_reviews.event import MalformedEventError
from human_loop_reviews.settings import Settings, SettingsError

from tests.unit.conftest import World, ended_loop

ENVIRONMENT = {
    "LEDGER_TABLE": "ledger",
    "LEDGER_RETENTION_DAYS": "400",
    "OUTCOME_BUS": "default",
    "INCLUDE_VALUES": "false",
    "MAX_OUTPUT_BYTES": "1000000",
}


@pytest.fixture
def handled(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world as the real entry point sees it: settings and clients from the environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    handler.settler.cache_clear()
    return world


def message(message_id: str, body: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"messageId": message_id, "body": text, "eventSource": "aws:sqs"}


def test_single_event_is_settled(handled: World) -> None:
    assert handler.handle(ended_loop("Stopped"), None) is None
    assert len(handled.ledger()) == 1


def test_single_malformed_event_raises(handled: World) -> None:
    with pytest.raises(MalformedEventError):
        handler.handle({"detail": {}}, None)
    assert handled.ledger() == []


def test_batch_reports_only_what_was_not_settled(
    handled: World, caplog: pytest.LogCaptureFixture
) -> None:
    records = [
        message("good", ended_loop("Stopped")),
        message("no-json", "{"),
        message("malformed", {}),
        message("no-output-yet", ended_loop("Completed")),
        message("nested", "[" * 100_000),
        message("good-too", ended_loop("Failed", humanLoopArn="arn:2", output_key=None)),
    ]
    with caplog.at_level(logging.ERROR):
        response = handler.handle({"Records": records}, None)
    assert response == {
        "batchItemFailures": [
            {"itemIdentifier": each} for each in ("no-json", "malformed", "no-output-yet", "nested")
        ]
    }
    assert len(handled.ledger()) == 2
    assert "message: body: expected an event as JSON" in caplog.text
    assert "there is no object" in caplog.text


def test_record_that_is_no_message_raises(handled: World) -> None:
    assert handled.ledger() == []
    with pytest.raises(MalformedEventError, match="messageId"):
        handler.handle({"Records": [{"body": "{}"}]}, None)


def test_settings_are_read() -> None:
    settings = Settings.from_environment(
        {**ENVIRONMENT, "MAPPINGS": '{"f":[{"name":"N","prediction":"a","answer":"b"}]}'}
    )
    assert settings.mappings["f"][0].name == "N"
    assert (settings.include_values, settings.max_output_bytes) == (False, 1_000_000)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"INCLUDE_VALUES": "yes"}, "INCLUDE_VALUES: expected true or false, got 'yes'"),
        ({"MAX_OUTPUT_BYTES": "many"}, "MAX_OUTPUT_BYTES"),
        ({"MAPPINGS": "["}, "MAPPINGS"),
    ],
)
def test_wrong_setting_is_named(change: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.from_environment({**ENVIRONMENT, **change})


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_missing_setting_is_named(name: str) -> None:
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        Settings.from_environment(environment)

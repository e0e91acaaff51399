"""Settings: environment variables as one typed object."""

from __future__ import annotations

import pytest

from human_loop_reviews.contract import Setting
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.settings import (
    DeadLetterSettings,
    DocumentSettings,
    Settings,
    SettingsError,
)
from tests.unit.conftest import ENVIRONMENT

OPTIONAL: dict[str, str] = {
    Setting.MAPPINGS_LAYER: "arn:aws:lambda:eu-west-1:111122223333:layer:Mappings:3",
    Setting.DEAD_LETTER_QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/111122223333/failed",
    Setting.MAX_RECEIVES: "5",
    Setting.INCLUDE_FAILURE_REASON: "false",
    Setting.FIELD_NAMES: "hashed",
    Setting.ALLOWED_FIELD_NAMES: '["Total"]',
    Setting.HUB: "reviews-hub",
    Setting.CORRECTED_DOCUMENTS: "s3://documents/corrected/",
    Setting.CORRECTED_DOCUMENTS_KEY: "arn:aws:kms:eu-west-1:111122223333:key/0123abcd",
}
QUEUE: dict[str, str] = {
    key: OPTIONAL[key] for key in (Setting.DEAD_LETTER_QUEUE_URL, Setting.MAX_RECEIVES)
}


def test_settings_are_read() -> None:
    settings = Settings.from_environment({**ENVIRONMENT, **OPTIONAL})
    assert settings.mappings_layer == OPTIONAL[Setting.MAPPINGS_LAYER]
    assert settings.max_output_bytes == 1_000_000
    assert settings.disclosure == Disclosure(
        include_values=False,
        include_failure_reason=False,
        hash_field_names=True,
        allowed_field_names=frozenset({"Total"}),
    )
    assert settings.dead_letters == DeadLetterSettings(
        queue_url=OPTIONAL[Setting.DEAD_LETTER_QUEUE_URL], max_receives=5
    )
    assert settings.hub == "reviews-hub"
    assert settings.documents == DocumentSettings(
        "documents", "corrected/", OPTIONAL[Setting.CORRECTED_DOCUMENTS_KEY]
    )


def test_documents_can_be_written_to_a_whole_bucket_with_its_own_encryption() -> None:
    settings = Settings.from_environment({**ENVIRONMENT, "CORRECTED_DOCUMENTS": "s3://documents/"})
    assert settings.documents == DocumentSettings("documents", "", None)


def test_every_variable_of_the_contract_is_read() -> None:
    assert {*ENVIRONMENT, *OPTIONAL} == set(Setting)


def test_optional_settings_may_be_absent() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    assert (settings.mappings_layer, settings.dead_letters, settings.hub) == (None, None, None)
    assert settings.documents is None
    assert settings.disclosure == Disclosure()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"INCLUDE_VALUES": "yes"}, "INCLUDE_VALUES: expected true or false, got 'yes'"),
        ({"INCLUDE_FAILURE_REASON": "1"}, "INCLUDE_FAILURE_REASON: expected true or false"),
        ({"FIELD_NAMES": "none"}, "FIELD_NAMES: expected plain or hashed, got 'none'"),
        ({"ALLOWED_FIELD_NAMES": "Total"}, "ALLOWED_FIELD_NAMES: expected a JSON list of texts"),
        ({"ALLOWED_FIELD_NAMES": '"Total"'}, "ALLOWED_FIELD_NAMES: expected a JSON list of texts"),
        ({"ALLOWED_FIELD_NAMES": "[1]"}, "ALLOWED_FIELD_NAMES: expected a JSON list of texts"),
        ({"MAX_OUTPUT_BYTES": "many"}, "MAX_OUTPUT_BYTES"),
        ({"MAPPINGS_LAYER": " "}, "MAPPINGS_LAYER: expected text"),
        ({"HUB": ""}, "HUB: expected text, got ''"),
        ({"CORRECTED_DOCUMENTS": "documents/"}, "CORRECTED_DOCUMENTS: expected s3://bucket/prefix"),
        ({"CORRECTED_DOCUMENTS": "s3://documents"}, "CORRECTED_DOCUMENTS: expected s3://bucket/"),
        ({"CORRECTED_DOCUMENTS": "s3:///x/"}, "CORRECTED_DOCUMENTS: expected s3://bucket/prefix/"),
        ({"MAX_RECEIVES": "5"}, "DEAD_LETTER_QUEUE_URL is missing"),
        ({"DEAD_LETTER_QUEUE_URL": "https://queue"}, "MAX_RECEIVES is missing"),
        ({**QUEUE, "DEAD_LETTER_QUEUE_URL": ""}, "DEAD_LETTER_QUEUE_URL: expected text, got ''"),
        ({**QUEUE, "MAX_RECEIVES": "0"}, "MAX_RECEIVES: expected a whole number from 1, got '0'"),
        ({**QUEUE, "MAX_RECEIVES": "1.5"}, "MAX_RECEIVES: expected a whole number"),
        ({**QUEUE, "MAX_RECEIVES": "-1"}, "MAX_RECEIVES: expected a whole number"),
        ({**QUEUE, "MAX_RECEIVES": "٣"}, "MAX_RECEIVES: expected a whole number"),
    ],
)
def test_wrong_setting_is_named(change: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.from_environment({**ENVIRONMENT, **change})


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_missing_setting_is_named(name: str) -> None:
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        Settings.from_environment(environment)

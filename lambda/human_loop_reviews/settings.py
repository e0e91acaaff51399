"""The review handler's settings, read from its environment variables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from human_loop_reviews.contract import FieldNames, Setting
from human_loop_reviews.disclosure import Disclosure

_T = TypeVar("_T")


class SettingsError(ValueError):
    """An environment variable is missing or wrong. The message names it."""


def watches(flow_definitions: Sequence[str], arn: str) -> bool:
    """Return whether events of a flow definition are received.

    Parameters
    ----------
    flow_definitions
        Names or ARNs of the flow definitions. Empty for all.
    arn
        The flow definition.

    Examples
    --------
    >>> watches(["invoices"], "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/claims")
    False
    """
    name = arn.rpartition("/")[2]
    return not flow_definitions or any(each in (name, arn) for each in flow_definitions)


class EnvironmentVariables:
    """The environment variables of a function.

    Parameters
    ----------
    variables
        Such as ``os.environ``.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def read(self, name: str, parse: Callable[[str], _T]) -> _T:
        """Return the value of a variable.

        Raises
        ------
        SettingsError
            If it is missing, or ``parse`` refuses it.
        """
        if name not in self._variables:
            raise SettingsError(f"environment variable {name} is missing")
        try:
            return parse(self._variables[name])
        except (OverflowError, ValueError) as error:
            raise SettingsError(f"environment variable {name}: {error}") from error


class DeadLetterSettings(NamedTuple):
    """Where the messages of a queue go that could not be handled, and when."""

    queue_url: str
    """URL of the dead-letter queue."""
    max_receives: int
    """How often SQS delivers a message before it moves it to its own dead-letter queue."""


class DocumentSettings(NamedTuple):
    """Where corrected documents are written, and how they are encrypted."""

    bucket: str
    """The bucket's name."""
    prefix: str
    """How the keys of documents begin. Empty, or with a slash at the end."""
    encryption_key: str | None = None
    """ARN of the key that documents are encrypted with; None for the encryption of the bucket."""


class Settings(NamedTuple):
    """The review handler's settings."""

    ledger_arn: str
    """ARN of the ledger."""
    ledger_retention_days: float
    """How long the ledger keeps a loop after its end."""
    outcome_bus: str
    """ARN of the bus that outcomes are published on."""
    disclosure: Disclosure
    """What outcomes contain of a document."""
    max_output_bytes: int
    """Outputs above this size are not read."""
    mappings_layer: str | None = None
    """ARN of the layer version with the owner's mappings; None without mappings."""
    dead_letters: DeadLetterSettings | None = None
    """Where messages go that could not be handled; None if SQS alone decides."""
    hub: str | None = None
    """The name of the event bus to which other accounts forward their events; None outside a
    hub."""
    documents: DocumentSettings | None = None
    """Where corrected documents are written; None if none are."""

    @property
    def ledger_table(self) -> str:
        """The name of the ledger."""
        return self.ledger_arn.rpartition("/")[2]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Parameters
        ----------
        environment
            Such as ``os.environ``.

        Returns
        -------
        Settings
            The settings, with defaults for the optional variables that are absent.

        Raises
        ------
        SettingsError
            If a variable is missing or wrong.
        """
        read = EnvironmentVariables(environment).read

        def read_optional(name: Setting, parse: Callable[[str], _T], default: _T) -> _T:
            return read(name, parse) if name in environment else default

        dead_letters = None
        if Setting.DEAD_LETTER_QUEUE_URL in environment or Setting.MAX_RECEIVES in environment:
            dead_letters = DeadLetterSettings(
                queue_url=read(Setting.DEAD_LETTER_QUEUE_URL, _parse_text),
                max_receives=read(Setting.MAX_RECEIVES, _parse_positive),
            )

        documents = None
        if Setting.CORRECTED_DOCUMENTS in environment:
            documents = DocumentSettings(
                *read(Setting.CORRECTED_DOCUMENTS, _parse_folder),
                encryption_key=read_optional(Setting.CORRECTED_DOCUMENTS_KEY, _parse_text, None),
            )

        return cls(
            ledger_arn=read(Setting.LEDGER_ARN, _parse_text),
            ledger_retention_days=read(Setting.LEDGER_RETENTION_DAYS, float),
            outcome_bus=read(Setting.OUTCOME_BUS, str),
            disclosure=Disclosure(
                include_values=read(Setting.INCLUDE_VALUES, _parse_boolean),
                include_failure_reason=read_optional(
                    Setting.INCLUDE_FAILURE_REASON, _parse_boolean, True
                ),
                hash_field_names=read_optional(
                    Setting.FIELD_NAMES, _parse_field_names, FieldNames.PLAIN
                )
                is FieldNames.HASHED,
                allowed_field_names=read_optional(Setting.ALLOWED_FIELD_NAMES, _parse_names, None),
            ),
            max_output_bytes=read(Setting.MAX_OUTPUT_BYTES, int),
            mappings_layer=read_optional(Setting.MAPPINGS_LAYER, _parse_text, None),
            dead_letters=dead_letters,
            hub=read_optional(Setting.HUB, _parse_text, None),
            documents=documents,
        )


def _parse_field_names(text: str) -> FieldNames:
    if text not in tuple(FieldNames):
        raise ValueError(f"expected {' or '.join(FieldNames)}, got {text!r}")
    return FieldNames(text)


def parse_texts(text: str) -> tuple[str, ...]:
    """Return a variable that is a JSON list of texts."""
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"expected a JSON list of texts, got {text!r}")
    return tuple(values)


def _parse_names(text: str) -> frozenset[str]:
    return frozenset(parse_texts(text))


def _parse_text(text: str) -> str:
    if not text.strip():
        raise ValueError(f"expected text, got {text!r}")
    return text


def _parse_folder(text: str) -> tuple[str, str]:
    bucket, slash, prefix = text.removeprefix("s3://").partition("/")
    if not text.startswith("s3://") or not bucket or not slash:
        raise ValueError(f"expected s3://bucket/prefix/, got {text!r}")
    return bucket, prefix


def _parse_positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise ValueError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def _parse_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"expected true or false, got {text!r}")
    return text == "true"

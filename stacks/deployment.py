"""The configuration of one deployment: what `cdk.json` says, typed and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from human_loop_events import (
    AlertFormat,
    FieldMapping,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopStatus,
)
from human_loop_events.runbook import RUNBOOK


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One account and Region, and what to deploy there.

    Every field is a key of the deployment's entry in the context `deployments` of ``cdk.json``.

    Parameters
    ----------
    name
        The entry's key: letters, digits and hyphens. ``""`` if nothing is configured.
    account
        12 digits. Default: the account of the CLI's credentials.
    region
        Such as ``"eu-west-1"``. Default: the Region of the CLI's credentials.
    flow_definitions
        Names or ARNs of flow definitions. Default: all.
    statuses
        Which of Completed, Failed and Stopped. Default: all three.
    output_bucket
        The name of the existing bucket with the output. Default: a new bucket.
    output_prefix
        The key prefix of the flow definitions' ``S3OutputPath``. Default: none.
    output_key_arn
        The ARN of the key that the output is encrypted with. Default: none.
    handler_delivery
        DIRECT or BUFFERED.
    mappings
        For custom tasks: by the flow definition's name, a list of objects with `name`,
        `prediction`, `answer` and perhaps `ignore_case` and `tolerance`; see `FieldMapping`.
    include_values
        Whether outcomes carry the documents' values.
    alert_format
        TEXT, JSON or CHAT.
    alert_emails
        Addresses that are subscribed to the alerts.
    runbook
        The path or URL of the runbook that alerts refer to.
    failed_loops_threshold
        How many Failed loops in five minutes raise the alarm.

    Raises
    ------
    ValueError
        If a value is not as above; the message says which one, and where it is set.

    Examples
    --------
    >>> Deployment(name="prod", account="111122223333", region="eu-west-1").stack_name
    'HumanLoops-prod'
    """

    name: str = ""
    account: str | None = None
    region: str | None = None
    flow_definitions: tuple[str, ...] = ()
    statuses: tuple[str, ...] = tuple(HumanLoopStatus)
    output_bucket: str | None = None
    output_prefix: str = ""
    output_key_arn: str | None = None
    handler_delivery: str = HandlerDelivery.DIRECT
    mappings: Mapping[str, Any] = field(default_factory=dict)
    include_values: bool = False
    alert_format: str = AlertFormat.TEXT
    alert_emails: tuple[str, ...] = ()
    runbook: str = RUNBOOK
    failed_loops_threshold: int = 1

    def __post_init__(self) -> None:
        for key, expected, holds in _EXPECTATIONS:
            value = getattr(self, key)
            if not holds(value):
                raise ValueError(
                    f"context deployments.{self.name or '<name>'}.{key}: expected {expected}, "
                    f"got {value!r}"
                )
        if (self.account is None) != (self.region is None):
            raise ValueError(
                f"context deployments.{self.name}: account and region go together, got "
                f"account={self.account!r} and region={self.region!r}"
            )

    @classmethod
    def from_context(cls, context: Any) -> list[Deployment]:
        """Read all deployments from the value of the context `deployments`.

        Parameters
        ----------
        context
            An object by deployment name; the same as a JSON string, as ``cdk -c`` gives it; or
            None, for one deployment with all defaults.
        """
        if context is None:
            return [cls()]
        if isinstance(context, str):
            try:
                context = json.loads(context)
            except ValueError as error:
                raise ValueError(
                    f"context deployments: expected JSON, got {context!r}: {error}"
                ) from error
        if not isinstance(context, dict) or not context:
            raise ValueError(
                "context deployments: expected an object with an entry for each deployment, such "
                f'as {{"prod": {{"flow_definitions": ["invoices"]}}}}, got {context!r}'
            )
        return [cls._from_entry(name, entry) for name, entry in context.items()]

    @classmethod
    def _from_entry(cls, name: str, entry: Any) -> Deployment:
        if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", name):
            raise ValueError(
                f"context deployments: expected a name of letters, digits and hyphens, got {name!r}"
            )
        if not isinstance(entry, dict):
            raise ValueError(  # noqa: TRY004 - a wrong value in a file, like all the others here
                f"context deployments.{name}: expected an object, got {entry!r}"
            )
        known = [each.name for each in fields(cls) if each.name != "name"]
        for key in entry:
            if key not in known:
                raise ValueError(
                    f"context deployments.{name}.{key}: unknown; expected one of {', '.join(known)}"
                )
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()
        }
        return cls(name=name, **values)

    @property
    def stack_name(self) -> str:
        """The stack's name: HumanLoops-<name>."""
        return f"HumanLoops-{self.name}" if self.name else "HumanLoops"

    @property
    def flow_definitions_matched(self) -> FlowDefinitions:
        """The flow definitions, as the constructs take them."""
        if not self.flow_definitions:
            return FlowDefinitions.any()
        if self.flow_definitions[0].startswith("arn:"):
            return FlowDefinitions.arns(*self.flow_definitions)
        return FlowDefinitions.named(*self.flow_definitions)

    @property
    def field_mappings(self) -> dict[str, list[FieldMapping]]:
        """The mappings, as the constructs take them."""
        return {
            flow_definition: [
                self._field_mapping(f"{flow_definition}[{index}]", each)
                for index, each in enumerate(mappings)
            ]
            for flow_definition, mappings in self.mappings.items()
        }

    def _field_mapping(self, place: str, entry: Mapping[str, Any]) -> FieldMapping:
        try:
            return FieldMapping(**entry)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"context deployments.{self.name}.mappings.{place}: {error}"
            ) from error


def _text(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _optional(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or holds(value)


def _list_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(holds(each) for each in value)


def _lists_of_objects(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
        for entries in value.values()
    )


_EXPECTATIONS: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("account", "12 digits in quotes", _optional(_text(r"\d{12}"))),
    ("region", "a Region such as eu-west-1", _optional(_text(r"[a-z]{2,5}(-[a-z]+)+-\d+"))),
    ("flow_definitions", "a list of names, or one of ARNs", _list_of(_text(r".+"))),
    (
        "statuses",
        "a list of Completed, Failed, Stopped",
        _list_of(lambda s: s in [*HumanLoopStatus]),
    ),
    ("output_bucket", "a bucket's name", _optional(_text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"))),
    ("output_prefix", "a key prefix such as reviews/", _text(r"[^*?$]*")),
    ("output_key_arn", "a KMS key's ARN", _optional(_text(r"arn:[^:]+:kms:[^:]+:\d{12}:key/.+"))),
    ("handler_delivery", "DIRECT or BUFFERED", lambda value: value in [*HandlerDelivery]),
    ("mappings", "an object with a list of objects by flow definition", _lists_of_objects),
    ("include_values", "true or false", lambda value: isinstance(value, bool)),
    ("alert_format", "TEXT, JSON or CHAT", lambda value: value in [*AlertFormat]),
    ("alert_emails", "a list of e-mail addresses", _list_of(_text(r"[^@\s]+@[^@\s]+"))),
    ("runbook", "a path or URL", _text(r"\S+")),
    (
        "failed_loops_threshold",
        "a whole number from 1",
        lambda value: type(value) is int and value >= 1,
    ),
)

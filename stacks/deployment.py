"""The configuration of one deployment: an entry of `deployments` in cdk.json, typed and checked."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from aws_cdk.region_info import RegionInfo
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from human_loop_events import (
    AlertFormat,
    FieldMapping,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopStatus,
    TaskMapping,
)
from human_loop_events.output_location import refuse_unusable_prefix
from human_loop_events.runbook import RUNBOOK
from stacks.hub_and_spokes import contradictions_of_hubs


class ConfigurationError(ValueError):
    """The configuration is wrong. The message has one line for each fault."""


def _a_known_region(region: str) -> str:
    if RegionInfo.get(region).partition is None:
        known = [each.name for each in RegionInfo.regions]
        raise ValueError(f"AWS has no such Region{_nearest(region, known)}")
    return region


def _a_prefix(prefix: str) -> str:
    refuse_unusable_prefix(prefix)
    return prefix


_Text = Annotated[str, Field(min_length=1)]
_Account = Annotated[str, Field(pattern=r"^\d{12}$")]
_Region = Annotated[str, AfterValidator(_a_known_region)]
_Bucket = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
_KeyArn = Annotated[str, Field(pattern=r"^arn:[^:]+:kms:[^:]+:\d{12}:key/.+$")]
_Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
_Organization = Annotated[str, Field(pattern=r"^o-[a-z0-9]{10,32}$")]
_Status = Literal["Completed", "Failed", "Stopped"]


class Deployment(BaseModel):
    """One account and Region, and what to deploy there.

    Every field but `name` is a key of the deployment's entry. A field's description says what is
    expected.

    Examples
    --------
    >>> Deployment(name="prod", account="111122223333", region="eu-west-1").stack_name
    'HumanLoops-prod'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field("", description="letters, digits and hyphens")
    account: _Account | None = Field(
        None, description="12 digits in quotes. Default: the account of the credentials"
    )
    region: _Region | None = Field(
        None, description="a Region such as eu-west-1. Default: the Region of the credentials"
    )
    flow_definitions: Annotated[list[_Text], Field(min_length=1)] | None = Field(
        None, description="a list of names, or one of ARNs, with at least one. Default: all"
    )
    statuses: Annotated[list[_Status], Field(min_length=1)] = Field(
        [each.value for each in HumanLoopStatus],
        description="a list of Completed, Failed, Stopped, with at least one. Default: all three",
    )
    output_bucket: _Bucket | None = Field(
        None,
        description="the name of the bucket in the flow definitions' S3OutputPath. Default: a new "
        "bucket",
    )
    output_prefix: Annotated[str, AfterValidator(_a_prefix)] = Field(
        "", description="a key prefix such as reviews/. Default: the whole bucket"
    )
    output_key_arn: _KeyArn | None = Field(
        None, description="the ARN of the KMS key of the output. Default: the bucket's key"
    )
    handler_delivery: Literal["DIRECT", "BUFFERED"] = Field(
        "DIRECT", description="DIRECT or BUFFERED. Default: DIRECT"
    )
    mappings: dict[str, list[dict[str, Any]] | dict[str, Any]] = Field(
        {},
        description="for custom tasks: an object by flow definition with a list of objects with "
        "name, prediction and answer, or with an object with such a list as fields. Default: none",
    )
    include_values: bool = Field(
        False, description="true or false: whether outcomes carry values. Default: false"
    )
    alert_format: Literal["TEXT", "JSON", "CHAT"] = Field(
        AlertFormat.TEXT.value, description="TEXT, JSON or CHAT. Default: TEXT"
    )
    alert_emails: Annotated[list[_Email], Field(min_length=1)] | None = Field(
        None, description="a list of e-mail addresses, with at least one. Default: none"
    )
    runbook: Annotated[str, Field(pattern=r"^\S+$")] = Field(
        RUNBOOK, description="a path or URL without spaces. Default: docs/operations.md"
    )
    admits: Annotated[list[_Account], Field(min_length=1)] | _Organization | None = Field(
        None,
        description="for a hub: a list of account ids of 12 digits in quotes, or the id of an "
        "organization such as o-a1b2c3d4e5, which may forward their events. Default: no hub",
    )
    hub: _Text | None = Field(
        None,
        description="for a spoke: the name of the deployment, or the ARN of the event bus, to "
        "which events are forwarded. Default: no spoke",
    )
    failed_loops_threshold: Annotated[int, Field(ge=1)] = Field(
        1, description="a whole number from 1: Failed loops in 5 minutes. Default: 1"
    )

    @property
    def stack_name(self) -> str:
        """The stack's name: HumanLoops-<name>."""
        return f"HumanLoops-{self.name}" if self.name else "HumanLoops"

    @property
    def flow_definitions_matched(self) -> FlowDefinitions:
        """The flow definitions, as the constructs take them."""
        if self.flow_definitions is None:
            return FlowDefinitions.any()
        if self.flow_definitions[0].startswith("arn:"):
            return FlowDefinitions.arns(*self.flow_definitions)
        return FlowDefinitions.named(*self.flow_definitions)

    @property
    def delivery_of_handler(self) -> HandlerDelivery:
        """How events reach the handler, as the constructs take it."""
        if self.handler_delivery == "BUFFERED":
            return HandlerDelivery.buffered()
        return HandlerDelivery.direct()

    @property
    def task_mappings(self) -> dict[str, TaskMapping | list[FieldMapping]]:
        """The mappings, as the constructs take them."""
        return {
            flow_definition: [FieldMapping(**each) for each in mapping]
            if isinstance(mapping, list)
            else TaskMapping(
                **{**mapping, "fields": [FieldMapping(**each) for each in mapping["fields"]]}
            )
            for flow_definition, mapping in self.mappings.items()
        }

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Yield keys whose values contradict others, and what is wrong with each."""
        if (self.account is None) != (self.region is None):
            yield (
                "region" if self.region is None else "account",
                f"account and region go together, got account={self.account!r} and "
                f"region={self.region!r}",
            )
        for key in ("output_prefix", "output_key_arn"):
            if getattr(self, key) and self.output_bucket is None:
                yield key, f"it needs output_bucket, got {getattr(self, key)!r} without one"
        for key, arns in (
            ("output_key_arn", [self.output_key_arn] if self.output_key_arn else []),
            # Those of a hub are of other accounts.
            ("flow_definitions", (self.flow_definitions or []) if self.admits is None else []),
        ):
            for arn in arns:
                yield from ((key, each) for each in self._elsewhere(arn))
        yield from self._unusable()
        addresses = [each.lower() for each in self.alert_emails or []]
        for address in dict.fromkeys(addresses):
            if addresses.count(address) > 1:
                yield "alert_emails", f"expected each address once, got {address} repeatedly"

    def _elsewhere(self, arn: str) -> Iterator[str]:
        if not arn.startswith("arn:") or arn.count(":") < 5:
            return
        _, _, _, region, account, _ = arn.split(":", 5)
        if self.region is not None and region != self.region:
            yield f"expected an ARN of Region {self.region}, where this is deployed, got {arn}"
        if self.account is not None and account != self.account:
            yield f"expected an ARN of account {self.account}, where this is deployed, got {arn}"

    def _unusable(self) -> Iterator[tuple[str, str]]:
        try:
            _ = self.flow_definitions_matched
        except ValueError as error:
            yield "flow_definitions", str(error)
        for flow_definition, mapping in self.mappings.items():
            place = f"mappings.{flow_definition}"
            fields = mapping if isinstance(mapping, list) else mapping.get("fields")
            if not isinstance(fields, list):
                yield place, f"expected a list of objects as fields, got {fields!r}"
                continue
            faulty = False
            for index, each in enumerate(fields):
                try:
                    FieldMapping(**each)
                except (TypeError, ValueError) as error:
                    faulty = True
                    yield f"{place}[{index}]", _plain(error)
            if isinstance(mapping, dict) and not faulty:
                try:
                    TaskMapping(**{**mapping, "fields": [FieldMapping(**each) for each in fields]})
                except (TypeError, ValueError) as error:
                    yield place, _plain(error)


def read_deployments(context: Any) -> list[Deployment]:
    """Read all deployments from the value of the context `deployments`.

    Parameters
    ----------
    context
        An object by deployment name, or the same as a JSON string, as ``cdk -c`` gives it. None for
        one deployment with all defaults.

    Raises
    ------
    ConfigurationError
        If anything is wrong. The message has a line for every fault, with the deployment, the key,
        what was expected and the value.

    Examples
    --------
    >>> [each.stack_name for each in read_deployments({"dev": {}, "prod": {}})]
    ['HumanLoops-dev', 'HumanLoops-prod']
    """
    if context is None:
        return [Deployment()]
    if isinstance(context, str):
        try:
            context = json.loads(context)
        except ValueError as error:
            raise ConfigurationError(
                f"context deployments: expected JSON, got {context!r}: {error}"
            ) from error
    if not isinstance(context, dict) or not context:
        raise ConfigurationError(
            "context deployments: expected an object with an entry for each deployment, such as "
            f'{{"prod": {{"flow_definitions": ["invoices"]}}}}, got {context!r}'
        )
    deployments: list[Deployment] = []
    faults: list[str] = []
    for name, entry in context.items():
        place = f"context deployments.{name}"
        if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", name):
            faults.append(
                f"context deployments: expected a name of letters, digits and hyphens, got {name!r}"
            )
        elif not isinstance(entry, dict):
            faults.append(f"{place}: expected an object, got {entry!r}")
        else:
            try:
                deployment = Deployment(**{**entry, "name": name})
            except ValidationError as error:
                faults += [f"{place}.{each}" for each in _faults(error, entry)]
            else:
                faults += [f"{place}.{key}: {what}" for key, what in deployment.contradictions()]
                deployments.append(deployment)
    faults += [
        f"context deployments.{name}.{key}: {what}"
        for name, key, what in contradictions_of_hubs(deployments, list(context))
    ]
    if faults:
        raise ConfigurationError("\n".join(faults))
    return deployments


def _faults(error: ValidationError, entry: dict[str, Any]) -> Iterator[str]:
    """Yield one line for each key that is wrong."""
    known = [key for key in Deployment.model_fields if key != "name"]
    seen: set[str] = set()
    for each in error.errors():
        key = str(each["loc"][0])
        if key in seen:
            continue
        seen.add(key)
        if each["type"] == "extra_forbidden":
            yield f"{key}: unknown{_nearest(key, known)}; expected one of {', '.join(known)}"
            continue
        expected = str(Deployment.model_fields[key].description).partition(". Default:")[0]
        because = f"; {_plain(each['ctx']['error'])}" if each["type"] == "value_error" else ""
        yield f"{key}: expected {expected}, got {entry[key]!r}{because}"


def _nearest(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {nearest[0]}?)" if nearest else ""


def _plain(error: Exception) -> str:
    """Return an error's message in one line, without the name of a function."""
    text = str(error)
    for name in ("FieldMapping", "TaskMapping"):
        text = text.removeprefix(f"{name}.__init__() ")
    return " ".join(text.split())

"""Assertions on the rules of a template that match an event."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk.assertions import Template

from human_loop_events.testing.patterns import Comparison, compare


def assert_rule_matches(
    template: Template | Mapping[str, Any],
    event: Mapping[str, Any],
    *,
    rule: str | None = None,
    values: Mapping[str, str] | None = None,
) -> None:
    """Assert that at least one rule of a template matches an event.

    Event patterns with exact values, ``prefix``, ``suffix``, ``wildcard``, ``exists`` and
    ``equals-ignore-case`` are supported. The event bus of the rule is not compared.

    Parameters
    ----------
    template
        The template.
    event
        The event, such as `completed_event` returns.
    rule
        The logical id of the rule, with or without the hash that CDK appends. Default: any rule.
    values
        The values that CloudFormation inserts into patterns, by logical id or pseudo parameter,
        with the attribute after a dot:
        ``{"HumanLoopsReviewHandlerLedgerTable1234ABCD.Arn": "arn:…"}``.

    Raises
    ------
    AssertionError
        If no rule matches, or the template has no rule with an event pattern. The message has the
        reason for each rule.
    ValueError
        If the rule does not exist, or the result depends on an unsupported operator or on a value
        that is missing in `values`.

    Examples
    --------
    >>> from human_loop_events.testing import completed_event, failed_event
    >>> pattern = {"detail": {"humanLoopStatus": ["Failed"]}}
    >>> rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}
    >>> assert_rule_matches({"Resources": {"Failed": rule}}, failed_event())
    >>> assert_rule_matches({"Resources": {"Failed": rule}}, completed_event())
    Traceback (most recent call last):
    AssertionError: no rule matches the event:
      Failed:
        detail.humanLoopStatus: expected one of ["Failed"], got "Completed"
    """
    compared = _compare_rules(template, event, rule, values or {})
    if any(each.matches for each in compared.values()):
        return
    _refuse_undecided(compared)
    reasons = "".join(
        f"\n  {logical_id}:{_indented(each.differences)}" for logical_id, each in compared.items()
    )
    raise AssertionError(f"no rule matches the event:{reasons}")


def assert_no_rule_matches(
    template: Template | Mapping[str, Any],
    event: Mapping[str, Any],
    *,
    rule: str | None = None,
    values: Mapping[str, str] | None = None,
) -> None:
    """Assert that no rule of a template matches an event, or that a specific rule does not.

    Parameters
    ----------
    template, event, rule, values
        See `assert_rule_matches`.

    Raises
    ------
    AssertionError
        If a rule matches, or the template has no rule with an event pattern. The message names the
        rules that match.
    ValueError
        See `assert_rule_matches`.

    Examples
    --------
    >>> from human_loop_events.testing import completed_event
    >>> pattern = {"detail": {"humanLoopStatus": ["Failed"]}}
    >>> rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}
    >>> assert_no_rule_matches({"Resources": {"Failed": rule}}, completed_event())
    """
    compared = _compare_rules(template, event, rule, values or {})
    matching = [logical_id for logical_id, each in compared.items() if each.matches]
    if matching:
        raise AssertionError(f"the event is matched by {', '.join(matching)}")
    _refuse_undecided(compared)


def _compare_rules(
    template: Template | Mapping[str, Any],
    event: Mapping[str, Any],
    rule: str | None,
    values: Mapping[str, str],
) -> dict[str, Comparison]:
    """Compare the event with each rule that has a pattern, by logical id."""
    content = template if isinstance(template, Mapping) else template.to_json()
    rules = {
        logical_id: resource["Properties"]
        for logical_id, resource in content.get("Resources", {}).items()
        if resource["Type"] == "AWS::Events::Rule" and "EventPattern" in resource["Properties"]
    }
    if not rules:
        raise AssertionError("the template has no rule with an event pattern")
    chosen = {
        logical_id: properties
        for logical_id, properties in rules.items()
        # CDK appends eight hexadecimal digits to an id.
        if rule is None or re.fullmatch(f"{re.escape(rule)}([0-9A-F]{{8}})?", logical_id)
    }
    if not chosen:
        raise ValueError(f"rule: no rule {rule!r} among {', '.join(rules)}")
    return {
        logical_id: _compare_rule(properties, event, values)
        for logical_id, properties in chosen.items()
    }


def _compare_rule(
    properties: Mapping[str, Any], event: Mapping[str, Any], values: Mapping[str, str]
) -> Comparison:
    if properties.get("State") == "DISABLED":
        return Comparison(("the rule is disabled",), ())
    pattern = _insert_values(properties["EventPattern"], values)
    if isinstance(pattern, str):
        pattern = json.loads(pattern)
    missing = sorted({*_find_references(pattern)})
    compared = compare(pattern, event)
    if compared.matches is None and missing:
        unknown = f"only CloudFormation knows {', '.join(missing)}: pass values={{{missing[0]!r}: …"
        return Comparison((), (*compared.undecided, f"{unknown}}}"))
    return compared


def _insert_values(content: Any, values: Mapping[str, str]) -> Any:
    """Insert the values into a pattern. References without a value remain."""
    if isinstance(content, list):
        return [_insert_values(each, values) for each in content]
    if not isinstance(content, Mapping):
        return content
    if (name := _referenced_name(content)) is not None:
        return values.get(name, content)
    content = {key: _insert_values(each, values) for key, each in content.items()}
    if list(content) == ["Fn::Join"]:
        separator, parts = content["Fn::Join"]
        if all(isinstance(part, str) for part in parts):
            return str(separator).join(parts)
    return content


def _referenced_name(content: Mapping[str, Any]) -> str | None:
    """Return the target of a reference in the notation of ``Fn::Sub``. None without a reference."""
    if list(content) == ["Ref"]:
        return str(content["Ref"])
    if list(content) == ["Fn::GetAtt"]:
        return ".".join(content["Fn::GetAtt"])
    return None


def _find_references(content: Any) -> Iterator[str]:
    if isinstance(content, list):
        for each in content:
            yield from _find_references(each)
    elif isinstance(content, Mapping):
        name = _referenced_name(content)
        if name is not None:
            yield name
        else:
            for each in content.values():
                yield from _find_references(each)


def _refuse_undecided(compared: Mapping[str, Comparison]) -> None:
    undecided = "".join(
        f"\n  {logical_id}:{_indented(each.undecided)}"
        for logical_id, each in compared.items()
        if each.matches is None
    )
    if undecided:
        raise ValueError(f"it is undecided whether these rules match the event:{undecided}")


def _indented(reasons: tuple[str, ...]) -> str:
    return "".join(f"\n    {reason}" for reason in reasons)

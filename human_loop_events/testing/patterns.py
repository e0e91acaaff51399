"""Comparison of events with EventBridge event patterns, for the operators that the rules use.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Comparison:
    """An event compared with a pattern.

    Parameters
    ----------
    differences
        The reasons why the event does not match, one text for each path.
    undecided
        The parts that could not be compared, one text for each path.
    """

    differences: tuple[str, ...]
    undecided: tuple[str, ...]

    @property
    def matches(self) -> bool | None:
        """Whether the event matches. None if that depends on parts that could not be compared."""
        if self.differences:
            return False
        return None if self.undecided else True


def compare(pattern: Mapping[str, Any], event: Mapping[str, Any], *, place: str = "") -> Comparison:
    """Compare an event with a pattern.

    Parameters
    ----------
    pattern
        The pattern. Values that CloudFormation inserts at deployment cannot be compared.
    event
        The event.
    place
        The path within the event, for the texts.

    Raises
    ------
    ValueError
        If a value in the pattern is not a list. EventBridge rejects such a pattern.

    Examples
    --------
    >>> compare({"detail": {"status": ["Failed"]}}, {"detail": {"status": "Stopped"}}).differences
    ('detail.status: expected one of ["Failed"], got "Stopped"',)
    """
    parts = [
        _compare_key(key, expected, event, f"{place}.{key}" if place else key)
        for key, expected in pattern.items()
    ]
    return Comparison(
        tuple(text for part in parts for text in part.differences),
        tuple(text for part in parts for text in part.undecided),
    )


def _compare_key(key: str, expected: Any, event: Mapping[str, Any], place: str) -> Comparison:
    if key.startswith(("$", "Fn::")) or key == "Ref":
        return Comparison((), (f"{place} cannot be compared",))
    found = event.get(key)
    if isinstance(expected, Mapping):
        return _compare_objects(expected, found, place)
    if not isinstance(expected, list):
        raise ValueError(f"{place}: EventBridge expects a list, got {json.dumps(expected)}")
    values = list(_values(found)) if key in event else []
    answers = [_matches(matcher, values) for matcher in expected]
    if True in answers:
        return Comparison((), ())
    if None in answers:
        unknown = expected[answers.index(None)]
        return Comparison((), (f"{place}: {json.dumps(unknown)} cannot be compared",))
    got = json.dumps(found) if key in event else "nothing"
    return Comparison((f"{place}: expected one of {json.dumps(expected)}, got {got}",), ())


def _compare_objects(pattern: Mapping[str, Any], found: Any, place: str) -> Comparison:
    """Compare with an object, or with the objects of a list. At least one must match."""
    objects = found if isinstance(found, list) else [found]
    comparisons = [
        compare(pattern, each, place=place) for each in objects if isinstance(each, Mapping)
    ] or [compare(pattern, {}, place=place)]
    return min(comparisons, key=lambda each: (True, None, False).index(each.matches))


def _values(found: Any) -> Iterator[Any]:
    """Yield the values that EventBridge compares: each value of a list, or the value itself."""
    if isinstance(found, list):
        for each in found:
            yield from _values(each)
    elif not isinstance(found, Mapping):
        yield found


def _matches(matcher: Any, values: list[Any]) -> bool | None:
    """Return whether one of the values matches. None if the matcher is unknown."""
    if not isinstance(matcher, Mapping):
        # As JSON, because 1 does not match true in EventBridge.
        return json.dumps(matcher) in [json.dumps(value) for value in values]
    if len(matcher) != 1:
        return None
    ((operator, operand),) = matcher.items()
    if operator == "exists" and isinstance(operand, bool):
        return bool(values) is operand
    operation = _ON_TEXTS.get(operator)
    if operation is None or not isinstance(operand, str):
        return None
    return any(operation(value, operand) for value in values if isinstance(value, str))


def _wildcard(value: str, pattern: str) -> bool:
    parts = re.findall(r"\\[*\\]|.", pattern, re.DOTALL)
    expression = "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, value, re.DOTALL) is not None


_ON_TEXTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "wildcard": _wildcard,
    "equals-ignore-case": lambda value, operand: value.lower() == operand.lower(),
}

"""Checks of arguments. The message of an error says what is expected."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

from aws_cdk import Token

_Choice = TypeVar("_Choice", bound=StrEnum)


def require_texts(name: str, values: Any, *, example: str) -> tuple[str, ...]:
    """Return the values of a list without repetitions.

    In Python, a text is a sequence of characters. Without this check, a text in place of a list
    would become a rule on single characters.

    Parameters
    ----------
    name
        The argument's name.
    values
        The value.
    example
        A correct value, for the message.

    Raises
    ------
    ValueError
        If the value is not a list of texts, or is empty.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"{name}: expected a list such as {example}, got {values!r}")
    listed = list(values)
    if not listed:
        raise ValueError(f"{name}: expected a list such as {example}, got an empty one")
    for each in listed:
        if not isinstance(each, str) or not each:
            raise ValueError(f"{name}: expected a list such as {example}, got {each!r} in it")
    return tuple(dict.fromkeys(listed))


def require_choices(name: str, values: Any, choices: type[_Choice]) -> tuple[_Choice, ...]:
    """Return the values of a list as members of an enumeration, without repetitions."""
    example = repr([each.value for each in choices][:2])
    return tuple(
        require_choice(name, each, choices) for each in require_texts(name, values, example=example)
    )


def require_choice(name: str, value: Any, choices: type[_Choice]) -> _Choice:
    """Return a value as a member of an enumeration."""
    try:
        return choices(value)
    except ValueError:
        expected = ", ".join(choices)
        raise ValueError(f"{name}: expected one of {expected}, got {value!r}") from None


def require_short(name: str, text: str | None, *, most: int) -> str | None:
    """Return a text that is not longer than a service accepts. A token is accepted."""
    if text is not None and len(text) > most and not Token.is_unresolved(text):
        raise ValueError(
            f"{name}: expected at most {most:,} characters, got {len(text):,}: {text[:40]!r}…"
        )
    return text

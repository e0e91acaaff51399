"""The faults of a configuration: one line each, with the key and the expected value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

_MAX_VALUE_CHARACTERS = 200

# Control characters, line separators, and what reverses text.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class ConfigurationError(Exception):
    """The configuration is wrong. The message has one line for each fault.

    Parameters
    ----------
    faults
        One line each.
    """

    def __init__(self, *faults: str) -> None:
        # Keys are somebody's text, and must neither control a terminal nor begin a line.
        self.faults = tuple(_CONTROL.sub(_escaped, fault) for fault in faults)
        super().__init__("\n".join(self.faults))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


@dataclass(frozen=True, slots=True)
class Fault:
    """An invalid key or value."""

    key: str
    """The key, such as ``handler.memory_size``."""
    what: str
    """What is wrong, and what is expected."""

    def __str__(self) -> str:
        return f"{self.key}: {self.what}"

    @property
    def top_key(self) -> str:
        """The top-level key of the deployment."""
        return self.key.partition(".")[0].partition("[")[0]


class ValueFaultsError(ValueError):
    """Several faults within one value, raised by its validator."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def faults_of(
    error: ValidationError, model: type[BaseModel], values: Mapping[str, Any]
) -> Iterator[Fault]:
    """Yield the faults in a model's validation error, one for each key."""
    seen: set[str] = set()
    for each in error.errors():
        key, field, value = _found(model, values, each["loc"])
        if key in seen:
            continue
        seen.add(key)
        cause = each.get("ctx", {}).get("error")
        if field is None:
            yield Fault(key, f"unknown key{_nearest_key(key, model)}")
        elif isinstance(cause, ValueFaultsError):
            yield from (Fault(f"{key}.{fault.key}", fault.what) for fault in cause.faults)
        elif each["type"] == "missing":
            yield Fault(key, f"missing; expected {expected(field)}")
        else:
            because = f"; {cause}" if isinstance(cause, ValueError) else ""
            yield Fault(key, f"expected {expected(field)}, got {shown(value)}{because}")


def expected(field: FieldInfo) -> str:
    """Return the permitted values of a key, in words."""
    assert isinstance(field.json_schema_extra, dict)  # noqa: S101 - `key` sets it
    return str(field.json_schema_extra["expected"])


def shown(value: object) -> str:
    """Return a value for a message. Long values are truncated."""
    text = repr(value)
    return text if len(text) <= _MAX_VALUE_CHARACTERS else f"{text[:_MAX_VALUE_CHARACTERS]}…"


def nearest(name: str, known: list[str]) -> str:
    """Return a suggestion of the most similar known name, or an empty text."""
    alike = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {alike[0]}?)" if alike else ""


def fields_within(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield the keys of a model and of the models in it, such as ``handler.memory_size``."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        yield f"{prefix}{name}", field
        within = model_of(field)
        if within is not None:
            yield from fields_within(within, f"{prefix}{name}.")


def model_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a key's value, if it is an object. It may be optional."""
    for each in (field.annotation, *get_args(field.annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def _found(
    model: type[BaseModel], values: Mapping[str, Any], location: tuple[int | str, ...]
) -> tuple[str, FieldInfo | None, Any]:
    """Return the key, field and value at a location. A location can go beyond the key."""
    keys: list[str] = []
    field: FieldInfo | None = None
    value: Any = values
    within: type[BaseModel] | None = model
    for name in map(str, location):
        if within is None:
            break
        keys.append(name)
        field = within.model_fields.get(name)
        value = value.get(name) if isinstance(value, Mapping) else None
        within = None if field is None else model_of(field)
    return ".".join(keys), field, value


def _nearest_key(key: str, model: type[BaseModel]) -> str:
    """Return a suggestion of the most similar key, in the same object or in any."""
    known = [each for each, _ in fields_within(model)]
    group, _, name = key.rpartition(".")
    joined = key.replace(".", "_")
    same = [each for each in known if _name(each) == name or each.replace(".", "_") == joined]
    if same:
        return f" (did you mean {' or '.join(same)}?)"
    beside = [each for each in known if each.rpartition(".")[0] == group]
    for candidates in (beside, known):
        names = {_name(each): each for each in candidates}
        alike = difflib.get_close_matches(name, names, n=1)
        if alike:
            return f" (did you mean {names[alike[0]]}?)"
    return f"; expected one of {', '.join(map(_name, beside))}"


def _name(key: str) -> str:
    return key.rpartition(".")[2]

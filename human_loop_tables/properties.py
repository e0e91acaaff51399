"""The properties of outcomes and of their fields, as their definition has them.

The columns of the archive, the flat tables, the JSON Schema and the command line's reader are
derived from these.
"""

from __future__ import annotations

import typing
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import cache
from string import Formatter
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    NotRequired,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from human_loop_reviews.outcome_schema import FieldOutcome, Outcome


class Kind(Enum):
    """What a value is in JSON."""

    TEXT = auto()
    TRUTH = auto()
    COUNT = auto()
    NUMBER = auto()
    LIST = auto()
    MAP = auto()
    RECORD = auto()
    ANY = auto()


#: The kinds of values that are neither lists nor objects, by their type in Python.
SCALARS: Final[Mapping[Any, Kind]] = {
    str: Kind.TEXT,
    bool: Kind.TRUTH,
    int: Kind.COUNT,
    float: Kind.NUMBER,
    Any: Kind.ANY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """The type of a value."""

    kind: Kind
    nullable: bool = False
    constant: str | None = None
    """The only value of a text."""
    enumeration: type[StrEnum] | None = None
    """The values of a text."""
    items: ValueType | None = None
    """The type of the values of a list or a map."""
    keys: ValueType | None = None
    """The type of the keys of a map."""
    record: type | None = None
    """The class of a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property of an outcome or of a record in it."""

    name: str
    """Its name in JSON."""
    type: ValueType
    """Its type. A property that is left out without a value is not nullable."""
    optional: bool
    """Whether it is left out if it has no value."""
    metadata: Mapping[str, Any]
    """As `outcome_schema` describes it."""

    @property
    def required(self) -> bool:
        """Whether it always has a value."""
        return not self.optional and not self.type.nullable


@cache
def properties_of(record: type) -> tuple[Property, ...]:
    """Return the properties of a record in their order.

    Examples
    --------
    >>> [each.name for each in properties_of(Outcome)][:2]
    ['schemaVersion', 'outcomeId']
    """
    hints = get_type_hints(record, include_extras=True)
    return tuple([_property(name, hint) for name, hint in hints.items()])


def _property(name: str, hint: Any) -> Property:
    optional = get_origin(hint) is NotRequired
    if optional:
        (hint,) = get_args(hint)
    metadata: Mapping[str, Any] = {}
    if get_origin(hint) is Annotated:
        hint, metadata = get_args(hint)
    return Property(name=name, type=_type_of(hint), optional=optional, metadata=metadata)


def _type_of(hint: Any) -> ValueType:
    if not isinstance(hint, UnionType):
        return _value_type(hint, nullable=False)
    (inner,) = (each for each in get_args(hint) if each is not NoneType)
    return _value_type(inner, nullable=True)


def _value_type(hint: Any, *, nullable: bool) -> ValueType:
    """Return the type that a hint other than a union states."""
    arguments = get_args(hint)
    match get_origin(hint):
        case None if hint in SCALARS:
            return ValueType(kind=SCALARS[hint], nullable=nullable)
        case None if isinstance(hint, type) and issubclass(hint, StrEnum):
            return ValueType(kind=Kind.TEXT, nullable=nullable, enumeration=hint)
        case None if is_typeddict(hint):
            return ValueType(kind=Kind.RECORD, nullable=nullable, record=hint)
        case typing.Literal:
            return ValueType(kind=Kind.TEXT, nullable=nullable, constant=arguments[0])
        case abc.Sequence:
            return ValueType(kind=Kind.LIST, nullable=nullable, items=_type_of(arguments[0]))
        case abc.Mapping:
            keys, items = map(_type_of, arguments)
            return ValueType(kind=Kind.MAP, nullable=nullable, keys=keys, items=items)
    raise TypeError(f"an outcome has no values of the type {hint!r}")


PROPERTIES_OF_OUTCOME: Final = properties_of(Outcome)
PROPERTIES_OF_FIELD: Final = properties_of(FieldOutcome)


def _by_name() -> dict[str, Property]:
    """Return the properties of outcomes and of fields by their names.

    A view of fields has the columns of both. Glue and Athena do not distinguish cases.
    """
    found: dict[str, Property] = {}
    for each in (*PROPERTIES_OF_OUTCOME, *PROPERTIES_OF_FIELD):
        if each.name.lower() in map(str.lower, found):
            raise ValueError(f"{each.name}: two properties of outcomes have this name")
        found[each.name] = each
    return found


_BY_NAME: Final = _by_name()


def property_named(name: str) -> Property:
    """Return a property of an outcome or of a field.

    Raises
    ------
    ValueError
        If there is no such property.
    """
    if name not in _BY_NAME:
        raise ValueError(f"outcomes have no property {name}")
    return _BY_NAME[name]


class Expression:
    """A value in the SQL of DuckDB and Athena, made of properties of an outcome.

    Parameters
    ----------
    sql
        The value, with the names of properties in braces.

    Raises
    ------
    ValueError
        If outcomes have no such property.

    Examples
    --------
    >>> Expression("coalesce({endTime}, {creationTime})").written(str.lower)
    'coalesce(endtime, creationtime)'
    """

    def __init__(self, sql: str) -> None:
        self._sql = sql
        names = [name for _, name, _, _ in Formatter().parse(sql) if name is not None]
        self.sources: Final = tuple([property_named(name) for name in names])

    @property
    def property(self) -> Property | None:
        """The property, if the value is nothing else."""
        alone = [each for each in self.sources if self._sql == f"{{{each.name}}}"]
        return alone[0] if alone else None

    def written(self, place: Callable[[str], str]) -> str:
        """Return it with each property in its place.

        Parameters
        ----------
        place
            Returns where a property is.
        """
        return self._sql.format_map({each.name: place(each.name) for each in self.sources})

"""Places in the input of a human loop, and the input with other values there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

#: The names and indexes from the input to a value. No index is negative.
Place: TypeAlias = tuple[str | int, ...]

#: What `value_at` returns where there is no value, not even null.
NOWHERE: Final = object()


def resolve(inputs: Any, steps: Sequence[str | int]) -> Place | None:
    """Return steps as a place that the input has. None if it does not have it.

    Examples
    --------
    >>> resolve({"lines": ["a", "b"]}, ["lines", -1])
    ('lines', 1)
    """
    place: list[str | int] = []
    for step in steps:
        if isinstance(step, int):
            if not isinstance(inputs, list) or not -len(inputs) <= step < len(inputs):
                return None
            step %= len(inputs)
        elif not isinstance(inputs, dict) or step not in inputs:
            return None
        inputs = inputs[step]
        place.append(step)
    return tuple(place)


def value_at(inputs: Any, steps: Sequence[str | int]) -> Any:
    """Return the value at steps, `NOWHERE` if the input does not have them."""
    place = resolve(inputs, steps)
    if place is None:
        return NOWHERE
    for step in place:
        inputs = inputs[step]
    return inputs


class EditedCopy:
    """A copy of an input with other values. The input itself is not changed.

    Parameters
    ----------
    inputs
        The input. Only what contains a changed value is copied.
    """

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self.content: dict[str, Any] = dict(inputs)
        self._copies: dict[Place, Any] = {(): self.content}

    def replace(self, place: Place, value: Any) -> None:
        """Replace the value at a place of the input."""
        self._container(place[:-1])[place[-1]] = value

    def append(self, place: Place, value: Any) -> None:
        """Append a value to the list at a place of the input."""
        self._container(place).append(value)

    def _container(self, place: Place) -> Any:
        for depth in range(len(place)):
            inner = place[: depth + 1]
            if inner not in self._copies:
                outer = self._copies[place[:depth]]
                self._copies[inner] = outer[place[depth]] = outer[place[depth]].copy()
        return self._copies[place]

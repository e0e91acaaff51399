"""The size of the image that reviewers drew on, which the elements of drawings give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

# Where crowd-bounding-box has the size of the image that the boxes were drawn on.
_PROPERTIES: Final = "inputImageProperties"

#: Larger images do not exist, and larger numbers cannot be rounded.
MAX_PIXELS: Final = 1_000_000


class ImageSize(NamedTuple):
    """The size of an image in pixels."""

    width: int
    height: int


def find_image_size(values: Iterable[Any]) -> ImageSize | None:
    """Return the only size of an image in values. None without one, and for several.

    Parameters
    ----------
    values
        Elements of forms, or whole answers.

    Examples
    --------
    >>> find_image_size([{"drawn": {"inputImageProperties": {"height": 480, "width": 640}}}])
    ImageSize(width=640, height=480)
    """
    pending, sizes = list(values), set()
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if _PROPERTIES in value:
                sizes.add(_read_size(value[_PROPERTIES]))
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return sizes.pop() if len(sizes) == 1 else None


def _read_size(properties: Any) -> ImageSize | None:
    if not isinstance(properties, dict):
        return None
    sides: list[Any] = [properties.get("width"), properties.get("height")]
    if not all(type(side) in (int, float) and 1 <= side <= MAX_PIXELS for side in sides):
        return None
    return ImageSize(round(sides[0]), round(sides[1]))

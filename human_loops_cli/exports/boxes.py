"""Bounding boxes in whole pixels of an image whose size the answers have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.review.values import fold
from human_loop_reviews.tasks.searchable import searchable_answers
from human_loops_cli.exports.left_out import LeftOutError, Reason

# Where crowd-bounding-box has the size of the image that the boxes were drawn on.
_PROPERTIES: Final = "inputImageProperties"

#: Larger images do not exist, and larger numbers cannot be rounded.
_MAX_PIXELS: Final = 1_000_000


class ImageSize(NamedTuple):
    """The size of an image in pixels."""

    width: int
    height: int


class PixelBox(NamedTuple):
    """A labelled box in pixels from the upper left corner."""

    label: str
    left: int
    top: int
    width: int
    height: int


def find_image_size(output: Output) -> ImageSize:
    """Return the size of the image that the reviewers drew on.

    Raises
    ------
    LeftOutError
        If no answer has it, or if they have several: the form can have several images.

    Examples
    --------
    >>> from human_loop_reviews.a2i.output import parse_output
    >>> content = '{"drawn": {"inputImageProperties": {"height": 480, "width": 640}}}'
    >>> text = '{"inputContent": {}, "humanAnswers": [{"answerContent": %s}]}' % content
    >>> find_image_size(parse_output(text, source="output.json"))
    ImageSize(width=640, height=480)
    """
    contents = [answer.content for answer in output.answers]
    pending: list[Any] = list(searchable_answers(contents, output.answers[0].place.source))
    sizes = set()
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if _PROPERTIES in value:
                sizes.add(_read_size(value[_PROPERTIES]))
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    if len(sizes) != 1:
        raise LeftOutError(Reason.NO_IMAGE_SIZE)
    (size,) = sizes
    if size is None:
        raise LeftOutError(Reason.NO_IMAGE_SIZE)
    return size


def boxes_in_pixels(boxes: Sequence[Mapping[str, Any]], size: ImageSize) -> list[PixelBox]:
    """Return boxes with their edges at whole pixels.

    Parameters
    ----------
    boxes
        As a review displays them.
    size
        The size of the image.

    Raises
    ------
    LeftOutError
        If a box is not within the image, has no area, or has no label.

    Examples
    --------
    >>> box = {"label": "dog", "left": 0.4, "top": 0, "width": 3, "height": 4}
    >>> boxes_in_pixels([box], ImageSize(640, 480))
    [PixelBox(label='dog', left=0, top=0, width=3, height=4)]
    """
    return [_in_pixels(box, size) for box in boxes]


def _in_pixels(box: Mapping[str, Any], size: ImageSize) -> PixelBox:
    label = fold(box["label"])
    if not label:
        raise LeftOutError(Reason.NO_LABEL)
    sides = [float(box[name]) for name in ("left", "top", "width", "height")]
    if any(abs(side) > _MAX_PIXELS for side in sides):
        raise LeftOutError(Reason.BOX_OUTSIDE_IMAGE)
    left, top = round(sides[0]), round(sides[1])
    right, bottom = round(sides[0] + sides[2]), round(sides[1] + sides[3])
    if right <= left or bottom <= top:
        raise LeftOutError(Reason.EMPTY_BOX)
    if left < 0 or top < 0 or right > size.width or bottom > size.height:
        raise LeftOutError(Reason.BOX_OUTSIDE_IMAGE)
    return PixelBox(label, left, top, right - left, bottom - top)


def _read_size(properties: Any) -> ImageSize | None:
    if not isinstance(properties, dict):
        return None
    sides: list[Any] = [properties.get("width"), properties.get("height")]
    if not all(type(side) in (int, float) and 1 <= side <= _MAX_PIXELS for side in sides):
        return None
    return ImageSize(round(sides[0]), round(sides[1]))
